"""Partial plates: pattern → plates → reads, the best explained first."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pandas as pd
import pytest
from sqlalchemy import insert

from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.access.spool import Spool
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.search import partial as partials
from alpr_assets.search import querying
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import writing
from tests.people import ask, member
from tests.search.traffic import CENTRE, DAY, Pass, after, put


@pytest.fixture
def find(through, store, policy):
    def run(pattern, *, action=Action.PARTIAL_PLATE, **more):
        search = partial(partials.partial_plates, engine=store.engine, pattern=pattern, policy=policy, **more)
        return through(member(), ask(action, elements={"pattern": pattern}), search).rows

    return run


@pytest.mark.clause("422.4(c)")
def test_reads_of_every_plate_meant_come_best_explained_first(find, store, recorder):
    put(store, [
        Pass("7ABC123", confidence=0.7), Pass("7ABX923", after(60)), Pass("7ABC123", after(90), confidence=0.95),
        Pass("8XYZ999", after(120)), Pass("7AB", after(150)),
    ])  # fmt: skip
    frame = find("7AB??23")
    assert list(frame.columns) == list(partials.COLUMNS)
    assert frame["plate"].tolist() == ["7ABC123", "7ABX923", "7ABC123"]
    assert frame["explained"].is_monotonic_decreasing
    assert not frame["possible"].any()
    assert [d["position"] for d in frame["differences"][0]] == [4, 5]
    (entry,) = recorder.entries
    assert list(entry.results) == [ResultId("read", DAY, number) for number in frame["read_id"]]


def test_plates_that_only_look_alike_are_possible_and_only_when_asked_for(find, store):
    put(store, [Pass("7A8C123"), Pass("7ABC123", after(60), confidence=0.85), Pass("7AXC123", after(90))])
    assert find("7AB*")["plate"].tolist() == ["7ABC123"]
    frame = find("7AB*", tolerant=True)
    assert frame["plate"].tolist() == ["7ABC123", "7A8C123"]
    assert frame["possible"].tolist() == [False, True]
    assert frame["differences"].tolist()[1] == []


def test_a_window_an_area_and_a_state_narrow(find, store, recorder):
    put(store, [
        Pass("7ABC123", after(0)), Pass("7ABC124", after(60), east_m=900), Pass("7ABC125", after(120), region="nv"),
        Pass("7ABC126", after(180), region=None), Pass("7ABC127", after(240), placed=False), Pass("7ABC128", after(3600)),
    ])  # fmt: skip
    here = Circle(*CENTRE, 500)
    assert sorted(find("7ABC12?", area=here)["plate"]) == ["7ABC123", "7ABC125", "7ABC126", "7ABC128"]
    frame = find("7A*", since=after(0), until=after(3600), area=here, state="CA")
    assert sorted(frame["plate"]) == ["7ABC123", "7ABC126"]
    assert len(recorder.entries[-1].results) == 2


@pytest.mark.parametrize("pattern", ["*", "7?", "??????", "7A[", ""])
def test_a_pattern_that_says_too_little_or_is_none_is_refused(find, store, pattern):
    with pytest.raises(MalformedError):
        find(pattern)


def test_nothing_found_has_all_columns(find, store):
    frame = find("7AB*", tolerant=True)
    assert frame.empty
    assert list(frame.columns) == list(partials.COLUMNS)


def test_a_grant_for_something_else_opens_nothing(find, store):
    with pytest.raises(AccessRefusedError):
        find("7AB*", action=Action.PLATE_HISTORY)


def test_a_large_answer_spools_the_same_reads_and_names_only_those(
    through, store, policy, tmp_path, monkeypatch, recorder
):
    monkeypatch.setattr(querying, "BATCH", 3)
    put(store, [Pass(f"7ABC{n:03}", after(n), east_m=100 * n) for n in range(12)])
    here = Circle(*CENTRE, 550)

    def encode(frames):
        for frame in frames:
            yield frame[["read_id"]].to_csv(header=False, index=False).encode()

    with Spool(tmp_path / "spool") as spool:
        through(
            member(),
            ask(Action.PARTIAL_PLATE),
            lambda grant: querying.spooled(
                store.engine,
                partials.partial_query(grant, store.engine, pattern="7ABC*", policy=policy, area=here),
                spool,
                encode,
            ),
        )
        ids = [int(line) for line in b"".join(spool.chunks()).split()]
    assert len(ids) == 6
    assert [result.id for result in recorder.entries[0].results] == ids


def test_times_are_utc_and_the_end_of_a_window_is_excluded(find, store):
    put(store, [Pass("7ABC123", after(60 * n)) for n in range(4)])
    frame = find("7ABC12?", since=after(60), until=after(180))
    assert sorted(frame["captured_at"]) == [after(60), after(120)]
    assert all(at.utcoffset() == timedelta(0) for at in frame["captured_at"])
    assert isinstance(frame["captured_at"].dtype, pd.DatetimeTZDtype)


def test_what_a_person_read_instead_is_found_and_counts_as_sure(find, store):
    put(store, [Pass("7ABC123"), Pass("8XYZ999", after(60)), Pass("7ABC124", after(120)), Pass("8XYZ998", after(180))])
    first = schema.numbered(DAY, 1)
    with writing(store.engine) as connection:
        for number, plate in ((1, "7ABC777"), (1, "7ABC999"), (2, "7ABD000")):
            row = {
                "day": DAY, "read_id": first + number, "plate": plate, "plate_folded": plate, "reason": "as the picture shows",
                "member_id": 7, "corrected_at": after(900),
            }  # fmt: skip
            connection.execute(insert(verdicts.read_correction), row)
    for more in ({}, {"area": Circle(*CENTRE, 500), "since": after(0), "until": after(300)}):
        frame = find("7ABC*", **more)
        assert frame["plate"].tolist() == ["8XYZ999", "7ABC123", "7ABC124"]
        assert frame["corrected_plate"].fillna("").tolist() == ["7ABC999", "", "7ABD000"]
        assert frame["explained"].tolist()[::2] == [1.0, 0.0]
        assert frame["possible"].tolist() == [False, False, False]
