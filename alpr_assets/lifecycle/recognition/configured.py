"""Recognisers by name: the one in use is what ALPR_RECOGNISER names, with its model cache in the data folder."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from alpr_assets.errors import ConfigurationError
from alpr_assets.lifecycle.recognition.reads import Factory
from alpr_assets.settings import settings


def recogniser_factory() -> Factory:
    """The factory of the recogniser in use; making it loads no model.

    Raises ConfigurationError when ALPR_RECOGNISER names nothing that is there.
    """
    return named_factory(settings().recogniser, settings().path("data") / "models")


def named_factory(name: str, model_cache: Path) -> Factory:
    """The factory that `module:attribute` makes of a model cache. Raises ConfigurationError where there is none."""
    module, _, attribute = name.partition(":")
    try:
        make = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"ALPR_RECOGNISER names {name}, which is not there", remedy="give module:class, or leave it unset"
        ) from error
    factory: Factory = make(model_cache)
    return factory
