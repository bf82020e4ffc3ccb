"""A plate's history: exactly these characters, on the reads in force."""

from __future__ import annotations

from datetime import UTC, timedelta
from functools import partial

import pandas as pd
import pytest

from alpr_assets.access.gate import Found
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.access.spool import Spool
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.search import history, querying
from alpr_assets.store import verdicts
from alpr_assets.store.engine import reading, writing
from tests.patrols import AT, DAY, Relabelled, seen
from tests.people import ask, member


def find(through, patrol, plate, **more):
    asked = ask(elements={"plate": plate, **{name: str(value) for name, value in more.items()}})
    search = partial(history.plate_history, engine=patrol.store.engine, plate=plate, **more)
    return through(member(), asked, search).rows


def test_a_plates_reads_come_newest_first_with_place_and_pass(through, patrol, recorder):
    patrol.read(seen("7ABC123"), seen("8XYZ999", seconds=5), seen("7ABC123", seconds=3600))
    frame = find(through, patrol, "7abc-123")
    assert list(frame.columns) == list(history.COLUMNS)
    assert list(frame["captured_at"]) == [AT + timedelta(hours=1), AT]
    assert set(frame["plate"]) == {"7ABC123"}
    assert frame["latitude_deg"].tolist() == [38.005, 38.005]
    assert frame["sighting_id"].nunique() == 2
    assert frame["sure"].all()
    (entry,) = recorder.entries
    assert list(entry.results) == [ResultId("read", DAY, number) for number in frame["read_id"]]


def test_a_plate_nobody_read_has_an_empty_history_with_all_columns(through, patrol, recorder):
    frame = find(through, patrol, "7ABC123")
    assert frame.empty
    assert list(frame.columns) == list(history.COLUMNS)
    assert recorder.entries[0].outcome == "answered"


def test_look_alikes_are_another_plate(through, patrol):
    patrol.read(seen("OABC123"), seen("0ABC123", seconds=60))
    assert find(through, patrol, "0ABC123")["plate"].tolist() == ["0ABC123"]


def test_a_time_window_holds_its_begin_and_not_its_end(through, patrol):
    patrol.read(*(seen("7ABC123", seconds=60 * minute) for minute in range(4)))
    frame = find(through, patrol, "7ABC123", since=AT + timedelta(minutes=1), until=AT + timedelta(minutes=3))
    assert [at.astimezone(UTC) for at in frame["captured_at"]] == [AT + timedelta(minutes=2), AT + timedelta(minutes=1)]


def test_a_state_leaves_other_states_out_and_keeps_the_unknown(through, patrol):
    patrol.read(
        seen({"plate": "7ABC123", "region": "ca"}),
        seen({"plate": "7ABC123", "region": "nv"}, seconds=60),
        seen({"plate": "7ABC123"}, seconds=120),
    )
    frame = find(through, patrol, "7ABC123", state="CA")
    assert [None if pd.isna(region) else region for region in frame["region"]] == [None, "ca"]


def test_only_the_reads_in_force_are_searched(through, patrol):
    """A newer recogniser read it otherwise: the old read stays in the store, and out of the answer."""
    patrol.read(seen("7ABC123"))
    patrol.recognise(newer=Relabelled({"7ABC123": ["7ABC128"]}))
    patrol.group()
    assert find(through, patrol, "7ABC123").empty
    assert len(find(through, patrol, "7ABC128")) == 1
    assert len(patrol.reads()) == 2


@pytest.mark.parametrize("plate", ["", "  ", "7ABC%", "A" * 17, "ÄBC123", "7ABC123'--"])
def test_what_is_no_plate_is_said_to_be_none(through, patrol, recorder, plate):
    with pytest.raises(MalformedError):
        find(through, patrol, plate)
    assert recorder.entries[0].outcome == "failed"


def test_a_grant_for_something_else_opens_nothing(through, patrol):
    search = partial(history.plate_history, engine=patrol.store.engine, plate="7ABC123")
    with pytest.raises(AccessRefusedError):
        through(member(), ask(Action.VIEW_HITS), search)


def test_a_large_answer_spools_the_same_rows(through, patrol, tmp_path, monkeypatch, recorder):
    monkeypatch.setattr(querying, "BATCH", 2)
    patrol.read(*(seen("7ABC123", seconds=60 * minute) for minute in range(5)))

    def encode(frames):
        for frame in frames:
            yield frame[["read_id"]].to_csv(header=False, index=False).encode()

    with Spool(tmp_path / "spool") as spool:
        through(
            member(),
            ask(),
            lambda grant: querying.spooled(
                patrol.store.engine, history.history_query(grant, plate="7ABC123"), spool, encode
            ),
        )
        ids = [int(line) for line in b"".join(spool.chunks()).split()]
    assert ids == find(through, patrol, "7ABC123")["read_id"].tolist()
    assert recorder.entries[0].results == recorder.entries[1].results


def corrected(patrol, plate, *, read_id=None, region=None):
    (read, *_) = patrol.reads() if read_id is None else [row for row in patrol.reads() if row.read_id == read_id]
    row = {
        "day": DAY, "read_id": read.read_id, "plate": plate, "plate_folded": fold(plate), "region": region,
        "reason": "as in the picture", "member_id": 1, "corrected_at": AT,
    }  # fmt: skip
    with writing(patrol.store.engine) as connection:
        connection.execute(verdicts.read_correction.insert(), row)


def shown(frame):
    return [
        [None if pd.isna(one) else one for one in row]
        for row in frame[["plate", "region", "corrected_plate", "corrected_region"]].to_numpy().tolist()
    ]


def test_a_corrected_read_is_found_by_either_plate_and_shows_both(through, patrol):
    """Civ. Code 1798.90.51: beside the read, never over it."""
    patrol.read(seen({"plate": "7ABC123", "region": "ca"}), seen("7ABC124", seconds=60))
    corrected(patrol, "7ABC124", region="nv")
    both = [["7ABC124", None, None, None], ["7ABC123", "ca", "7ABC124", "nv"]]
    assert shown(find(through, patrol, "7ABC124")) == both
    assert shown(find(through, patrol, "7ABC123")) == both[1:]
    assert shown(find(through, patrol, "7ABC124", state="CA")) == both[:1]
    assert shown(find(through, patrol, "7ABC123", state="NV")) == both[1:]


def test_only_the_newest_correction_of_a_read_finds_it(through, patrol):
    patrol.read(seen("7ABC123"))
    corrected(patrol, "7ABC124")
    corrected(patrol, "7ABC125")
    assert find(through, patrol, "7ABC124").empty
    assert shown(find(through, patrol, "7ABC125")) == [["7ABC123", None, "7ABC125", None]]


def test_a_correction_back_to_what_was_read_is_one_row(through, patrol):
    patrol.read(seen("7ABC123"))
    corrected(patrol, "7ABC124")
    corrected(patrol, "7ABC123")
    assert shown(find(through, patrol, "7ABC123")) == [["7ABC123", None, "7ABC123", None]]


def test_a_history_is_found_by_its_indexes_not_by_looking_at_every_read(through, patrol):
    """Both halves and the reads by key, however many corrections there are."""
    query = []

    def planned(grant):
        query.append(history.history_query(grant, plate="7ABC123").statement)
        return Found((), ())

    through(member(), ask(elements={"plate": "7ABC123"}), planned)
    with reading(patrol.store.engine) as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("a small table's plan on PostgreSQL says nothing")
        said = query[0].compile(connection, compile_kwargs={"literal_binds": True})
        steps = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}")]
    assert any("ix_read_plate" in step for step in steps), steps
    assert any("ix_read_correction_plate" in step for step in steps), steps
    assert not [step for step in steps if step in {"SCAN read", "SCAN capture", "SCAN read_correction"}], steps
