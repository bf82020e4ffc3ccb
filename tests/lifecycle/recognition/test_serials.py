"""The grammar is evidence and no more: it decides between likenesses, and overturns nothing that is clearly read."""

from __future__ import annotations

import math
import random
import re
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alpr_assets.lifecycle.recognition.recogniser import Candidate
from alpr_assets.lifecycle.recognition.regions import STATES
from alpr_assets.lifecycle.recognition.serials import EUROPE, MOST, OTHERS, SERIES, WEIGHT_KNOWN, evidence, reranked

plates = st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=9)
regions = st.none() | st.sampled_from([*SERIES, "xx"])
shares = st.floats(0, 1)
certainties = st.none() | shares
# A clear reading that no state issues, before one that is issued.
NONSENSE = [Candidate("OIQOIQO", 1.0), Candidate("8ABC123", 0.01)]


@st.composite
def read_candidates(draw: st.DrawFn) -> list[Candidate]:
    """As a reader gives them: different strings, best first."""
    names = draw(st.lists(plates, min_size=1, max_size=5, unique=True))
    confidences = sorted(draw(st.lists(shares, min_size=len(names), max_size=len(names))), reverse=True)
    return [Candidate(name, p) for name, p in zip(names, confidences, strict=True)]


def best(*candidates: tuple[str, float], region: str | None = None, certainty: float | None = None) -> str:
    return reranked([Candidate(*candidate) for candidate in candidates], region, certainty)[0].plate


# ── what the grammar may do ────────────────────────────────────────────────────────────────────────────────────────


@given(read_candidates(), regions, certainties, st.booleans())
def test_every_candidate_stays_with_its_own_probability_as_read(candidates, region, certainty, is_long):
    answer = reranked(candidates, region, certainty, is_long=is_long)
    assert sorted(answer, key=repr) == sorted(candidates, key=repr)


@given(read_candidates(), regions, certainties, st.booleans())
def test_only_strings_as_long_as_the_first_are_compared(candidates, region, certainty, is_long):
    answer = reranked(candidates, region, certainty, is_long=is_long)
    length = len(candidates[0].plate)
    assert len(answer[0].plate) == length
    of_other_length = [candidate for candidate in candidates if len(candidate.plate) != length]
    assert list(answer[len(answer) - len(of_other_length) :]) == of_other_length


@settings(max_examples=300)
@given(
    candidates=read_candidates(), sure=st.floats(0.99, 1), state=st.tuples(regions, certainties), is_long=st.booleans()
)
@example(candidates=NONSENSE, sure=0.99, state=("ca", 1.0), is_long=False)
@example(candidates=NONSENSE, sure=0.99, state=("tx", 1.0), is_long=True)
def test_what_is_clearly_read_is_never_overturned(candidates, sure, state, is_long):
    first, *others = candidates
    shared = sum(other.confidence for other in others) or 1.0
    clear = [Candidate(first.plate, sure)]
    clear += [Candidate(other.plate, (1 - sure) * other.confidence / shared) for other in others]
    assert reranked(clear, *state, is_long=is_long)[0] == clear[0]


def test_the_greatest_swing_is_less_than_what_a_clear_reading_leads_by():
    assert math.log(0.99 / 0.01) > 2 * MOST * WEIGHT_KNOWN


@given(plates, regions, shares, st.booleans())
def test_evidence_is_bounded(plate, region, certainty, is_long):
    assert -MOST <= evidence(plate, region, certainty, is_long=is_long) <= MOST


@given(plates, shares)
def test_a_state_that_is_unknown_changes_nothing(plate, certainty):
    assert evidence(plate, "xx", certainty) == evidence(plate)
    assert evidence(plate, "ca", 0.0) == pytest.approx(evidence(plate))


def test_nothing_to_rank_stays_nothing():
    assert reranked([]) == ()


# ── what it decides ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("read", "issued"),
    [("8A8C123", "8ABC123"), ("BABC123", "8ABC123"), ("8ABC12B", "8ABC128"), ("ABC12O4", "ABC1204")],
)  # fmt: skip
def test_look_alikes_go_to_the_serial_that_is_issued(read, issued):
    assert best((read, 0.5), (issued, 0.4)) == issued
    assert best((issued, 0.5), (read, 0.4)) == issued


def test_the_state_on_the_plate_decides_what_the_country_leaves_open():
    """Texas gives no vowels, so its third letter is no O; in Ohio it may well be."""
    candidates = (("BCO1234", 0.6), ("BCD1234", 0.2))
    assert best(*candidates) == "BCO1234"
    assert best(*candidates, region="tx", certainty=0.99) == "BCD1234"
    assert best(*candidates, region="oh", certainty=0.99) == "BCO1234"


def test_a_doubtful_state_decides_less_than_a_certain_one():
    assert evidence("BCO1234", "tx", 0.99) < evidence("BCO1234", "tx", 0.5) < evidence("BCO1234", "tx", 0.1)


def test_a_sticker_that_would_complete_a_series_is_not_added():
    assert best(("ABC123", 0.5), ("8ABC123", 0.49), region="ca", certainty=1.0) == "ABC123"


def test_a_long_plate_is_from_abroad():
    assert evidence("B123ABC", is_long=True) != evidence("B123ABC")
    assert evidence("AA123AA", is_long=True) > evidence("AA123AA")
    assert evidence("8ABC123", is_long=True) < evidence("8ABC123")


@pytest.mark.parametrize("state", SERIES)
def test_a_states_own_serials_are_likelier_than_by_lot_and_its_first_series_most_where_it_is_named(state):
    rng = random.Random(state)
    letters = "".join(c for c in string.ascii_uppercase if c not in SERIES[state][1])
    pools = {"9": string.digits, "A": letters, "L": string.ascii_uppercase}
    for i, series in enumerate(SERIES[state][2].split()):
        for _ in range(3):
            serial = "".join(rng.choice(pools[kind]) for kind in series)
            assert evidence(serial, state, 1.0) > 0, series
            assert i or evidence(serial, state, 1.0) >= evidence(serial), series


# ── the tables ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_state_has_its_series_and_its_vehicles():
    assert set(SERIES) == set(STATES.values())
    for state, (vehicles, skipped, series) in SERIES.items():
        assert vehicles > 0, state
        assert set(skipped) < set(string.ascii_uppercase), state
        assert all(re.fullmatch("[9AL]{4,7}", one) for one in series.split()), state
        assert len(set(series.split())) == len(series.split()), state


def test_other_shapes_are_written_in_digits_and_letters():
    assert re.fullmatch("([9A]+ ?)+", OTHERS)
    assert re.fullmatch("([9A]+ ?)+", EUROPE)
