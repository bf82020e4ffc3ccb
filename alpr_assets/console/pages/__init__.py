"""The pages that people see, one module a subject; all rendered here, none needs JavaScript."""

from __future__ import annotations

from starlette.routing import BaseRoute

from alpr_assets.console.pages import home, policy


def routes() -> list[BaseRoute]:
    """Every page of ours, in no order that matters."""
    return [*home.ROUTES, *policy.ROUTES]
