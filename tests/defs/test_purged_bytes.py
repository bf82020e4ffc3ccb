"""After a purge every byte of the department's folders is searched: database, log, pictures, Dagster's home, drops, keys (422.5)."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from PIL import Image
from sqlalchemy import select, update

from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import place_of
from alpr_assets.access.roles import Action, Role
from alpr_assets.defs import retention
from alpr_assets.lifecycle.holds import placing
from alpr_assets.lifecycle.holds.selectors import Ground, Selector
from alpr_assets.lifecycle.purge import drafting, planning
from alpr_assets.lifecycle.purge.on_file import OnFile
from alpr_assets.lifecycle.recognition.light import labelled
from alpr_assets.policy import policy
from alpr_assets.search import history
from alpr_assets.settings import settings
from alpr_assets.store import schema
from alpr_assets.store.engine import open_engine, reading, writing
from tests.builders import drop, jpeg, line
from tests.defs.conftest import Pipeline
from tests.defs.test_retention import right
from tests.people import ask, gate_for, in_office, member, session

TAKEN = datetime(2026, 6, 15, 7, 0, tzinfo=UTC)
DAY = TAKEN.date()
LATER = datetime(2027, 6, 20, 12, tzinfo=UTC)
N_GONE, N_LOOKED_FOR, N_HELD = 1_000, 50, 5


def numbered(kind: str, n: int) -> list[str]:
    """Plates that are found nowhere by chance."""
    return [f"{kind}{i:04}ZQ" for i in range(n)]


def marked(n: int) -> Image.Exif:
    """EXIF whose camera model can be searched for."""
    exif = Image.Exif()
    exif[0x0110] = f"MARKER{n:05}CAM"
    return exif


def came_in(pipeline: Pipeline, plates: list[str]) -> dict[str, str]:
    """A drop with a picture of each plate goes through the pipeline; returns each plate's picture's hash. Markers are by the plate's place."""
    pictures = {f"{i:05}.jpg": labelled(jpeg(i, exif=marked(i)), [{"plate": plate}]) for i, plate in enumerate(plates)}
    lines = [line(file, TAKEN + timedelta(seconds=20 * i)) for i, file in enumerate(pictures)]
    drop(pipeline.folder / "drops" / "one", pictures, lines, shift="one")
    assert pipeline.run("land_drop").success
    assert pipeline.run("process_day", DAY.isoformat()).success
    with writing(pipeline.store.engine) as connection:
        connection.execute(update(schema.capture).values(landed_at=TAKEN + timedelta(hours=9)))
        connection.execute(update(schema.capture_day).values(last_landed_at=TAKEN + timedelta(hours=9)))
        read, capture = schema.read.c, schema.capture.c
        rows = connection.execute(
            select(read.plate, capture.image_sha256).join(schema.capture, capture.capture_id == read.capture_id)
        )
        return dict(rows.tuples().all())


def searched(pipeline: Pipeline, plates: list[str]) -> None:
    """An analyst asks for each of these, through the gate and into the real record."""
    analyst = member(trained_until=date(2028, 1, 1))
    with AccessRecord(place_of(settings())) as record:
        gate = gate_for(policy(), analyst, recorder=record, now=LATER)
        for plate in plates:
            question = ask(Action.PLATE_HISTORY, elements={"plate": plate})
            answer = gate.answer(
                session(analyst), question, partial(history.plate_history, engine=pipeline.store.engine, plate=plate)
            )
            assert len(answer.rows)


def purged(pipeline: Pipeline) -> None:
    """Held, planned, approved, begun; executed by Dagster."""
    trained = {"trained_until": date(2028, 1, 1)}
    commander, custodian = (
        member(Role.COMMANDER, member_id=1, **trained),
        member(Role.CUSTODIAN, member_id=2, **trained),
    )
    gate, key = gate_for(policy(), commander, custodian, now=LATER), planning.key_of(settings())
    in_office(pipeline.store.engine, date(2027, 1, 1))

    def act(who, action, deed):
        return gate.act(session(who), ask(action, elements={}), pipeline.store.engine, deed).rows

    hold = partial(
        placing.place, wanted=Selector(pattern="9H0*"), ground=Ground.CRIMINAL, reason="evidence", review_on=date(2027, 9, 1),
        policy=policy(),
    )  # fmt: skip
    act(custodian, Action.PLACE_HOLD, hold)
    on_file = {name: OnFile(f"{name} 1", date(2027, 5, 1)) for name in ("resolution", "consent")}
    act(custodian, Action.PLAN_PURGE, partial(drafting.ask, **on_file, policy=policy()))
    assert pipeline.run("draft_purge").success
    plan_id = 1
    for who in (commander, custodian):
        agreed = partial(planning.approve, plan_id=plan_id, reason="as scheduled", policy=policy(), key=key)
        act(who, Action.APPROVE_PURGE, agreed)
    begun = partial(planning.begin, plan_id=plan_id, key=key, seen=right(), policy=policy())
    act(custodian, Action.PLAN_PURGE, begun)
    assert pipeline.run("execute_purge").success


def holding(folder: Path, *texts: str) -> dict[str, set[str]]:
    """By each text, the files below a folder that hold it or are named by it."""
    found: dict[str, set[str]] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        for one in texts:
            if one.encode() in content or one in path.name:
                found.setdefault(one, set()).add(str(path.relative_to(folder)))
    return found


def without_lists(database: Path, copy: Path) -> Path:
    """The database as it would be without its hot lists' entries, which have their own schedule."""
    shutil.copy2(database, copy)
    engine = open_engine(f"sqlite:///{copy}")
    with writing(engine) as connection:
        connection.execute(schema.hotlist_entry.delete())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return copy


@pytest.mark.long
@pytest.mark.clause("422.5")
def test_no_byte_of_what_was_purged_is_left_and_what_is_held_is(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone, looked_for, held = numbered("8P", N_GONE), numbered("7S", N_LOOKED_FOR), numbered("9H", N_HELD)
    (tmp_path / "dagster_home").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster_home")) as instance:
        pipeline = replace(pipeline, instance=instance)
        pipeline.list_plates(*looked_for)
        assert pipeline.run("import_hotlists").success
        hashes = came_in(pipeline, [*gone, *looked_for, *held])
        searched(pipeline, looked_for)
        monkeypatch.setattr(retention, "now", lambda: LATER)
        monkeypatch.setattr(retention, "look", lambda *_: right())
        before = holding(tmp_path, *gone, *looked_for, *held, *hashes.values())
        assert set(before) == {*gone, *looked_for, *held, *hashes.values()}
        assert pipeline.run("judge_retention").success
        purged(pipeline)
    pipeline.store.engine.dispose()
    markers = [f"MARKER{n:05}CAM" for n in range(len(hashes))]
    of_gone = [digest for plate, digest in hashes.items() if plate not in held]
    assert holding(tmp_path, *gone, *of_gone, *markers) == {}
    after = holding(tmp_path, *looked_for, *held, *(hashes[plate] for plate in held))
    assert {file for plate in looked_for for file in after[plate]} == {"data/alpr.sqlite"}
    assert set(after) == {*looked_for, *held, *(hashes[plate] for plate in held)}
    copy = without_lists(tmp_path / "data" / "alpr.sqlite", tmp_path / "copy.sqlite")
    assert not [plate for plate in looked_for if plate.encode() in copy.read_bytes()], (
        "a list's plate stands in its entries only"
    )
    with reading(pipeline.store.engine) as connection:
        assert set(connection.scalars(select(schema.read.c.plate))) == set(held)
    for plate in held:
        assert pipeline.store.images.picture(DAY, hashes[plate])
