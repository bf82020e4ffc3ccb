"""The landing folder as the console sees it: what waits there may be of an incident, and nobody has read it yet."""

from __future__ import annotations

import logging

from alpr_assets.console.wiring import Services
from alpr_assets.lifecycle.captures.pending import pending_drops

log = logging.getLogger(__name__)


def n_waiting(services: Services) -> int | None:
    """Drops that wait to be landed; None where this machine does not see their folder."""
    drops = services.settings.path("drops")
    if not drops.is_dir():
        return None
    try:
        return len(pending_drops(services.store, drops, policy=services.policy))
    except OSError:
        log.warning("the landing folder could not be looked at for a canvass")
        return None
