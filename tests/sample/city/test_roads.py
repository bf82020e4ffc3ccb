"""Roads: all of the city can be reached, the river only by its bridges, and rush hour takes longer."""

from __future__ import annotations

import numpy as np
import pytest

from alpr_assets.sample.city.roads import BLOCK_M, BRIDGE, COLUMNS, DAY, NIGHT, RIVER_ROW, RUSH, Roads, build, degrees


@pytest.fixture(scope="module")
def roads() -> Roads:
    return build(422)


@pytest.mark.parametrize("seed", range(20))
def test_every_corner_can_be_reached_from_every_gate(seed):
    seconds, _ = build(seed).ways(build(seed).gates, DAY)
    assert np.isfinite(seconds).all()


def test_the_river_is_crossed_on_bridges_only(roads):
    row = np.arange(len(roads.east_m)) // COLUMNS
    of_grid = (row[roads.start] <= RIVER_ROW) & (row[roads.end] <= RIVER_ROW)
    crosses = of_grid & ((row[roads.start] == RIVER_ROW) != (row[roads.end] == RIVER_ROW))
    assert crosses.sum() == 6
    assert (roads.kind[crosses] == BRIDGE).all()


def test_a_way_takes_longest_in_the_rush_hour(roads):
    night, day, rush = (roads.ways(roads.gates, regime)[0].sum() for regime in (NIGHT, DAY, RUSH))
    assert night < day < rush


def test_the_way_back_of_every_block_is_there_with_the_opposite_heading(roads):
    back = roads.between(roads.end, roads.start)
    assert (back >= 0).all()
    turn = (roads.heading_deg[back] - roads.heading_deg) % 360
    assert np.abs(turn - 180).max() < 0.2


def test_where_there_is_no_block_none_is_found(roads):
    assert roads.between(np.array([0]), np.array([len(roads.east_m) - 1]))[0] == -1


def test_places_are_where_the_sample_is(roads):
    latitude, longitude = degrees(roads.east_m, roads.north_m)
    assert latitude.min() > 37.9
    assert latitude.max() < 38.1
    assert longitude.min() > -121.9
    assert longitude.max() < -121.7
    assert np.hypot(*np.diff([roads.east_m[:2], roads.north_m[:2]]))[0] == pytest.approx(BLOCK_M, abs=75)


def test_same_seed_same_roads_and_another_seed_others():
    first, again, other = build(1), build(1), build(2)
    assert (first.east_m == again.east_m).all()
    assert (first.start == again.start).all()
    assert (first.east_m != other.east_m).any()
