"""422.3 ¶2: the device registry with installation and maintenance."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.captures import devices
from alpr_assets.lifecycle.captures.devices import Device
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing

GATE = (38.005, -121.806)


def registered(connection: Connection, at: datetime, **more: object) -> None:
    values = {"device_id": "gate-1", "kind": "fixed", "name": "Gate 1", "place": GATE, **more}
    devices.register(connection, **values, at=at)


@pytest.mark.clause("422.3 ¶2")
def test_a_registered_device_is_in_the_registry(store: Store, now: datetime) -> None:
    with writing(store.engine) as connection:
        registered(connection, now)
        devices.register(connection, device_id="unit-12", kind="mobile", name="Unit 12", place=None, at=now)
    with reading(store.engine) as connection:
        assert devices.registry(connection) == {
            "gate-1": Device("gate-1", "fixed", GATE, None),
            "unit-12": Device("unit-12", "mobile", None, None),
        }


@pytest.mark.clause("422.3 ¶2")
def test_registering_again_changes_it_and_keeps_when_it_came(sqlite_store: Store, now: datetime) -> None:
    with writing(sqlite_store.engine) as connection:
        registered(connection, now)
        registered(connection, now + timedelta(days=1), name="Gate one", place=(38.1, -121.9))
        row = connection.execute(select(schema.device)).one()
    assert (row.name, row.latitude_deg, row.registered_at) == ("Gate one", 38.1, now)


@pytest.mark.clause("422.3 ¶2")
def test_the_first_installation_counts_and_maintenance_does_not(store: Store, now: datetime) -> None:
    with writing(store.engine) as connection:
        registered(connection, now)
        for kind, days in (("maintained", -9), ("installed", -3), ("installed", -5), ("removed", -1)):
            devices.record_service(
                connection, device_id="gate-1", kind=kind, done_at=now + timedelta(days=days), done_by="IS"
            )
        assert devices.registry(connection)["gate-1"].installed_at == now - timedelta(days=5)
        assert len(connection.execute(select(schema.device_service)).all()) == 4


def test_a_fixed_device_needs_a_place(sqlite_store: Store, now: datetime) -> None:
    with pytest.raises(AlprError, match="no place"), writing(sqlite_store.engine) as connection:
        registered(connection, now, place=None)


@pytest.mark.parametrize("device_id", ["", "x" * 65, "a\0"])
def test_an_id_that_no_capture_can_name_is_refused(store: Store, now: datetime, device_id: str) -> None:
    with pytest.raises(AlprError, match="cannot be a device"), writing(store.engine) as connection:
        registered(connection, now, device_id=device_id)


def test_a_service_of_an_unknown_device_or_kind_is_refused(sqlite_store: Store, now: datetime) -> None:
    with pytest.raises(AlprError, match="not registered"), writing(sqlite_store.engine) as connection:
        devices.record_service(connection, device_id="gate-9", kind="installed", done_at=now, done_by="IS")
    with writing(sqlite_store.engine) as connection:
        registered(connection, now)
    with pytest.raises(AlprError, match="not a service") as caught, writing(sqlite_store.engine) as connection:
        devices.record_service(connection, device_id="gate-1", kind="painted", done_at=now, done_by="IS")
    assert "maintained" in caught.value.remedy
