"""A worker that may be killed: one round of deliveries over a folder's store, with the real access record."""

from __future__ import annotations

from datetime import datetime
from threading import Event

from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import place_of
from alpr_assets.lifecycle.alerts.deliveries import deliver_due
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store.engine import open_store


def deliver(settings: Settings, policy: Policy, now: datetime) -> None:
    """One round; the record is closed only where nobody kills us."""
    store = open_store(settings, migrated=False)
    with AccessRecord(place_of(settings)) as record:
        deliver_due(store, record, policy=policy, settings=settings, now=now, ending=Event())
    store.engine.dispose()
