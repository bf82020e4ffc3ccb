"""A desk on both databases, and a receiver for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.lifecycle.alerts.desks import NOW, Desk
from tests.lifecycle.alerts.receivers import Receiver, receiver


class Present(datetime):
    """The receiver's clock, which goes with ours: the suite takes longer than a signature is good for."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return (NOW + timedelta(minutes=1)).astimezone(tz)


@pytest.fixture(autouse=True)
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Present)


@pytest.fixture
def cad(tmp_path: Path) -> Iterator[Receiver]:
    """A dispatch system that takes everything."""
    with receiver(tmp_path / "tls") as opened:
        yield opened


@pytest.fixture
def desk(store: Store, policy: Policy, tmp_path: Path, cad: Receiver) -> Desk:
    return Desk.of(store, policy, tmp_path, ca_file=cad.certificate.certfile)


@pytest.fixture
def alone(sqlite_store: Store, policy: Policy, tmp_path: Path, cad: Receiver) -> Desk:
    """On SQLite only."""
    return Desk.of(sqlite_store, policy, tmp_path, ca_file=cad.certificate.certfile)
