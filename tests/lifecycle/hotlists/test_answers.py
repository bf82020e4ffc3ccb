"""422.4: each entry of the department's own list has an owner, a case number, a reason, a last day and an approver."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.errors import ImportRefusedError
from alpr_assets.lifecycle.hotlists import formats
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.hotlists.formats.answers import CODES, HEADER, TITLES, Answering, is_same_person
from alpr_assets.lifecycle.hotlists.formats.contract import Options, ParsedList
from alpr_assets.lifecycle.hotlists.formats.decoding import written_day
from tests.lifecycle.hotlists.test_ncic import TEXAS

TODAY = date(2026, 6, 15)
CASE_NUMBER = "[A-Za-z0-9][A-Za-z0-9-]{3,31}"
OPTIONS = Options(
    zone=ZoneInfo("America/Los_Angeles"),
    category=Category.SUSPECT_INTERDICTION,
    answering=Answering(case_number=CASE_NUMBER, today=TODAY, max_days=30),
)
ASKS_NOTHING = Options(zone=OPTIONS.zone, category=OPTIONS.category)
GOOD = {
    "owner": "Det. A. Ruiz", "case_number": "26-01234", "reason": "stolen tools", "expires_on": "2026-06-30",
    "approved_by": "Lt. K. Okada",
}  # fmt: skip


def rows(*cells: dict[str, str], header: str = HEADER) -> bytes:
    """A list with one row for each, `7ABC000` and on, in the order of the header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, each in enumerate(cells):
        writer.writerow([f"7ABC{number:03}", "a van", "CA", *(each.get(role, "") for role in TITLES)])
    return f"{header}\n{out.getvalue()}".encode()


def parse(raw: bytes, options: Options = OPTIONS, name: str = "bolo.csv") -> ParsedList:
    return formats.parse(raw, name, options)


def refusal(raw: bytes, name: str = "bolo.csv") -> ImportRefusedError:
    with pytest.raises(ImportRefusedError) as caught:
        parse(raw, name=name)
    return caught.value


# ── what a line says ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(e)")
def test_an_entry_keeps_who_answers_for_it_and_its_last_day() -> None:
    (entry,) = parse(rows(GOOD)).entries
    said = {role: cell for role, cell in GOOD.items() if role != "expires_on"}
    assert entry.details == {"description": "a van", **said}
    assert entry.expires_on == date(2026, 6, 30)


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"owner": ""}, "unanswered"),
        ({"case_number": " "}, "unanswered"),
        ({"reason": "-"}, "unanswered"),
        ({"expires_on": ""}, "unanswered"),
        ({"approved_by": "N/A"}, "unanswered"),
        ({"case_number": "26/1"}, "case_number_malformed"),
        ({"case_number": "26-01234 and others"}, "case_number_malformed"),
        ({"approved_by": "Det. A. Ruiz"}, "own_approval"),
        ({"approved_by": "ruiz, a"}, "own_approval"),
        ({"expires_on": "end of June"}, "expiry_malformed"),
        ({"expires_on": "2026-06-31"}, "expiry_malformed"),
        ({"expires_on": "2026-07-16"}, "expiry_too_far"),
    ],
)
def test_a_line_that_nobody_rightly_answers_for_is_quarantined_with_what_to_do(
    changed: dict[str, str], code: str
) -> None:
    parsed = parse(rows(GOOD, {**GOOD, **changed}, GOOD))
    (bad,) = parsed.quarantined
    assert (bad.line, bad.code) == (3, code)
    assert code in CODES
    assert ": " in bad.reason, "the remedy follows the reason"
    assert [entry.plate for entry in parsed.entries] == ["7ABC000", "7ABC002"]


@pytest.mark.clause("422.4(e)")
def test_a_line_that_is_over_is_left_out_and_no_mistake() -> None:
    parsed = parse(rows(GOOD, {**GOOD, "expires_on": "2026-06-14"}, GOOD))
    assert not parsed.quarantined
    assert parsed.skipped["expired"] == 1
    assert [entry.plate for entry in parsed.entries] == ["7ABC000", "7ABC002"]


def test_all_that_is_empty_is_named_at_once() -> None:
    (bad,) = parse(rows(GOOD, {"reason": "x"})).quarantined
    assert "Owner, Case Number, Expires On, Approved By" in bad.reason


@pytest.mark.parametrize("last", ["2026-06-15", "2026-07-15"])
def test_the_first_and_the_longest_last_day_are_taken(last: str) -> None:
    (entry,) = parse(rows({**GOOD, "expires_on": last})).entries
    assert entry.expires_on == date.fromisoformat(last)


def test_lines_that_differ_in_their_last_day_only_are_two() -> None:
    raw = rows(GOOD, {**GOOD, "expires_on": "2026-06-20"}).replace(b"7ABC001", b"7ABC000")
    assert [entry.expires_on for entry in parse(raw).entries] == [date(2026, 6, 30), date(2026, 6, 20)]


# ── columns ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(
    "raw", [b"Plate Number,Description,State/Province\n7ABC123,van,CA\n", b"7ABC123\n", b"7ABC123,CA\n", b"7ABC123,van,CA\n"]
)  # fmt: skip
def test_a_list_without_the_columns_is_refused_with_a_header_to_copy(raw: bytes) -> None:
    refused = refusal(raw)
    assert refused.code == "columns_missing"
    assert all(title in str(refused) for title in ("Owner", "Case Number", "Expires On", "Approved By"))
    assert refused.remedy.endswith(HEADER)
    assert "7ABC123" not in refused.diagnostics()
    header = refused.remedy[refused.remedy.index("Plate Number") :]
    assert len(parse(rows(GOOD, header=header)).entries) == 1


def test_a_single_missing_column_is_named_alone() -> None:
    header = HEADER.replace("Approved By", "Remarks")
    assert str(refusal(rows(GOOD, header=header))).endswith("no column Approved By")


@pytest.mark.parametrize("raw", [TEXAS.encode(), f"{TEXAS}\n{TEXAS}".encode()])
def test_a_format_that_cannot_say_who_answers_is_refused(raw: bytes) -> None:
    assert refusal(raw, "ours.txt").code == "columns_missing"
    assert parse(raw, ASKS_NOTHING, "ours.txt").format == "ncic"


@pytest.mark.parametrize(
    "header",
    [
        "LPN,Notes,ST,Requested By,Case #,Grounds,Valid until,Approver",
        "plate,comment,state,OWNER,incident number,reason,EXPIRY,approved_by",
        "Plate;Details;State;Entry owner;case_no;Justification;Expiration date;Authorized by",
    ],
)
def test_the_columns_go_by_the_names_that_people_give_them(header: str) -> None:
    raw = rows(GOOD, header=header)
    if ";" in header:
        raw = raw.replace(b",", b";")
    (entry,) = parse(raw).entries
    assert entry.details["reason"] == "stolen tools"
    assert entry.details["description"] == "a van"
    assert entry.expires_on == date(2026, 6, 30)


def test_without_a_column_for_it_the_description_is_the_reason() -> None:
    """The two words meant one column before."""
    raw = b"Plate Number,Description,State,Owner,Case,Expires,Approver\n7ABC123,hit and run,CA,Ruiz,26-01234,6/30/2026,Okada\n"
    (entry,) = parse(raw).entries
    assert entry.details["reason"] == "hit and run"
    assert "description" not in entry.details


def test_in_another_agencys_list_the_words_stay_its_own() -> None:
    """A state's expiry is that of the registration; a reason is the description, as before."""
    raw = b"Plate,Reason,Owner,Expires\n7ABC123,armed,J. Doe,2020-01-31\n"
    (entry,) = parse(raw, ASKS_NOTHING).entries
    assert entry.expires_on is None
    assert entry.details == {"description": "armed", "Owner": "J. Doe", "Expires": "2020-01-31"}


# ── properties ─────────────────────────────────────────────────────────────────────────────────────────────────────

NOTHING = st.sampled_from(["", " ", "-", "—", "?", "n/a", "None", "TBD", "unknown"])
NAMES = st.lists(st.sampled_from(["Ana", "Björn", "Chen", "O'Neil", "Ruiz", "Okada", "Det", "Lt", "III"]), min_size=1, max_size=4)  # fmt: skip
CELLS: dict[str, st.SearchStrategy[tuple[str, bool]]] = {
    "owner": st.one_of(NOTHING.map(lambda cell: (cell, False)), st.just(("Det. A. Ruiz", True))),
    "case_number": st.one_of(
        NOTHING.map(lambda cell: (cell, False)),
        st.from_regex(CASE_NUMBER, fullmatch=True).map(lambda cell: (cell, cell.casefold() not in {"none", "unknown", "null"})),
        st.sampled_from([("26", False), ("26 01234", False), ("-2601", False), ("2" * 33, False)]),
    ),
    "reason": st.one_of(NOTHING.map(lambda cell: (cell, False)), st.just(('wanted, "armed"', True))),
    "expires_on": st.one_of(
        NOTHING.map(lambda cell: (cell, False)),
        st.dates(date(2026, 5, 1), date(2026, 9, 1)).flatmap(
            lambda day: st.sampled_from(["%Y-%m-%d", "%m/%d/%Y", "%Y%m%d"]).map(
                lambda pattern: (day.strftime(pattern), TODAY <= day <= TODAY + timedelta(days=30))
            )
        ),
        st.sampled_from([("soon", False), ("2026-13-01", False), ("30.06.2026", False), ("2026-06-30 12:00", False)]),
    ),
    "approved_by": st.one_of(
        NOTHING.map(lambda cell: (cell, False)),
        st.sampled_from([("Lt. K. Okada", True), ("det. a. ruiz", False), ("Ruiz, A., Det.", False), ("RUIZ", False)]),
    ),
}  # fmt: skip
LINES = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6)


def is_over(cell: str) -> bool:
    """Whether a cell is a day before today."""
    day = written_day(cell)
    return day is not None and day < TODAY


@given(LINES)
@example([{role: (cell, True) for role, cell in GOOD.items()}])
@example([{**{role: (cell, True) for role, cell in GOOD.items()}, "expires_on": ("2026-05-01", False)}])
def test_a_line_is_an_entry_when_all_five_are_right_and_else_quarantined(
    lines: list[dict[str, tuple[str, bool]]],
) -> None:
    parsed = parse(rows(*({role: cell for role, (cell, _) in line.items()} for line in lines)))
    good = [f"7ABC{i:03}" for i, line in enumerate(lines) if all(right for _, right in line.values())]
    over = [line for line in lines if all(right or is_over(cell) for cell, right in line.values())]
    assert [entry.plate for entry in parsed.entries] == good
    assert parsed.skipped.get("expired", 0) == len(over) - len(good)
    assert len(parsed.entries) + len(parsed.quarantined) + parsed.skipped.get("expired", 0) == len(lines)
    for entry in parsed.entries:
        assert entry.expires_on is not None
        assert set(TITLES) - {"expires_on"} <= set(entry.details)
    for bad in parsed.quarantined:
        assert bad.code in CODES
        assert "7ABC" not in bad.reason


@given(NAMES, st.randoms(), st.sampled_from([", ", " ", ". "]), st.sampled_from([str.upper, str.lower, str.title]))
def test_a_name_is_the_same_persons_however_it_is_written(
    words: list[str], order: random.Random, between: str, written: Any
) -> None:
    other = list(words)
    order.shuffle(other)
    assert is_same_person(" ".join(words), written(between.join(other)))


@given(NAMES, NAMES)
def test_two_names_are_one_persons_when_one_holds_the_other(one: list[str], other: list[str]) -> None:
    assert is_same_person(" ".join(one), " ".join(other)) == (set(one) <= set(other) or set(other) <= set(one))
