"""The pages that people see, one module a subject; all rendered here, none needs JavaScript."""

from __future__ import annotations

from starlette.routing import BaseRoute

from alpr_assets.console.pages import (
    batches,
    designees,
    exports,
    home,
    members,
    policy,
    provider,
    record,
    searches,
    sessions,
    signing_in,
    training,
)

_SUBJECTS = (
    signing_in, provider, home, policy, searches, exports, members, batches, training, designees, sessions, record,
)  # fmt: skip


def routes() -> list[BaseRoute]:
    """Every page of ours, in no order that matters."""
    return [route for subject in _SUBJECTS for route in subject.ROUTES]
