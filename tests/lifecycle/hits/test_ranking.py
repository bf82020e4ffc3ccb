"""The order to look: documented, the same for the same hits, and every part of it pulls the way it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.lifecycle.hits.ranking import CATEGORIES, MATCHES, distance_m, marked, ranked, score
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.matching import explain
from tests.people import NOW

ANTIOCH, OAKLAND = (38.005, -121.806), (37.8044, -122.2712)


def hit(**changes: Any) -> dict[str, Any]:
    return {
        "hit_id": 1, "category": "stolen_vehicle", "match_kind": "exact", "sure": True, "state_agrees": True,
        "confidence": 0.9, "captured_at": NOW, "latitude_deg": ANTIOCH[0], "longitude_deg": ANTIOCH[1], **changes,
    }  # fmt: skip


HITS = st.fixed_dictionaries({
    "hit_id": st.integers(1, 10**6), "category": st.sampled_from(sorted(CATEGORIES)), "match_kind": st.sampled_from(sorted(MATCHES)),
    "sure": st.booleans(), "state_agrees": st.sampled_from([True, False, None]), "confidence": st.floats(0, 1),
    "captured_at": st.integers(0, 10**6).map(lambda s: NOW - timedelta(seconds=s)),
    "latitude_deg": st.sampled_from([None, 37.0, 38.005]), "longitude_deg": st.sampled_from([None, -122.0]),
})  # fmt: skip


def scores(*hits: dict[str, Any], near: tuple[float, float] | None = None) -> list[float]:
    return score(pd.DataFrame(hits), NOW, near=near).tolist()


def test_every_category_of_a_list_has_its_weight() -> None:
    assert {category.value for category in Category} <= set(CATEGORIES)


@pytest.mark.parametrize(
    "weaker",
    [
        {"category": "stolen_plate"}, {"match_kind": "folded"}, {"match_kind": "edit1"}, {"match_kind": "partial"},
        {"sure": False}, {"state_agrees": None}, {"state_agrees": False}, {"confidence": 0.5},
        {"captured_at": NOW - timedelta(minutes=10)}, {"latitude_deg": OAKLAND[0]}, {"latitude_deg": None},
    ],
)  # fmt: skip
def test_each_part_pulls_the_way_it_says(weaker: dict[str, Any]) -> None:
    best, worse = scores(hit(), hit(**weaker), near=ANTIOCH)
    assert best > worse


@given(st.lists(HITS, min_size=1, max_size=12, unique_by=lambda one: one["hit_id"]), st.randoms())
def test_the_order_does_not_depend_on_the_order_they_came_in(hits: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(hits)
    random.shuffle(shuffled)
    first = ranked(pd.DataFrame(hits), NOW, near=ANTIOCH)
    again = ranked(pd.DataFrame(shuffled), NOW, near=ANTIOCH)
    assert first["hit_id"].tolist() == again["hit_id"].tolist()
    assert first["score"].is_monotonic_decreasing
    assert first["score"].between(-40, 100).all()


def test_nothing_to_rank_is_an_empty_order() -> None:
    frame = pd.DataFrame([hit()]).iloc[:0]
    assert ranked(frame, NOW, near=ANTIOCH).empty


def test_a_distance_is_along_the_earth() -> None:
    (found,) = distance_m(pd.DataFrame([hit()]), OAKLAND)
    assert found == pytest.approx(46_600, rel=0.01)
    assert distance_m(pd.DataFrame([hit()]), None).isna().all()


@pytest.mark.parametrize(
    ("read", "listed", "shown"),
    [
        ("7ABC123", "7ABC123", "7ABC123"),
        ("7A8C123", "7ABC123", "7A[8]C123"),
        ("7ABC12", "7ABC123", "7ABC12[]"),
        ("7ABC1233", "7ABC123", "7ABC12[3]3"),
        ("7AC12O", "7ABC120", "7A[]C12[O]"),
    ],
)
def test_the_characters_that_differ_are_marked(read: str, listed: str, shown: str) -> None:
    text = "".join(f"[{one}]" if differs else one for one, differs in marked(read, explain(read, listed)))
    assert text == shown


@given(st.text("ABC018", min_size=5, max_size=8), st.integers(0, 7), st.sampled_from(["", "A", "1", "0"]))
def test_what_is_marked_reads_as_it_was_read(read: str, place: int, other: str) -> None:
    listed = read[:place] + other + read[place + 1 :]
    assert "".join(character for character, _ in marked(read, explain(read, listed))) == read
