"""A simulated city is the same from the same seed, and its reads have the statistics that were asked for."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from alpr_assets.sample.city import clock
from alpr_assets.sample.city.misreads import MISREAD
from alpr_assets.sample.city.pictures import READ_COLUMNS, TRUTH_COLUMNS
from alpr_assets.sample.city.simulate import City, Size, simulate
from alpr_assets.store.cells import cell_of
from tests.sample.city.cities import FIRST_DAY, all_of, digest, small

SATURDAY = 5


@pytest.fixture(scope="module")
def city() -> City:
    return small()


@pytest.fixture(scope="module")
def frames(city) -> tuple[pd.DataFrame, pd.DataFrame]:
    return all_of(city)


def test_same_seed_same_reads_in_whatever_order_days_are_asked_for(city):
    some = [city.size.utc_days[i] for i in (30, 3, 4)]
    assert [digest(small().day(day)) for day in sorted(some)] == [digest(city.day(day)) for day in sorted(some)]
    assert digest(small(seed=1).day(some[0])) != digest(city.day(some[0]))
    assert small(seed=1).size.fingerprint() != city.size.fingerprint() == small().size.fingerprint()


def test_simulate_yields_the_citys_days(city):
    size = Size(seed=422, first_day=FIRST_DAY, n_days=2, n_vehicles=500)
    assert [digest(day) for day in simulate(size)] == [digest(day) for day in City(size).days()]


def test_frames_have_their_documented_columns_row_by_row(city):
    day = city.day(FIRST_DAY)
    assert list(day.reads) == list(READ_COLUMNS)
    assert list(day.truth) == list(TRUTH_COLUMNS)
    assert len(day.reads) == len(day.truth)
    assert not day.reads.drop(columns=["region", "region_confidence"]).isna().any(axis=None)


def test_each_day_holds_its_own_24_hours_by_time_also_where_the_clock_is_changed(city):
    days = list(city.days())
    assert date(2026, 3, 8) in [day.day for day in days]
    for day in days:
        at = day.reads["captured_at"]
        assert at.is_monotonic_increasing
        assert set(at.dt.date) == {day.day}
        assert at.dt.hour.min() <= 1
        assert at.dt.hour.max() == 23


def test_rush_hours_stay_at_the_wall_clocks_hours_when_the_clock_is_changed(city):
    """A commuter leaves at half past seven before and after 8 March: in UTC an hour earlier."""
    for monday, utc_hour in ((date(2026, 3, 2), 15), (date(2026, 3, 9), 14)):
        counts = city.day(monday).reads["captured_at"].dt.hour.value_counts()
        morning = counts[[hour for hour in range(9, 20) if hour in counts]]
        assert abs(int(morning.idxmax()) - utc_hour) <= 1


@pytest.mark.long
def test_a_vehicle_is_read_about_twenty_times_in_a_year():
    reads, truth = all_of(small(n_days=366, n_vehicles=1500, seed=1))
    assert 14 < len(reads) / 1500 < 32
    assert 14 < len(reads) / reads["plate"].nunique() < 32
    by_kind = truth.groupby("kind", observed=True)["vehicle"].agg(lambda vehicles: len(vehicles) / vehicles.nunique())
    assert by_kind["van"] > by_kind["commuter"] > by_kind["resident"] > 20 * by_kind["visitor"]


@pytest.mark.parametrize("misread", [0.0, MISREAD, 0.3])
def test_as_many_reads_are_wrong_as_were_asked_for(misread):
    reads, truth = all_of(small(misread=misread, n_days=20))
    assert truth["misread"].mean() == pytest.approx(misread, abs=0.006)
    assert ((reads["plate"] != truth["plate"]) == truth["misread"]).all()


def test_a_wrong_read_is_less_sure_and_mostly_has_the_truth_among_its_candidates(frames):
    reads, truth = frames
    wrong = truth["misread"]
    assert reads.loc[wrong, "confidence"].median() < reads.loc[~wrong, "confidence"].median() - 0.2
    knows = (reads["second"] == truth["plate"]) | (reads["third"] == truth["plate"])
    assert knows[wrong].mean() == pytest.approx(10 / 12, abs=0.03)
    assert not knows[~wrong].any()


def test_candidates_differ_and_their_confidences_are_shares(frames):
    reads, _ = frames
    assert (reads["second"] != reads["plate"]).all()
    third = reads["third"]
    assert ((third == "") | ((third != reads["plate"]) & (third != reads["second"]))).all()
    total = reads["confidence"] + reads["second_confidence"] + reads["third_confidence"]
    assert total.between(0, 1.0002).all()


def test_commuters_come_from_monday_to_friday_and_residents_drive_on_all_days(city, frames):
    reads, truth = frames
    weekday = reads["captured_at"].dt.tz_convert(clock.ZONE).dt.dayofweek
    commuters = weekday[(truth["kind"] == "commuter") & (truth["vehicle"] != city.clone()[0])]
    assert (commuters < SATURDAY).all()
    assert commuters.value_counts().max() < 1.4 * commuters.value_counts().min()
    assert (weekday[truth["kind"] == "resident"] >= SATURDAY).mean() > 0.1


def test_a_commuter_comes_at_his_own_hour_give_or_take(city, frames):
    reads, truth = frames
    local = reads["captured_at"].dt.tz_convert(clock.ZONE)
    hour = local.dt.hour + local.dt.minute / 60
    entrance = reads["device_id"].isin(city.devices.ids[: len(city.roads.gates)])
    mornings = hour[(truth["kind"] == "commuter") & entrance & (hour < 12)]
    each = mornings.groupby(truth.loc[mornings.index, "vehicle"])
    regular = each.std()[each.size() >= 10]
    assert len(regular) > 100
    assert regular.median() < 0.5 < mornings.std()


def test_patrols_read_what_stands_in_the_street_and_nothing_moves_while_parked(city, frames):
    reads, truth = frames
    parked = reads["device_id"].astype(str).str.startswith("city-unit")
    assert 0.01 < parked.mean() < 0.2
    assert set(truth.loc[parked, "kind"]) <= {"resident", "commuter"}
    places = reads[parked].groupby(truth.loc[parked, "vehicle"])[["latitude_deg", "longitude_deg"]]
    assert ((places.max() - places.min()).max() < 0.003).all()  # its own block, and no other


def test_fixed_cameras_stay_where_they_are_and_see_one_direction(city, frames):
    reads, _ = frames
    fixed = reads[reads["device_id"].isin(city.devices.ids[: city.devices.n_fixed])]
    of_device = fixed.groupby("device_id", observed=True)[["latitude_deg", "longitude_deg", "heading_deg"]]
    assert (of_device.max() == of_device.min()).all(axis=None)
    assert len(of_device) == city.devices.n_fixed


def test_cells_are_the_stores(frames):
    some = frames[0].sample(300, random_state=1)
    wanted = [cell_of(lat, lon) for lat, lon in zip(some["latitude_deg"], some["longitude_deg"], strict=True)]
    assert some["cell"].tolist() == wanted


def test_pictures_of_a_pass_show_one_vehicle_at_one_reader_a_moment_apart(frames):
    reads, truth = frames
    device = reads["device_id"].cat.codes
    passes = reads.assign(vehicle=truth["vehicle"], device=device).groupby(
        [reads["captured_at"].dt.date, "pass_number"]
    )
    of_pass = passes[["vehicle", "device"]]
    assert (of_pass.max() == of_pass.min()).all(axis=None)
    lasting = passes["captured_at"].max() - passes["captured_at"].min()
    assert lasting.max() < pd.Timedelta(seconds=1)
    assert passes.size().mean() == pytest.approx(1.65, abs=0.03)


def test_vehicles_drive_at_speeds_of_the_road_between_two_cameras(city, frames):
    """But for the clone: the same plate in two places at once is planted."""
    reads, truth = frames
    one_way = reads.assign(vehicle=truth["vehicle"]).sort_values(["vehicle", "captured_at"])
    step = one_way.groupby("vehicle")
    seconds = step["captured_at"].diff().dt.total_seconds()
    north = step["latitude_deg"].diff() * 111_320
    east = step["longitude_deg"].diff() * 87_700
    speed = np.hypot(north, east) / seconds
    assert speed[seconds > 5].quantile(0.999) < 45  # metres a second


def test_cities_that_could_be_none_are_refused():
    usual = {"seed": 1, "first_day": FIRST_DAY, "n_days": 1, "n_vehicles": 500}
    for wrong in ({"n_days": 0}, {"n_vehicles": 10}, {"n_fixed": 0}, {"misread": 1.2}):
        with pytest.raises(ValueError, match=r"city|share"):
            Size(**{**usual, **wrong})
    city = City(Size(**usual))
    for beyond in (FIRST_DAY - timedelta(days=1), FIRST_DAY + timedelta(days=1)):
        with pytest.raises(ValueError, match="none of"):
            city.day(beyond)


def test_the_seeds_of_neighbouring_days_and_cities_have_nothing_in_common(city):
    days = [city.day(day).reads["captured_at"].dt.time for day in city.size.utc_days[10:13]]
    for one, other in pairwise(days):
        assert len(set(one) & set(other)) < 5
