"""What chance gives: the p-values of vehicles that know nothing of each other are spread as they should be."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.search.convoy import chance
from alpr_assets.search.convoy.probing import touched
from alpr_assets.search.distances import metres
from alpr_assets.store.cells import cell_of
from tests.search.traffic import place

ZONE = ZoneInfo("America/Los_Angeles")
MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
WEEKS = 26
DAY_S = 86_400
N_CAMERAS = 6
SECONDS, REACH_M = 15.0, 100.0


def commuter(rng, *, camera, hour, days=5, jitter_s=600.0, share=0.9):
    """Passes a camera on working days at about the same hour, and another one now and then."""
    day = np.arange(WEEKS * 7)
    day = day[(day % 7 < days) & (rng.random(len(day)) < share)]
    usual = pd.DataFrame({"camera": camera, "s": day * DAY_S + hour * 3600 + rng.normal(0, jitter_s, len(day))})
    stray = pd.DataFrame({"camera": rng.integers(0, N_CAMERAS, 40), "s": rng.uniform(0, WEEKS * 7 * DAY_S, 40)})
    both = pd.concat([usual, stray], ignore_index=True)
    places = np.array([place(700 * number, 0) for number in range(N_CAMERAS)])
    start = round(MONDAY.timestamp() * 1e6)
    return pd.DataFrame({
        "at_us": start + (both["s"] * 1e6).astype("int64"), "latitude_deg": places[both["camera"], 0],
        "longitude_deg": places[both["camera"], 1], "camera": both["camera"], "moving": False,
    }).sort_values("at_us", ignore_index=True)  # fmt: skip


def counted(target, others, minutes=30.0):
    """Occasions found and expected, of each of many others."""
    frame = pd.concat([one.assign(key=n) for n, one in enumerate(others)], ignore_index=True)
    frame["occasion"] = chance.occasions(frame["key"].to_numpy(), frame["at_us"].to_numpy(), minutes)
    met = np.zeros(len(frame), bool)
    for camera, own in target.groupby("camera"):
        rows = np.flatnonzero(frame["camera"] == camera)
        at = frame["at_us"].to_numpy()[rows]
        near = np.searchsorted(own["at_us"], at)
        for shift in (-1, 0):
            other = own["at_us"].to_numpy()[np.clip(near + shift, 0, len(own) - 1)]
            met[rows] |= np.abs(other - at) <= SECONDS * 1e6
    frame["met"] = met
    found = frame[met].groupby("key")["occasion"].nunique().reindex(range(len(others)), fill_value=0).to_numpy()
    return found, chance.expected(target, frame, reach_m=REACH_M, seconds=SECONDS, zone=ZoneInfo("UTC"))


@pytest.mark.parametrize(("seed", "share", "jitter_s"), [(422, 0.9, 600.0), (3, 0.3, 600.0), (4, 0.9, 300.0)])
def test_p_values_are_uniform_when_nobody_knows_anybody(seed, share, jitter_s):
    """Half of the others share the target's road and hour, where chance meetings are many.

    A count is discrete, so its p-value is spread evenly over the step that it stands on, as is usual; then all of them are uniform.
    """
    rng = np.random.default_rng(seed)
    target = commuter(rng, camera=0, hour=16.0, share=share, jitter_s=jitter_s)
    others = [
        commuter(
            rng, camera=rng.integers(0, 2), hour=rng.choice([15.9, 16.0, 16.1, 20.0]), jitter_s=rng.uniform(300, 900)
        )
        for _ in range(600)
    ]
    found, expected = counted(target, others)
    above = chance.at_least(found + 1, expected)
    p = above + rng.random(len(found)) * (chance.at_least(found, expected) - above)
    ranks = np.sort(p)
    off = np.abs(ranks - (np.arange(len(p)) + 0.5) / len(p)).max()
    assert off < 1.63 / math.sqrt(len(p))  # Kolmogorov and Smirnov, 1 %
    assert (chance.at_least(found, expected) <= 0.05).mean() <= 0.07
    assert found.sum() == pytest.approx(expected.sum(), rel=0.35)


def test_two_that_travel_together_stand_out_of_the_same_traffic():
    rng = np.random.default_rng(5)
    target = commuter(rng, camera=0, hour=16.0)
    trips = target.iloc[rng.choice(len(target), 6, replace=False)]
    follower = pd.concat([commuter(rng, camera=3, hour=9.0), trips.assign(at_us=trips["at_us"] + 4_000_000)])
    found, expected = counted(target, [follower.sort_values("at_us", ignore_index=True)])
    assert found[0] >= 5
    assert chance.at_least(found, expected)[0] < 1e-6


def test_parked_side_by_side_is_no_company():
    """A patrol sees both or neither, each time it comes by."""
    rng = np.random.default_rng(7)
    at = np.sort(rng.uniform(0, WEEKS * 7 * DAY_S, 30) * 1e6).astype(np.int64) + round(MONDAY.timestamp() * 1e6)
    lat, lon = place(0, 0)
    parked = pd.DataFrame({"at_us": at, "latitude_deg": lat, "longitude_deg": lon, "camera": 0, "moving": True})
    found, expected = counted(parked, [parked.assign(at_us=at + 2_000_000)])
    assert found[0] == 30
    assert chance.at_least(found, expected)[0] > 0.2
    fixed = parked.assign(moving=False)
    found, expected = counted(fixed, [fixed.assign(at_us=at + 2_000_000)])
    assert chance.at_least(found, expected)[0] < 1e-6


@given(st.integers(0, 60), st.floats(1e-9, 80))
def test_a_poisson_tail_is_what_its_sum_says(n, mean):
    terms = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(n, n + 600)]
    (tail,) = chance.at_least(np.array([n]), np.array([mean]))
    assert tail == pytest.approx(min(math.fsum(terms), 1.0), rel=1e-6, abs=1e-15)


def test_q_values_are_those_of_benjamini_and_hochberg():
    p = np.array([0.001, 0.2, 0.008, 0.039])
    assert chance.false_discovery(p, 4).tolist() == pytest.approx([0.004, 0.2, 0.016, 0.052])
    assert chance.false_discovery(p, 1000).tolist() == pytest.approx([1.0, 1.0, 1.0, 1.0])
    assert chance.false_discovery(np.zeros(0), 10).tolist() == []


def test_occasions_part_where_the_gap_or_the_vehicle_changes():
    minute = 60_000_000
    at = np.array([0, 10, 39, 69, 0, 31]) * minute
    assert chance.occasions(np.array([0, 0, 0, 0, 1, 1]), at, 30).tolist() == [0, 0, 0, 1, 2, 3]


def test_the_time_of_the_week_is_the_departments_through_a_change_of_the_clocks():
    eight = [datetime(2026, month, day, 8, tzinfo=ZONE) for month, day in ((10, 26), (11, 2))]
    at = np.array([round(one.timestamp() * 1e6) for one in eight])
    assert chance.time_of_week(at, ZONE).tolist() == [8 * 3600, 8 * 3600]


@given(
    st.floats(-70, 70), st.floats(-179, 179), st.floats(1, 400), st.floats(0, 2 * math.pi), st.floats(0, 1)
)  # fmt: skip
def test_every_place_within_reach_lies_in_a_cell_that_is_probed(lat, lon, reach_m, bearing, share):
    other_lat = lat + math.degrees(share * reach_m * math.cos(bearing) / 6_371_008.8)
    other_lon = lon + math.degrees(share * reach_m * math.sin(bearing) / 6_371_008.8 / math.cos(math.radians(lat)))
    if metres(np.array([other_lat]), np.array([other_lon]), lat, lon)[0] <= reach_m:
        assert cell_of(other_lat, other_lon) in touched(np.array([lat]), np.array([lon]), reach_m)[1].tolist()


def test_a_window_over_sunday_midnight_lies_in_one_piece():
    at = round((datetime(2026, 1, 5, 0, 5, tzinfo=ZONE)).timestamp() * 1e6)
    before = round((datetime(2026, 1, 11, 23, 55, tzinfo=ZONE)).timestamp() * 1e6)
    lat, lon = place(0, 0)
    week = int(timedelta(weeks=1).total_seconds() * 1e6)
    target = pd.DataFrame(
        {"at_us": [at + n * week for n in range(20)], "latitude_deg": lat, "longitude_deg": lon, "moving": False}
    )
    other = pd.DataFrame(
        {
            "at_us": [before],
            "latitude_deg": lat,
            "longitude_deg": lon,
            "key": 0,
            "occasion": 0,
            "met": False,
            "moving": False,
        }
    )
    far = other.assign(latitude_deg=lat + 1)
    near, nothing = (chance.expected(target, one, reach_m=100, seconds=15, zone=ZONE)[0] for one in (other, far))
    assert near > 5 * nothing
