"""What is left of a read after its purge: the certificate, the record, and no more said than is known."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete

from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import NotFoundError, VerificationError
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge.certificates import certificate
from alpr_assets.search import history
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.lifecycle.purge.desks import DAY, NOON, numbered
from tests.lifecycle.purge.desks import Desk as Purging
from tests.search.lineage.desks import Desk, said, section
from tests.search.traffic import Pass

PLATES = ("7ABC123", "8XYZ111", "9STR999")


@pytest.fixture
def purging(store, policy, tmp_path):
    return Purging(store, policy, tmp_path)


@pytest.fixture
def desk(store, policy, tmp_path, purging):
    """Three cars of a day that is due; somebody searched for the first."""
    purging.put([Pass(plate, NOON + timedelta(minutes=n)) for n, plate in enumerate(PLATES)])
    made = Desk(store, policy, tmp_path, purging.key)
    purging.office = partial_office(purging.office, made.record)
    search = partial(history.plate_history, engine=store.engine, plate=PLATES[0])
    made.ask(Role.ANALYST, search, Action.PLATE_HISTORY)
    yield made
    made.record.close()


def partial_office(office, recorder):
    """The office whose acts go into the real record."""
    return type(office)(office.engine, recorder, office.policy, office.key)


def test_a_read_on_a_purges_list_says_so_while_it_is_there(purging, desk):
    plan_id = purging.plan().plan_id
    (step,) = section(desk.trace(read_id=numbered(1)), "purges")
    assert step.what == f"It is on the list of purge {plan_id}, which nobody has approved yet"
    assert step.facts["purge"] == plan_id


@pytest.mark.clause("422.5")
def test_of_a_destroyed_read_the_certificate_and_the_searches_are_left(purging, desk):
    purging.hold(Selector(reads=((DAY, numbered(3)),)))
    plan_id = purging.begun()
    purging.execute(plan_id)
    found = desk.trace(read_id=numbered(1), capture_id=numbered(1))
    assert (found.is_there, found.told) == (
        False,
        f"The read is destroyed: purge {plan_id} has the picture on its list.",
    )
    (step,) = section(found, "purges")
    issued = certificate(desk.store.engine, plan_id)
    assert step.facts["certificate_sha256"] == issued.sha256
    assert [one.rpartition(" as ")[2] for one in step.facts["approved_by"]] == ["commander", "custodian"]
    entry = step.facts["certificate_entry"]
    with desk._record() as record:
        leaf = record.exec_driver_sql(f"SELECT leaf FROM access_record WHERE record_id = {entry}").scalar()
    assert json.loads(leaf)["details"]["certificate_sha256"] == issued.sha256
    (shown,) = section(found, "searches")
    assert (shown.by, shown.facts["case_number"]) == ("Pat analyst", "26-01234")
    assert not any(plate in said(found) for plate in PLATES)
    kept = desk.trace(read_id=numbered(3))
    assert kept.is_there
    assert section(kept, "purges") == ()  # held before the plan: it never was on a list


@pytest.mark.clause("422.5")
def test_without_the_picture_no_more_is_said_than_is_known(purging, desk):
    plan_id = purging.begun()
    purging.execute(plan_id)
    found = desk.trace(read_id=numbered(1))
    assert f"not in the store any more, and purge {plan_id} destroyed captures of its day" in found.told
    assert "went with its row" in found.told
    (step,) = section(found, "purges")
    assert step.what == f"Purge {plan_id} destroyed 3 captures of that day: the read's own may be among them"
    assert found.capture_id is None


def test_what_was_held_after_the_approval_is_there_and_its_purge_kept_it(purging, desk):
    plan_id = purging.begun()
    purging.hold(Selector(reads=((DAY, numbered(2)),)))
    purging.execute(plan_id)
    (step,) = section(desk.trace(read_id=numbered(2)), "purges")
    assert "was kept" in step.what


def test_what_is_gone_without_a_purge_is_not_called_destroyed(purging, desk):
    with writing(desk.store.engine) as connection:
        for table in (schema.sighting_read, schema.read):
            connection.execute(delete(table).where(table.c.read_id == numbered(1)))
    found = desk.trace(read_id=numbered(1))
    assert "no purge accounts for it" in found.told
    assert section(found, "purges") == ()
    with pytest.raises(NotFoundError, match="never was a picture"):
        desk.trace(capture_id=numbered(4))


def test_a_list_that_was_changed_is_not_believed(purging, desk, tmp_path):
    purging.plan()
    (tmp_path / "keys" / "secret").unlink()  # with another key its digest cannot be shown
    with pytest.raises(VerificationError, match="not the one that was planned"):
        desk.trace(read_id=numbered(1))
