"""The recogniser in use: the one that ALPR_RECOGNISER names, with its model cache in the data folder."""

from __future__ import annotations

from importlib import import_module

from alpr_assets.errors import ConfigurationError
from alpr_assets.lifecycle.recognition.reads import Factory
from alpr_assets.settings import settings


def recogniser_factory() -> Factory:
    """The factory of the recogniser in use; making it loads no model.

    Raises ConfigurationError when ALPR_RECOGNISER names nothing that is there.
    """
    named = settings().recogniser
    module, _, attribute = named.partition(":")
    try:
        make = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"ALPR_RECOGNISER names {named}, which is not there", remedy="give module:class, or leave it unset"
        ) from error
    factory: Factory = make(settings().path("data") / "models")
    return factory
