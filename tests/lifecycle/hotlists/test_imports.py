"""422.4: a hot list is taken whole or refused with a receipt; the list in force changes at one instant, or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from alpr_assets.errors import ConfigurationError
from alpr_assets.lifecycle.hotlists.formats.answers import HEADER
from alpr_assets.lifecycle.hotlists.imports import (
    ImportReceipt,
    import_file,
    import_pending,
    pending_files,
    versions_in_force,
)
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.sealed import sha256_hex
from tests.builders import own_list

ENTRY = schema.hotlist_entry.c


def csv(*plates: str, state: str = "CA") -> bytes:
    """A simple CSV of plates; a plate may bring its own state as `PLATE/NV`."""
    rows = [plate if "/" in plate else f"{plate}/{state}" for plate in plates]
    lines = [f"{row.partition('/')[0]},watch,{row.partition('/')[2]}" for row in rows]
    return own_list(*lines)


def plates(n: int, first: int = 0) -> list[str]:
    return [f"7ABC{number:03}" for number in range(first, first + n)]


def clew(*records: str, header: str = "DATE06/15/2026 04:30", count: int | None = None) -> bytes:
    """A CLEW table made at 11:30 UTC, seven hours before `now`."""
    return "\r\n".join([header, *records, f"TOTAL RECORD {len(records) if count is None else count:07}", ""]).encode()


def stolen(n: int, first: int = 0) -> list[str]:
    return [f"{plate}CA0720260401" for plate in plates(n, first)]


class Lists:
    """Imports into one store at one time, and what is in force there."""

    def __init__(self, store: Store, policy: Policy, now: datetime) -> None:
        self.store, self.policy, self.now = store, policy, now

    def take(self, raw: bytes, name: str = "watch.csv", **more: Any) -> ImportReceipt:
        return import_file(self.store, raw, name, **{"policy": self.policy, "now": self.now} | more)

    def rows(self) -> list[Row[Any]]:
        with reading(self.store.engine) as connection:
            return list(connection.execute(select(schema.hotlist_entry).order_by(ENTRY.entry_id)))

    def in_force(self) -> list[str]:
        return [row.plate for row in self.rows() if row.to_import_id is None]

    def versions(self) -> dict[str, int]:
        with reading(self.store.engine) as connection:
            return versions_in_force(connection)

    def quarantined(self) -> list[tuple[str, str]]:
        with reading(self.store.engine) as connection:
            rows = connection.execute(select(schema.quarantine).order_by(schema.quarantine.c.quarantine_id))
            return [(row.item, row.code) for row in rows]


@pytest.fixture
def lists(store: Store, policy: Policy, now: datetime) -> Lists:
    return Lists(store, policy, now)


@pytest.fixture
def one(sqlite_store: Store, policy: Policy, now: datetime) -> Lists:
    """On SQLite only: what does not depend on the database."""
    return Lists(sqlite_store, policy, now)


# ── taken ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(e)")
def test_an_accepted_table_is_in_force_with_its_source_and_its_sealed_copy(lists: Lists) -> None:
    raw = clew(*stolen(3))
    receipt = lists.take(raw, "svs.tbl")
    assert (receipt.accepted, receipt.code, receipt.format) == (True, None, "clew")
    assert (receipt.n_lines, receipt.n_entries, receipt.n_added, receipt.n_removed) == (5, 3, 3, 0)
    assert receipt.made_at == datetime(2026, 6, 15, 11, 30, tzinfo=UTC)
    assert receipt.balances
    assert lists.in_force() == plates(3)
    assert lists.versions() == {"svs": receipt.import_id}
    assert lists.store.received.open(lists.now.date(), sha256_hex(raw)) == raw
    with reading(lists.store.engine) as connection:
        assert connection.scalars(select(schema.hotlist.c.source)).all() == ["state"]
    (row, *_) = lists.rows()
    assert (row.state, row.list_type, row.category, row.listed_on) == (
        "CA", "stolen_vehicle", "stolen_vehicle", date(2026, 4, 1),
    )  # fmt: skip


def test_a_renewed_list_keeps_the_rows_of_unchanged_lines_and_records_from_and_to(lists: Lists) -> None:
    first = lists.take(csv(*plates(10)))
    before = {row.plate: row.entry_id for row in lists.rows()}
    second = lists.take(csv(*plates(10, first=1)))
    assert (second.n_added, second.n_removed) == (1, 1)
    rows = {row.plate: row for row in lists.rows()}
    assert {plate: rows[plate].entry_id for plate in before} == before
    assert (rows["7ABC000"].from_import_id, rows["7ABC000"].to_import_id) == (first.import_id, second.import_id)
    assert (rows["7ABC001"].from_import_id, rows["7ABC001"].to_import_id) == (first.import_id, None)
    assert (rows["7ABC010"].from_import_id, rows["7ABC010"].to_import_id) == (second.import_id, None)
    assert lists.versions() == {"watch": second.import_id}


def test_a_line_that_says_something_else_is_another_entry(one: Lists) -> None:
    one.take(csv(*plates(5)))
    receipt = one.take(csv(*plates(5)).replace(b"7ABC000,watch", b"7ABC000,armed"))
    assert (receipt.n_added, receipt.n_removed) == (1, 1)


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(
    ("said", "new"),
    [
        (b"A. Ruiz", b"B. Ruiz"), (b"26-01234", b"26-01235"), (b"stolen tools", b"arson"),
        (b"2026-06-29", b"2026-06-28"), (b"Lt. Okada", b"Sgt. Lee"),
    ],
)  # fmt: skip
def test_a_line_that_another_answers_for_or_longer_is_another_entry(one: Lists, said: bytes, new: bytes) -> None:
    one.take(csv(*plates(5)))
    receipt = one.take(csv(*plates(5)).replace(said, new, 1))
    assert (receipt.n_added, receipt.n_removed) == (1, 1)


@pytest.mark.clause("422.4(e)")
def test_who_answers_for_an_entry_is_kept_with_it(lists: Lists) -> None:
    lists.take(csv("7ABC123"))
    (row,) = lists.rows()
    assert row.expires_on == date(2026, 6, 29)
    assert row.details == {
        "description": "watch", "owner": "A. Ruiz", "case_number": "26-01234", "reason": "stolen tools",
        "approved_by": "Lt. Okada", "given": "7ABC123",
    }  # fmt: skip


def test_todays_date_is_the_departments(one: Lists) -> None:
    """Six in the evening of the last day there is the day after in UTC; a minute after its midnight it is over."""
    evening = datetime(2026, 6, 30, 1, tzinfo=UTC)
    assert one.take(csv("7ABC123"), now=evening).accepted
    over = one.take(csv("7ABC124"), "other.csv", now=datetime(2026, 6, 30, 7, 1, tzinfo=UTC))
    assert (over.accepted, over.n_entries, over.skipped["expired"]) == (True, 0, 1)


def test_a_list_of_which_the_policy_asks_nothing_has_no_last_days(one: Lists) -> None:
    rule = one.policy.hotlists.sources[-1].model_copy(update={"answered": False})
    rules = one.policy.hotlists.model_copy(update={"sources": (rule,)})
    policy = one.policy.model_copy(update={"hotlists": rules})
    assert one.take(b"Plate Number,Expires On\n7ABC123,2020-01-31\n", policy=policy).accepted
    (row,) = one.rows()
    assert (row.expires_on, row.details["Expires On"]) == (None, "2020-01-31")


def test_the_same_file_twice_changes_nothing(lists: Lists) -> None:
    first = lists.take(csv(*plates(3)))
    before = lists.rows()
    assert lists.take(csv(*plates(3)), now=lists.now + timedelta(hours=5)) == first
    assert lists.rows() == before


def test_an_earlier_version_comes_back_into_force(lists: Lists) -> None:
    """A → B → A: the third import is one of its own; the line that went and came has two rows."""
    a, b = csv(*plates(10)), csv(*plates(10, first=1))
    ids = [lists.take(raw).import_id for raw in (a, b, a)]
    assert len(set(ids)) == 3
    assert sorted(lists.in_force()) == plates(10)
    assert lists.versions() == {"watch": ids[2]}
    validity = [(row.from_import_id, row.to_import_id) for row in lists.rows() if row.plate == "7ABC000"]
    assert validity == [(ids[0], ids[1]), (ids[2], None)]


def test_the_same_plate_in_two_states_is_two_entries(lists: Lists) -> None:
    lists.take(csv("7ABC123/CA", "7ABC123/NV", "7ABC123/CA"))
    assert [(row.plate, row.state) for row in lists.rows()] == [("7ABC123", "CA"), ("7ABC123", "NV")]


def test_lists_do_not_end_each_others_entries(one: Lists) -> None:
    one.take(csv(*plates(3)), "watch.csv")
    one.take(clew(*stolen(3)), "svs.tbl")
    one.take(clew(*stolen(2)), "slr.tbl")
    assert sorted(one.in_force()) == sorted([*plates(3), *plates(3), *plates(2)])
    assert set(one.versions()) == {"watch", "svs", "slr"}


@pytest.mark.clause("422.4(e)")
def test_immigration_lines_are_counted_and_never_imported(one: Lists) -> None:
    def record(letter: str, plate: str) -> str:
        return f"{letter}123456789LA057020020260401{plate:<10}CA2026PC2009TOYTCAM4DRED    "

    lines = [record("V", "7ABC123"), record("N", "7ABC124"), record("K", "7ABC125")]
    receipt = one.take("\n".join(["HEADER", *lines, ""]).encode(), "ncic.txt")
    assert (receipt.accepted, receipt.skipped["immigration"]) == (True, 1)
    assert receipt.balances
    assert [(row.plate, row.restricted) for row in one.rows()] == [("7ABC123", False), ("7ABC125", True)]


def test_a_few_bad_lines_are_quarantined_and_the_rest_is_taken(lists: Lists) -> None:
    receipt = lists.take(csv(*plates(200), "7ÖBC123"))
    assert (receipt.accepted, receipt.n_quarantined, receipt.n_entries) == (True, 1, 200)
    assert receipt.balances
    assert lists.quarantined() == [("line 202", "plate_characters")]
    assert "7" not in str(receipt.reason)


# ── refused ────────────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED = {
    "truncated": (clew(*stolen(10), count=11), "count_mismatch"),
    "without its trailer": (clew(*stolen(10)).rsplit(b"TOTAL", 1)[0], "trailer_missing"),
    "cut in a line": (clew(*stolen(10))[:-40], "trailer_missing"),
    "stale": (clew(*stolen(10, 5), header="DATE06/14/2026 11:29"), "stale"),
    "older than the one in force": (clew(*stolen(10, 5), header="DATE06/15/2026 04:29"), "older_than_in_force"),
    "from the future": (clew(*stolen(10, 5), header="DATE06/15/2026 12:31"), "made_in_the_future"),
    "shrunken": (clew(*stolen(7), header="DATE06/15/2026 05:00"), "shrunken"),
    "shifted": (clew(*stolen(9, 5), "7ABC 99CA07202604", header="DATE06/15/2026 05:00"), "mixed_widths"),
    "malformed": (
        clew(*stolen(9, 5), "7ABC099CA9920260401", header="DATE06/15/2026 05:00"), "too_many_bad_lines",
    ),
    "empty": (b"", "empty"),
    "binary": (b"PK\x03\x04....", "not_text"),
}  # fmt: skip


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_file_leaves_the_list_in_force_and_says_why(one: Lists, name: str) -> None:
    raw, code = REFUSED[name]
    first = one.take(clew(*stolen(9)), "svs.tbl")
    before = one.rows()
    receipt = one.take(raw, "svs.tbl")
    assert (receipt.accepted, receipt.code) == (False, code)
    assert receipt.reason
    assert receipt.remedy
    assert (receipt.n_added, receipt.n_removed) == (0, 0)
    assert receipt.balances
    assert one.rows() == before
    assert one.versions() == {"svs": first.import_id}
    assert one.store.received.open(one.now.date(), sha256_hex(raw)) == raw


@pytest.mark.clause("422.4(e)")
def test_an_own_list_that_nobody_answers_for_is_refused_with_a_header_to_copy(lists: Lists) -> None:
    lists.take(csv(*plates(10)))
    before = lists.rows()
    receipt = lists.take(b"Plate Number,Description,State/Province\n7ABC123,van,CA\n")
    assert (receipt.accepted, receipt.code) == (False, "columns_missing")
    assert "Owner, Case Number, Reason, Expires On, Approved By" not in str(receipt.reason), (
        "the description is the reason"
    )
    assert "Owner, Case Number, Expires On, Approved By" in str(receipt.reason)
    assert HEADER in str(receipt.remedy)
    assert lists.rows() == before


@pytest.mark.clause("422.4(e)")
def test_too_many_lines_that_nobody_answers_for_refuse_the_list(lists: Lists) -> None:
    raw = csv(*plates(3)).replace(b"A. Ruiz", b"").replace(b"26-01234", b"?", 1)
    receipt = lists.take(raw)
    assert (receipt.accepted, receipt.code, receipt.n_quarantined) == (False, "too_many_bad_lines", 3)
    assert "3 unanswered" in str(receipt.reason)
    assert HEADER in str(receipt.remedy)
    assert lists.quarantined() == [(f"line {n}", "unanswered") for n in (2, 3, 4)]
    with reading(lists.store.engine) as connection:
        reasons = list(connection.scalars(select(schema.quarantine.c.reason)))
    assert reasons[0] == "nothing under Owner, Case Number: say who answers for the entry, or take it out"
    assert "7ABC" not in "".join(reasons)


def test_a_refusal_is_stored_on_both_databases(lists: Lists) -> None:
    lists.take(clew(*stolen(9)), "svs.tbl")
    receipt = lists.take(*[REFUSED["malformed"][0]], "svs.tbl")
    assert (receipt.accepted, receipt.n_quarantined) == (False, 1)
    assert lists.quarantined() == [("line 11", "county_malformed")]
    with reading(lists.store.engine) as connection:
        row = connection.execute(select(schema.hotlist_import).where(~schema.hotlist_import.c.accepted)).one()
    assert (row.code, row.n_entries, row.n_quarantined) == ("too_many_bad_lines", 9, 1)
    assert ImportReceipt.from_content(row.receipt) == receipt


def test_a_list_exactly_as_old_as_allowed_is_taken(one: Lists) -> None:
    assert one.take(clew(*stolen(3), header="DATE06/14/2026 11:30"), "svs.tbl").accepted


def test_a_list_of_exactly_80_percent_is_taken(one: Lists) -> None:
    one.take(csv(*plates(10)))
    assert one.take(csv(*plates(8))).accepted
    assert one.take(csv(*plates(6))).code == "shrunken"


def test_exactly_one_percent_of_bad_lines_is_taken(one: Lists) -> None:
    assert one.take(csv(*plates(99), "7ÖBC123")).accepted
    assert one.take(csv(*plates(98), "7ÖBC123")).code == "too_many_bad_lines"


@pytest.mark.clause("422.4(e)")
def test_a_shrunken_list_is_taken_when_somebody_answers_for_it(lists: Lists) -> None:
    lists.take(csv(*plates(10)))
    assert lists.take(csv(*plates(2))).code == "shrunken"
    receipt = lists.take(csv(*plates(2)), approved_by="Lt. Commander")
    assert (receipt.accepted, receipt.n_removed) == (True, 8)
    assert lists.in_force() == plates(2)
    with reading(lists.store.engine) as connection:
        imported = schema.hotlist_import.c
        approved = connection.scalar(select(imported.approved_by).where(imported.import_id == receipt.import_id))
    assert approved == "Lt. Commander"


@pytest.mark.parametrize("name", ["truncated", "stale", "malformed", "older than the one in force"])
def test_an_approval_makes_nothing_else_acceptable(one: Lists, name: str) -> None:
    raw, code = REFUSED[name]
    one.take(clew(*stolen(9)), "svs.tbl")
    assert one.take(raw, "svs.tbl", approved_by="Lt. Commander").code == code


def test_a_refused_file_is_not_tried_again(one: Lists) -> None:
    one.take(csv(*plates(10)))
    refused = one.take(csv(*plates(2)))
    assert one.take(csv(*plates(2)), now=one.now + timedelta(hours=3)) == refused


def test_a_file_of_no_source_is_refused_by_the_policy(one: Lists) -> None:
    rules = one.policy.hotlists.model_copy(update={"sources": one.policy.hotlists.sources[:1]})
    with pytest.raises(ConfigurationError, match="no source"):
        one.take(csv(*plates(1)), policy=one.policy.model_copy(update={"hotlists": rules}))


def test_a_category_that_is_none_is_named_before_anything_is_kept(one: Lists) -> None:
    rule = one.policy.hotlists.sources[-1].model_copy(update={"category": "nonsense"})
    wrong = one.policy.hotlists.model_copy(update={"sources": (rule,)})
    with pytest.raises(ConfigurationError, match="nonsense") as caught:
        one.take(csv(*plates(1)), policy=one.policy.model_copy(update={"hotlists": wrong}))
    assert "stolen_vehicle" in caught.value.remedy
    assert not one.store.received.folder.exists()


def test_a_name_that_is_too_long_for_a_list_is_refused_on_both_databases(lists: Lists) -> None:
    with pytest.raises(ConfigurationError, match="64"):
        lists.take(csv(*plates(1)), f"{'x' * 65}.csv")


# ── the watched folder ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(e)")
def test_accepted_files_leave_the_folder_and_refused_ones_stay_and_are_not_retried(
    lists: Lists, tmp_path: Path
) -> None:
    folder = tmp_path / "hotlists"
    folder.mkdir()
    (folder / "watch.csv").write_bytes(csv(*plates(10)))
    (folder / "svs.tbl").write_bytes(clew(*stolen(3), count=4))
    receipts = import_pending(lists.store, folder, policy=lists.policy, now=lists.now)
    assert sorted((receipt.file_name, receipt.accepted) for receipt in receipts) == [
        ("svs.tbl", False), ("watch.csv", True),
    ]  # fmt: skip
    assert [path.name for path in folder.iterdir()] == ["svs.tbl"]
    assert pending_files(lists.store, folder, policy=lists.policy) == []
    assert import_pending(lists.store, folder, policy=lists.policy, now=lists.now) == []


def test_files_in_transfer_are_left_alone(one: Lists, tmp_path: Path) -> None:
    for name in ("watch.csv.part", ".watch.csv", "svs.tbl.part"):
        (tmp_path / name).write_bytes(csv(*plates(1)))
    (tmp_path / "folder.csv").mkdir()
    assert pending_files(one.store, tmp_path, policy=one.policy) == []
    assert pending_files(one.store, tmp_path / "none", policy=one.policy) == []


def test_a_file_in_force_that_arrives_again_only_leaves_the_folder(one: Lists, tmp_path: Path) -> None:
    """So does one whose import was killed before it could be removed."""
    first = one.take(csv(*plates(3)))
    folder = tmp_path / "hotlists"
    folder.mkdir()
    (folder / "watch.csv").write_bytes(csv(*plates(3)))
    assert import_pending(one.store, folder, policy=one.policy, now=one.now) == [first]
    assert list(folder.iterdir()) == []


def test_several_versions_of_one_list_are_taken_oldest_first(one: Lists, tmp_path: Path) -> None:
    import os  # noqa: PLC0415 - to set the times of files

    for seconds, (name, raw) in enumerate([
        ("SVS.TBL", clew(*stolen(9), header="DATE06/15/2026 05:00")),
        ("svs.tbl", clew(*stolen(9, 1), header="DATE06/15/2026 06:00")),
    ]):  # fmt: skip
        (tmp_path / name).write_bytes(raw)
        os.utime(tmp_path / name, (seconds, seconds))
    receipts = import_pending(one.store, tmp_path, policy=one.policy, now=one.now)
    assert [receipt.accepted for receipt in receipts] == [True, True]
    assert sorted(one.in_force()) == plates(9, 1)


def test_one_file_without_a_source_does_not_stop_the_others(one: Lists, tmp_path: Path) -> None:
    rules = one.policy.hotlists.model_copy(update={"sources": one.policy.hotlists.sources[:1]})
    policy = one.policy.model_copy(update={"hotlists": rules})
    folder = tmp_path / "hotlists"
    folder.mkdir()
    (folder / "a-notes.csv").write_bytes(csv(*plates(1)))
    (folder / "svs.tbl").write_bytes(clew(*stolen(3)))
    with pytest.raises(ConfigurationError, match="no source"):
        import_pending(one.store, folder, policy=policy, now=one.now)
    assert one.in_force() == plates(3)
    assert [path.name for path in folder.iterdir()] == ["a-notes.csv"]


def test_a_file_that_was_approved_and_replaced_may_come_back(one: Lists) -> None:
    one.take(csv(*plates(10)))
    small, other = csv(*plates(2)), csv(*plates(3))
    assert not one.take(small).accepted
    assert one.take(small, approved_by="J. Doe").accepted
    assert one.take(other).accepted
    assert one.take(small, approved_by="J. Doe").accepted
    assert one.in_force() == plates(2)


def test_each_day_s_file_renews_the_same_list(one: Lists) -> None:
    one.take(csv(*plates(5)), "watch_2026-06-14.csv")
    one.take(csv(*plates(5, first=1)), "watch_2026-06-15.csv")
    one.take(clew(*stolen(3)), "svs_0615.tbl")
    assert set(one.versions()) == {"watch", "svs"}
    with reading(one.store.engine) as connection:
        source = connection.scalar(select(schema.hotlist.c.source).where(schema.hotlist.c.name == "svs"))
    assert source == "state"


def test_a_file_that_just_changed_may_still_be_being_written(one: Lists, tmp_path: Path) -> None:
    patient = one.policy.model_copy(
        update={"hotlists": one.policy.hotlists.model_copy(update={"settle_seconds": 3600})}
    )
    (tmp_path / "watch.csv").write_bytes(csv("7ABC123"))
    assert pending_files(one.store, tmp_path, policy=patient) == []
    assert len(pending_files(one.store, tmp_path, policy=one.policy)) == 1
