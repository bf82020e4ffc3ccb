"""Matching of reads against listed plates, held against a brute-force oracle."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.matching import MAX_LENGTH, PlateIndex, _one_edit_apart, _Spelling, explain


def entries(*listed):
    """Entries from (plate, state) pairs or plates; entry ids from 100."""
    pairs = [one if isinstance(one, tuple) else (one, "") for one in listed]
    return pd.DataFrame({
        "entry_id": range(100, 100 + len(pairs)),
        "plate": pd.Series([plate for plate, _ in pairs], dtype=object),
        "plate_folded": pd.Series([fold(plate or "") for plate, _ in pairs], dtype=object),
        "state": pd.Series([state for _, state in pairs], dtype=object),
    })  # fmt: skip


def reads(*seen):
    """Reads from (plate, region) pairs or plates; read ids from 1."""
    pairs = [one if isinstance(one, tuple) else (one, None) for one in seen]
    return pd.DataFrame({
        "read_id": range(1, 1 + len(pairs)),
        "plate": pd.Series([plate for plate, _ in pairs], dtype=object),
        "region": pd.Series([region for _, region in pairs], dtype=object),
    })  # fmt: skip


def matched(seen, listed, **options):
    return PlateIndex.build(entries(*listed), **options).match(reads(*seen))


def kinds(seen, listed, **options):
    found = matched(seen, listed, **options)
    return set(zip(found["read_id"], found["entry_id"], found["kind"], strict=True))


def only_row(seen, listed):
    found = matched([seen], [listed])
    assert len(found) == 1
    return found.iloc[0]


# ── kinds ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.3")
def test_a_read_matches_exactly_folded_or_one_edit_away():
    listed = ["7ABC123", "7A8C123", "7ABC12", "7ABCX123", "7ABC124", "7ABD124"]
    assert kinds(["7ABC123"], listed) == {
        (1, 100, "exact"),
        (1, 101, "folded"),
        (1, 102, "edit1"),
        (1, 103, "edit1"),
        (1, 104, "edit1"),
    }


def test_an_extract_that_writes_zero_for_the_letter_o_still_matches():
    row = only_row(("BNOW111", "WA"), ("BN0W111", "WA"))
    assert (row["kind"], row["state_agrees"], row["n_positions"]) == ("folded", True, 1)


def test_edits_are_counted_on_folded_keys():
    row = only_row("7A8C12", "7ABC123")
    assert (row["kind"], row["n_positions"]) == ("edit1", 2)


def test_short_plates_match_only_whole():
    assert kinds(["AB12"], ["AB12", "A812", "AB13", "AB123"]) == {(1, 100, "exact"), (1, 101, "folded")}
    assert kinds(["AB12"], ["AB13", "AB123"], edit1_min_length=4) == {(1, 100, "edit1"), (1, 101, "edit1")}


def test_plates_longer_than_eight_match_as_well():
    long = "ABCDEFGHJKLM3"
    assert kinds([long, long[:-1], long + "X", "Q" * 40], [long, long[1:]]) == {
        (1, 100, "exact"),
        (1, 101, "edit1"),
        (2, 100, "edit1"),
        (3, 100, "edit1"),
    }


def test_the_same_plate_listed_twice_is_two_matches():
    assert kinds(["7ABC123"], [("7ABC123", "CA"), ("7ABC123", "NV")]) == {(1, 100, "exact"), (1, 101, "exact")}


def test_each_read_of_a_plate_has_its_own_row_in_the_order_of_the_reads():
    found = matched(["7XYZ999", "7ABC123", "7ABC123"], ["7ABC124", "7ABC123"])
    assert list(zip(found["read_id"], found["kind"], strict=True)) == [
        (2, "exact"), (2, "edit1"), (3, "exact"), (3, "edit1"),
    ]  # fmt: skip


def test_a_missing_or_empty_plate_matches_nothing():
    assert matched([None, ""], ["", None, "7ABC123"]).empty


@pytest.mark.parametrize(("seen", "listed"), [([], ["7ABC123"]), (["7ABC123"], []), ([], [])])
def test_nothing_to_match_is_an_empty_frame_with_the_same_columns(seen, listed):
    found = matched(seen, listed)
    full = matched(["7ABC123"], ["7ABC123"])
    assert found.empty
    assert found.columns.tolist() == full.columns.tolist()


@pytest.mark.parametrize("plate", ["7abc123", "7ABC 12", "7ABC12Ö", "7AB\x00C1", "7ABC12\x00"])
def test_a_plate_that_was_not_normalised_is_an_error_and_not_a_miss(plate):
    with pytest.raises(MalformedError) as refused:
        matched([plate], ["7ABC123"])
    assert plate not in str(refused.value)
    with pytest.raises(MalformedError):
        PlateIndex.build(entries(plate))


def test_a_listed_plate_beyond_all_reason_is_refused():
    with pytest.raises(MalformedError):
        PlateIndex.build(entries("A" * (MAX_LENGTH + 1)))


def test_ids_of_any_kind_come_back_as_they_were():
    seen = reads("7ABC123").assign(read_id=[(20_000 << 32) | 7])
    found = PlateIndex.build(entries("7ABC123").assign(entry_id=["e-1"])).match(seen)
    assert (found["read_id"][0], found["entry_id"][0]) == ((20_000 << 32) | 7, "e-1")


# ── states ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("region", ["CA", "ca", "us-ca", "US-CA"])
def test_states_agree_in_any_spelling_of_the_region(region):
    assert bool(only_row(("7ABC123", region), ("7ABC123", "CA"))["state_agrees"])


@pytest.mark.parametrize(("region", "state"), [(None, "CA"), ("", "CA"), ("us", "CA"), ("ca", ""), ("ca", None)])
def test_agreement_is_unknown_where_either_state_is(region, state):
    assert only_row(("7ABC123", region), ("7ABC123", state))["state_agrees"] is pd.NA


@pytest.mark.clause("422.3")
def test_an_exact_plate_of_another_state_is_kept_behind_the_others():
    found = matched([("7ABC123", "ca")], [("7ABC123", "NV"), ("7A8C123", "CA"), ("7ABC123", "")])
    assert found["entry_id"].tolist() == [102, 101, 100]
    assert found["kind"].tolist() == ["exact", "folded", "exact"]
    assert found["state_agrees"].tolist() == [pd.NA, True, False]


def test_one_edit_and_another_state_is_no_match():
    listed = [("7ABC124", "NV"), ("7ABC124", "CA"), ("7ABC124", "")]
    assert kinds([("7ABC123", "CA")], listed) == {(1, 101, "edit1"), (1, 102, "edit1")}


# ── why ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(f)")
def test_a_match_says_which_characters_differ():
    row = only_row("7A8C128", "7ABC123")
    assert row["differences"] == [
        {"position": 3, "read": "8", "listed": "B", "alike": True},
        {"position": 7, "read": "8", "listed": "3", "alike": False},
    ]
    assert json.loads(json.dumps(row["differences"])) == row["differences"]


@pytest.mark.parametrize(
    ("read", "listed", "expected"),
    [
        ("ABC123", "ABC123", []),
        ("ABXC123", "ABC123", [(3, "X", "")]),
        ("AC123", "ABC123", [(2, "", "B")]),
        ("ABC12", "ABC123", [(6, "", "3")]),
        ("ABC1123", "ABC123", [(4, "1", "")]),
        ("AOB12O", "AB120", [(2, "O", ""), (6, "O", "0")]),
        ("AB120", "AOB12O", [(2, "", "O"), (5, "0", "O")]),
        ("O0B123", "0B123", [(1, "O", "")]),
    ],
)
def test_positions_count_in_the_read_from_one(read, listed, expected):
    assert [(d["position"], d["read"], d["listed"]) for d in explain(read, listed)] == expected


def test_plates_that_cannot_match_are_not_explained():
    with pytest.raises(ValueError, match="not one edit apart"):
        explain("ABC123", "ABC1")


# ── the oracle ─────────────────────────────────────────────────────────────────────────────────────────────────────


def distance(one, other):
    """Levenshtein distance, the textbook way."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def expected_kind(read, listed, min_length):
    if not read or not listed:
        return None
    if read == listed:
        return "exact"
    if fold(read) == fold(listed):
        return "folded"
    short = min(len(read), len(listed)) < min_length
    return None if short or distance(fold(read), fold(listed)) != 1 else "edit1"


few_letters = st.text("A0OB81", max_size=9)  # few letters: many near misses
some_letters = st.text("ABCDO0123", min_size=4, max_size=20)
regions = st.sampled_from([None, "CA", "nv"])
states = st.sampled_from(["", "CA", "NV"])


@settings(max_examples=300)
@given(
    st.lists(st.tuples(few_letters | some_letters, regions), max_size=12),
    st.lists(st.tuples(few_letters | some_letters, states), max_size=12),
    st.integers(1, 6),
)
@example([("AAAAAA", None)], [("AAAAA", ""), ("AAAAAAA", ""), ("AAABAAA", "")], 5)
@example([("ABABA", None)], [("BABAB", ""), ("BABA", ""), ("ABAAB", "")], 4)  # transposed is two edits
def test_matches_are_what_brute_force_finds(seen, listed, min_length):
    expected = set()
    for read_id, (read, region) in enumerate(seen, start=1):
        for entry_id, (plate, state) in enumerate(listed, start=100):
            kind = expected_kind(read, plate, min_length)
            contradicts = bool(region and state and region.upper() != state)
            if kind and not (kind == "edit1" and contradicts):
                expected.add((read_id, entry_id, kind))
    found = matched(seen, listed, edit1_min_length=min_length)
    rows = list(zip(found["read_id"], found["entry_id"], found["kind"], strict=True))
    assert set(rows) == expected
    assert len(rows) == len(expected)


@settings(max_examples=300)
@given(few_letters, few_letters)
@example("AB1", "AA")
def test_candidates_are_compared_character_by_character_whatever_their_hashes(read, listed):
    one, other = (_Spelling.of([plate], 10) for plate in (read, listed))
    row = np.zeros(1, np.int64)
    assert _one_edit_apart(one, row, other, row).tolist() == [distance(fold(read), fold(listed)) == 1]


@settings(max_examples=300)
@given(few_letters, few_letters)
def test_applying_the_differences_turns_the_listed_plate_into_the_read(read, listed):
    if abs(len(read) - len(listed)) > 1:
        return
    rest, position, rebuilt = list(listed), 0, []
    for difference in explain(read, listed):
        same = difference["position"] - 1 - position
        rebuilt += rest[:same]
        rest = rest[same + bool(difference["listed"]) :]
        rebuilt += [difference["read"]] if difference["read"] else []
        position = len(rebuilt)
        assert difference["read"] != difference["listed"]
    assert "".join(rebuilt + rest) == read


def test_many_plates_at_once_match_as_they_do_alone(monkeypatch):
    monkeypatch.setattr("alpr_assets.lifecycle.matching._CHUNK", 2)
    seen = ["7ABC123", "7ABC124", "XYZ12", "7A8C123", "QQQQQQ"]
    listed = ["7ABC123", "XYZI2", "XYZ123"]
    alone = {(i, entry, kind) for i, one in enumerate(seen, 1) for _, entry, kind in kinds([one], listed)}
    assert kinds(seen, listed) == alone
