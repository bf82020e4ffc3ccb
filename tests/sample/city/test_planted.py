"""What is planted can be found: the offender at each of his incidents, the convoy together, the clone somewhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.sample.city.planted import NEAR_M, NEAR_S
from tests.sample.city.cities import all_of, metres, small


@pytest.fixture(scope="module")
def city():
    return small(n_series=4, n_incidents=5, n_convoys=2, n_together=6)


@pytest.fixture(scope="module")
def frames(city):
    return all_of(city)


@pytest.mark.clause("422.4(c)")
def test_the_offender_is_read_near_every_one_of_his_incidents(city, frames):
    reads, truth = frames
    assert len(city.planted.incidents) == 20
    n_others = []
    for incident in city.planted.incidents:
        apart = (reads["captured_at"] - pd.Timestamp(incident.at)).abs()
        there = (metres(reads, incident.latitude_deg, incident.longitude_deg) < NEAR_M) & (
            apart < pd.Timedelta(seconds=NEAR_S)
        )
        assert (truth.loc[there, "vehicle"] == incident.vehicle).any(), incident.number
        n_others.append(len(set(truth.loc[there, "vehicle"])) - 1)
    assert np.mean(n_others) > 1  # he hides among others, few as they are in so small a city


def test_the_offender_was_in_the_city_on_days_before(city, frames):
    """To look at the place: of each series, the offender is read within three days before most incidents."""
    reads, truth = frames
    scouted = []
    for incident in city.planted.incidents:
        before = pd.Timestamp(incident.at) - reads["captured_at"]
        seen = (truth["vehicle"] == incident.vehicle) & before.between(pd.Timedelta(hours=12), pd.Timedelta(days=4))
        scouted.append(seen.any())
    assert np.mean(scouted) > 0.7


def test_the_witnesss_partial_matches_the_plate_that_was_driven(city):
    for incident in city.planted.incidents:
        assert parse(incident.partial).matches(city.plate_of(incident.vehicle))


def test_a_convoy_drives_the_same_way_seconds_apart_each_time(city, frames):
    reads, truth = frames
    for convoy in city.planted.convoys:
        assert len(convoy.at) == 6
        together = []
        for at in convoy.at:
            soon = reads["captured_at"].between(pd.Timestamp(at), pd.Timestamp(at) + pd.Timedelta(minutes=15))
            leader, follower = (
                reads[soon & (truth["vehicle"] == one)].drop_duplicates("device_id").set_index("device_id")
                for one in (convoy.leader, convoy.follower)
            )
            apart = (follower["captured_at"] - leader["captured_at"]).dropna().dt.total_seconds()
            assert apart.between(1, 12).all()
            together.append(len(apart) > 0)
        assert sum(together) >= 4


def test_the_cloned_plate_is_read_in_two_places_between_which_nobody_drives_so_fast(city, frames):
    reads, truth = frames
    owner, copy = city.clone()
    assert city.plate_of(owner) == city.plate_of(copy)
    both = reads[truth["plate"] == city.plate_of(owner)].sort_values("captured_at")
    assert set(truth.loc[both.index, "vehicle"]) == {owner, copy}
    seconds = both["captured_at"].diff().dt.total_seconds()
    north, east = both["latitude_deg"].diff() * 111_320, both["longitude_deg"].diff() * 87_700
    assert (np.hypot(north, east) / seconds > 60).any()  # metres a second


def test_all_other_plates_are_on_one_vehicle_each(city):
    plates = [city.plate_of(number) for number in range(len(city.people.kind))]
    assert len(set(plates)) == len(plates) - 1


def test_a_city_without_a_camera_near_any_place_says_so():
    with pytest.raises(ValueError, match="more of them"):
        small(n_fixed=1)
