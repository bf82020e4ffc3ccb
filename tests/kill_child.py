"""What a process does that may be killed: it says `ready`, waits to be told, does one stage, and says `done`.

The folder holds drops/, hotlists/ and the store's data and keys.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import select

from alpr_assets.lifecycle.captures.landing import land_pending
from alpr_assets.lifecycle.hits.matched import lists_in_force
from alpr_assets.lifecycle.hits.raising import raise_hits
from alpr_assets.lifecycle.hotlists.imports import import_pending
from alpr_assets.lifecycle.recognition.light import LightRecogniser, light_recogniser
from alpr_assets.lifecycle.recognition.pool import executor
from alpr_assets.lifecycle.recognition.reads import recognise_day
from alpr_assets.lifecycle.recognition.sightings import group_day
from alpr_assets.policy import load
from alpr_assets.settings import ROOT
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from tests.builders import impatient
from tests.conftest import NOW, make_store

POLICY = impatient(load(ROOT / "policy" / "422.yaml"))


def landing(store: Store, folder: Path) -> None:
    land_pending(store, folder / "drops", policy=POLICY, now=NOW)


def importing(store: Store, folder: Path) -> None:
    import_pending(store, folder / "hotlists", policy=POLICY, now=NOW)


def recognition(store: Store, folder: Path) -> None:
    with reading(store.engine) as connection:
        days = list(connection.scalars(select(schema.capture_day.c.day).order_by(schema.capture_day.c.day)))
    for day in days:
        with executor(1, None, light_recogniser) as pool:
            figures = POLICY.recognition
            recognise_day(
                store, day, pool, LightRecogniser.version, sure_confidence=figures.sure_confidence, clock=lambda: NOW
            )
        group_day(store, day, pass_seconds=figures.pass_seconds)
        raise_hits(store, day, lists_in_force(store, POLICY), policy=POLICY, now=NOW)


STAGES: dict[str, Callable[[Store, Path], None]] = {
    "landing": landing,
    "importing": importing,
    "recognition": recognition,
}


def work_when_told(pipe: Connection, stage: str, url: str, folder: str) -> None:
    store = make_store(url, Path(folder))
    pipe.send("ready")
    pipe.recv()
    STAGES[stage](store, Path(folder))
    pipe.send("done")
    store.engine.dispose()
