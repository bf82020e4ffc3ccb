"""Nine ways to tamper with the record, each found and located: by `alpr record verify` and by the program that outsiders run.

The attacker owns the database; in the harder cases he also has the signing key and writes everything anew, which only what
a witness keeps can show.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from alpr_assets.access.record.exporting import verify_database
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place
from alpr_assets.access.record.verifying import leaf_hash
from tests.access.record.records import (
    BEGUN,
    alone,
    an_entry,
    another_key,
    changed,
    claims,
    cut,
    forge,
    grown,
    leaves,
    owning,
    witnessed,
)

SIZE = 14

pytestmark = pytest.mark.clause("422.6(a)")


@dataclass(frozen=True)
class Attack:
    """What is done, and what must be found; `witness`: only with what he keeps, in full or the bare head."""

    does: Callable[[Connection, Place], None]
    kind: str
    position: int
    witness: bool = False
    bare_position: int | None = None


def edit(leaf: str) -> str:
    return leaf.replace('"purpose":"stolen_vehicle"', '"purpose":"missing_person"')


def edited_byte(connection: Connection, _: Place) -> None:
    leaf = leaves(connection)[5].replace("26-0417", "26-0418")
    connection.execute(text("UPDATE access_record SET leaf = :leaf WHERE record_id = 5"), {"leaf": leaf})


def edited_with_its_hash(connection: Connection, _: Place) -> None:
    leaf = edit(leaves(connection)[5])
    connection.execute(
        text("UPDATE access_record SET leaf = :leaf, leaf_hash = :hash WHERE record_id = 5"),
        {"leaf": leaf, "hash": leaf_hash(leaf)},
    )


def edited_hash(connection: Connection, _: Place) -> None:
    connection.execute(text("UPDATE access_record SET leaf_hash = :hash WHERE record_id = 5"), {"hash": bytes(32)})


def rewritten_and_signed(connection: Connection, place: Place) -> None:
    kept = leaves(connection)
    forge(connection, place, [*kept[:5], edit(kept[5]), *kept[6:]])


def deleted_last(connection: Connection, _: Place) -> None:
    connection.execute(text("DELETE FROM access_record WHERE record_id = :last"), {"last": SIZE})


def deleted_middle(connection: Connection, _: Place) -> None:
    connection.execute(text("DELETE FROM access_record WHERE record_id = 5"))


def deleted_middle_and_closed_up(connection: Connection, _: Place) -> None:
    connection.execute(text("DELETE FROM access_record WHERE record_id = 5"))
    for number in range(6, SIZE + 1):
        connection.execute(text("UPDATE access_record SET record_id = :n - 1 WHERE record_id = :n"), {"n": number})


def deleted_middle_and_signed(connection: Connection, place: Place) -> None:
    kept = leaves(connection)
    order = [*range(5), *range(6, len(kept))]
    forge(connection, place, [changed(kept[old], record_id=n) for n, old in enumerate(order)], order=order)


def reordered(connection: Connection, _: Place) -> None:
    fifth, sixth = leaves(connection)[5:7]
    for number, leaf in ((5, sixth), (6, fifth)):
        connection.execute(
            text("UPDATE access_record SET leaf = :leaf, leaf_hash = :hash WHERE record_id = :n"),
            {"leaf": leaf, "hash": leaf_hash(leaf), "n": number},
        )


def reordered_and_signed(connection: Connection, place: Place) -> None:
    kept = leaves(connection)
    order = [*range(5), 6, 5, *range(7, len(kept))]
    times = [json.loads(leaf)["at"] for leaf in kept]
    texts = [changed(kept[old], record_id=n, at=times[n]) for n, old in enumerate(order)]
    forge(connection, place, texts, order=order)


def truncated(connection: Connection, _: Place) -> None:
    cut(connection, 10)


def forked(connection: Connection, place: Place) -> None:
    """Two records from entry 8 on: the witness was shown the other one."""
    kept = leaves(connection)
    forge(connection, place, [*kept[:8], *(changed(leaf, case_number="26-9999") for leaf in kept[8:])])


def heads_signed_by_another(connection: Connection, place: Place) -> None:
    forge(connection, place, leaves(connection), another_key())


def key_replaced(connection: Connection, place: Place) -> None:
    """All of it is written anew under another key, the first entry says so, and everything agrees."""
    key, kept = another_key(), leaves(connection)
    details = {**json.loads(kept[0])["details"], "public_key": key.public.hex(), "key_id": key.id}
    forge(connection, place, [changed(kept[0], details=details), *kept[1:]], key)


def result_removed(connection: Connection, _: Place) -> None:
    connection.execute(text("DELETE FROM access_result WHERE record_id = 5 AND position = 1"))


def elements_swapped(connection: Connection, _: Place) -> None:
    connection.execute(
        text(
            "UPDATE access_elements SET sealed = (SELECT sealed FROM access_elements WHERE record_id = 6) "
            "WHERE record_id = 5"
        )
    )


ATTACKS = {
    "edited byte": Attack(edited_byte, "edited", 5),
    "edited byte, its hash too": Attack(edited_with_its_hash, "edited", 5),
    "edited hash": Attack(edited_hash, "edited", 5),
    "edited byte, everything signed anew": Attack(rewritten_and_signed, "forked", 5, witness=True, bare_position=0),
    "deleted last row": Attack(deleted_last, "truncated", SIZE),
    "deleted middle row": Attack(deleted_middle, "deleted", 5),
    "deleted middle row, closed up": Attack(deleted_middle_and_closed_up, "reordered", 5),
    "deleted middle row, signed anew": Attack(deleted_middle_and_signed, "forked", 5, witness=True, bare_position=SIZE),
    "reordering": Attack(reordered, "reordered", 5),
    "reordering, signed anew": Attack(reordered_and_signed, "forked", 5, witness=True, bare_position=0),
    "truncation to an earlier prefix": Attack(truncated, "truncated", 10, witness=True, bare_position=10),
    "fork": Attack(forked, "forked", 8, witness=True, bare_position=0),
    "another's heads": Attack(heads_signed_by_another, "key_replaced", 0),
    "replaced key": Attack(key_replaced, "key_replaced", 0, witness=True, bare_position=0),
    "result removed": Attack(result_removed, "results", 5),
    "elements swapped": Attack(elements_swapped, "elements", 5),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_tampering_is_found_where_it_begins(place: Place, attack: Attack, tmp_path: Path) -> None:
    grown(place, SIZE)
    kept = witnessed(place, tmp_path / "witness.json", first=3)
    bare = witnessed(place, tmp_path / "paper.json", bare=True)
    assert verify_database(place, claims(kept, bare)).ok
    with owning(place) as connection:
        attack.does(connection, place)
    if attack.witness:
        assert verify_database(place).ok, "by itself it is a sound record"
        found = verify_database(place, claims(bare)).first
        assert found is not None
        assert found.position == attack.bare_position
        found = verify_database(place, claims(kept)).first
        said = alone(place, tmp_path, "--head", kept)
    else:
        found = verify_database(place).first
        said = alone(place, tmp_path)
    assert found is not None
    assert (found.kind, found.position) == (attack.kind, attack.position)
    assert said["first_bad_position"] == attack.position
    assert attack.kind in {finding["kind"] for finding in said["findings"]}


def test_a_restored_backup_that_is_gone_on_with_is_found_where_it_parts(place: Place, tmp_path: Path) -> None:
    grown(place, SIZE)
    kept = witnessed(place, tmp_path / "witness.json")
    with owning(place) as connection:
        cut(connection, 8)
    grown(place, SIZE, start=BEGUN + timedelta(hours=1))
    assert verify_database(place).ok, "by itself it is a sound record"
    found = verify_database(place, claims(kept)).first
    assert found is not None
    assert (found.kind, found.position) == ("forked", 8)
    assert alone(place, tmp_path, "--head", kept)["first_bad_position"] == 8


def test_a_replaced_key_is_found_by_the_key_kept_from_before(place: Place, tmp_path: Path) -> None:
    grown(place, SIZE)
    kept = witnessed(place, tmp_path / "witness.json", bare=True)
    pinned = claims(kept)[0].public_key
    with owning(place) as connection:
        key_replaced(connection, place)
    found = verify_database(place, pinned=pinned).first
    assert found is not None
    assert (found.kind, found.position) == ("key_replaced", 0)
    said = alone(place, tmp_path, "--key", kept)
    assert [finding["kind"] for finding in said["findings"]] == ["key_replaced"]


def test_a_clock_set_back_is_recorded_declared_and_found(place: Place, tmp_path: Path) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        for minutes in (1, 2, 3):
            record.append(an_entry(BEGUN + timedelta(minutes=minutes)))
        receipt = record.append(an_entry(BEGUN + timedelta(minutes=1)))
        record.append(an_entry(BEGUN + timedelta(minutes=2)))
    assert receipt.at == BEGUN + timedelta(minutes=1), "the time that it had"
    found = verify_database(place).first
    assert found is not None
    assert (found.kind, found.position) == ("clock_set_back", 4)
    assert "as the entry itself says" in found.text
    assert alone(place, tmp_path)["first_bad_position"] == 4
    assert verify_database(place, accepted=[4]).ok
    assert alone(place, tmp_path, "--accept", "4")["ok"]


def test_a_clock_a_moment_behind_is_other_threads_overtaking(place: Place) -> None:
    with AccessRecord(place, clock=lambda: BEGUN) as record:
        record.append(an_entry(BEGUN + timedelta(seconds=1)))
        receipt = record.append(an_entry(BEGUN + timedelta(seconds=0.5)))
    assert receipt.at == BEGUN + timedelta(seconds=1)
    assert verify_database(place).ok


def test_a_node_that_proofs_are_made_of_is_found(place: Place) -> None:
    grown(place, SIZE)
    with owning(place) as connection:
        connection.execute(
            text("UPDATE access_node SET hash = :hash WHERE level = 1 AND number = 2"), {"hash": bytes(32)}
        )
    found = verify_database(place).first
    assert found is not None
    assert (found.kind, found.position, found.last) == ("beside", 4, 5)


def test_a_byte_changed_on_the_disk_is_found_though_it_is_no_text_any_more(sqlite_place: Place, tmp_path: Path) -> None:
    grown(sqlite_place, SIZE)
    with owning(sqlite_place) as connection:
        connection.execute(
            text(
                "UPDATE access_record SET leaf = CAST(replace(CAST(leaf AS BLOB), 'Ann', x'41ff6e') AS TEXT) WHERE record_id = 5"
            )
        )
    found = verify_database(sqlite_place).first
    assert found is not None
    assert (found.kind, found.position) == ("edited", 5)
    assert alone(sqlite_place, tmp_path)["first_bad_position"] == 5


def test_a_database_that_cannot_be_read_is_never_verified(sqlite_place: Place) -> None:
    grown(sqlite_place, SIZE)
    sqlite_place.engine.dispose()
    assert sqlite_place.database is not None
    with sqlite_place.database.open("r+b") as file:
        file.write(bytes(4096))
    report = verify_database(sqlite_place)
    assert not report.ok
    assert {finding.kind for finding in report.findings} >= {"malformed"}
