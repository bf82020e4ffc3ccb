"""The canvass: who was near, the most telling first, with the reasons."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.lifecycle.watches.areas import Circle, area_of
from alpr_assets.search.canvass import gathering, vehicles
from alpr_assets.search.canvass.incidents import Description
from alpr_assets.search.reads import Window
from tests.search.canvass.conftest import incident, weekly
from tests.search.traffic import AT, CENTRE, Pass, after, place, put

SOME = [-6, -5, -4, -3, -2, -1, 1, 2]


@pytest.mark.clause("422.4(c)")
def test_a_stranger_ranks_above_a_residents_daily_car(run, store, recorder):
    put(
        store,
        [
            Pass("1RES111", after(-60)),
            *weekly("1RES111", SOME),
            Pass("9STR999", after(60)),
            Pass("8FAR888", east_m=2000),
        ],
    )
    found = run(incident())
    frame = found.vehicles
    assert list(frame.columns) == list(vehicles.COLUMNS)
    assert list(found.reads.columns) == list(gathering.COLUMNS)
    assert frame["plate"].tolist() == ["9STR999", "1RES111"]
    assert frame["weeks_here"].tolist() == [0, 8]
    assert frame["weeks"].tolist() == [8, 8]
    assert "never here at such hours in 8 other weeks" in frame["reasons"][0][0]
    assert "here at such hours in 8 of 8 other weeks" in frame["reasons"][1][0]
    assert found.n_seen == 2
    (entry,) = recorder.entries
    assert sorted(result.id for result in entry.results) == sorted(found.reads["read_id"])


def test_a_commuter_at_an_odd_hour_stands_between_resident_and_stranger(run, store):
    put(store, [
        Pass("1RES111"), *weekly("1RES111", SOME), Pass("9STR999"), Pass("5COM555"),
        *weekly("5COM555", SOME, at=AT + timedelta(hours=10)),
    ])  # fmt: skip
    assert run(incident()).vehicles["plate"].tolist() == ["9STR999", "5COM555", "1RES111"]


def test_nearer_in_place_and_time_ranks_higher(run, store):
    put(store, [Pass("7AAA111", after(1740)), Pass("7BBB222", after(60)), Pass("7CCC333", after(60), east_m=400)])
    frame = run(incident()).vehicles
    assert frame["plate"].tolist() == ["7BBB222", "7CCC333", "7AAA111"]
    assert frame["nearest_m"].round().tolist() == [0, 400, 0]
    assert frame["nearest_s"].tolist() == [60, 60, 1740]
    assert "400 m away, 1 min after" in frame["reasons"][1][0]
    assert isinstance(frame["nearest_at"].dtype, pd.DatetimeTZDtype)


def test_linked_incidents_keep_vehicles_of_all_or_of_at_least_some(run, store):
    later = AT + timedelta(days=2, hours=3)
    put(store, [
        Pass("9STR999"), Pass("9STR999", later, east_m=3000), Pass("7AAA111"), Pass("7BBB222", later, east_m=3000),
    ])  # fmt: skip
    both = incident("A"), incident("B", at=later, east_m=3000)
    assert run(*both).vehicles["plate"].tolist() == ["9STR999"]
    some = run(*both, at_least=1).vehicles
    assert some["plate"].tolist()[0] == "9STR999"
    assert some["incidents"].tolist() == [["A", "B"], ["A"], ["B"]]
    assert "seen at 2 of 2 incidents" in some["reasons"][0]


def test_a_partial_plate_ranks_by_how_well_it_is_explained_and_leaves_the_rest_out(run, store):
    put(store, [Pass("7ABC123"), Pass("7A8C123", confidence=0.6), Pass("9STR999"), Pass("7ABX923")])
    frame = run(incident(), described=Description(partial="7AB??23")).vehicles
    assert frame["plate"].tolist() == ["7ABC123", "7ABX923", "7A8C123"]
    assert frame["explained"].tolist()[2] < 0.3
    assert frame["reasons"][2][-1].startswith("fits the partial plate")


def test_with_a_partial_plate_a_misread_at_one_incident_counts_as_possible(run, store):
    later = AT + timedelta(days=2)
    put(store, [Pass("7ABC123"), Pass("7ABC12B", later, confidence=0.6), Pass("7ABC124", later)])
    both = incident("A"), incident("B", at=later)
    assert run(*both).vehicles.empty
    frame = run(*both, described=Description(partial="7AB*")).vehicles
    best = frame[frame["plate"] == "7ABC123"].iloc[0]
    assert (best["n_incidents"], best["n_possible"]) == (2, 1)
    assert any("only possible" in reason for reason in best["reasons"])
    shown = run(*both, described=Description(partial="7AB*")).reads
    assert "7ABC12B" in set(shown["plate"])


def test_a_misread_of_a_resident_ranks_below_a_stranger(run, store):
    put(store, [Pass("1RES118", confidence=0.7), *weekly("1RES11B", SOME), Pass("9STR999", confidence=0.7)])
    frame = run(incident()).vehicles
    assert frame["plate"].tolist() == ["9STR999", "1RES118"]
    assert any("may be a misread" in reason for reason in frame["reasons"][1])
    assert not any("may be a misread" in reason for reason in frame["reasons"][0])


def test_state_heading_and_device_narrow_and_the_unknown_stays(run, store):
    put(store, [
        Pass("7AAA111"), Pass("7BBB222", region="nv"), Pass("7CCC333", region=None), Pass("7DDD444", heading=270.0),
        Pass("7EEE555", heading=None), Pass("7FFF666", device="corner-2"),
    ])  # fmt: skip
    described = Description(state="CA", heading_deg=80.0, devices=("corner-1",))
    assert sorted(run(incident(), described=described).vehicles["plate"]) == ["7AAA111", "7CCC333", "7EEE555"]


def test_a_drawn_area_with_a_hole_over_cell_borders(run, store):
    """The cells' borders run through it; what lies in the hole is outside."""

    def ring(half_m):
        corners = [place(x * half_m, y * half_m) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
        return [[lon, lat] for lat, lon in corners]

    area = area_of({"type": "Polygon", "coordinates": [ring(900), ring(200)]})
    put(
        store,
        [
            Pass("7AAA111", east_m=800, north_m=-800),
            Pass("7BBB222", east_m=10),
            Pass("7CCC333", east_m=-700),
            Pass("7DDD444", east_m=950),
        ],
    )
    frame = run(incident(areas=(area,))).vehicles
    assert sorted(frame["plate"]) == ["7AAA111", "7CCC333"]
    assert frame["nearest_m"].isna().all()


def test_several_places_and_times_of_one_incident_count_once(run, store):
    two = (Circle(*CENTRE, 300.0), Circle(*place(200, 0), 300.0))
    windows = (Window(after(-600), after(600)), Window(after(-60), after(1200)))
    put(store, [Pass("7AAA111", east_m=100), Pass("7BBB222", after(900), east_m=450)])
    frame = run(incident(areas=two, windows=windows)).vehicles
    assert dict(zip(frame["plate"], frame["n_reads"], strict=True)) == {"7AAA111": 1, "7BBB222": 1}


def test_duplicate_instants_are_two_reads_of_one_vehicle(run, store):
    put(store, [Pass("7AAA111"), Pass("7AAA111", device="corner-2")])
    frame = run(incident()).vehicles
    assert frame["n_reads"].tolist() == [2]


def test_nothing_seen_is_an_empty_answer_with_all_columns(run, store):
    for more in ({}, {"described": Description(partial="7AB*")}):
        found = run(incident("A"), incident("B", east_m=1000), **more)
        assert found.vehicles.empty
        assert list(found.vehicles.columns) == list(vehicles.COLUMNS)
        assert list(found.reads.columns) == list(gathering.COLUMNS)
        assert found.n_seen == 0


def test_progress_is_told_after_each_incident(run, store):
    told = []
    run(incident("A"), incident("B"), progress=lambda done, todo: told.append((done, todo)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("incidents", "more"),
    [
        ((), {}),
        ((incident("A"), incident("A")), {}),
        ((incident(radius_m=9_000.0),), {}),
        ((incident(windows=(Window(AT, AT + timedelta(days=9)),)),), {}),
        ((incident(areas=()),), {}),
        ((incident(at=AT.replace(tzinfo=None), windows=(Window(AT, after(1)),)),), {}),
        ((incident(),), {"at_least": 2}),
        ((incident(),), {"at_least": 0}),
        ((incident(),), {"described": Description(partial="7A[")}),
    ],
)  # fmt: skip
def test_what_cannot_be_canvassed_is_refused(run, store, incidents, more):
    with pytest.raises(MalformedError):
        run(*incidents, **more)


def test_a_grant_for_something_else_opens_nothing(run, store):
    with pytest.raises(AccessRefusedError):
        run(incident(), action=Action.PLATE_HISTORY)
