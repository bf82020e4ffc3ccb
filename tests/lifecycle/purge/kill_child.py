"""A purge's work in a process that may be killed: it says `ready`, waits to be told, plans, begins or executes, and says `done`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from alpr_assets.policy import load
from alpr_assets.settings import ROOT
from alpr_assets.store.purges import purge_plan
from tests.builders import impatient
from tests.conftest import make_store
from tests.lifecycle.purge.desks import DAY, Desk

POLICY = impatient(load(ROOT / "policy" / "422.yaml"))
DAYS = tuple(DAY + timedelta(days=n) for n in range(3))


def planning(desk: Desk) -> None:
    """What is due, unless it is planned already."""
    if not desk.rows(purge_plan):
        desk.plan()


def beginning(desk: Desk) -> None:
    """Whoever has not approved does; then it is begun."""
    (row,) = desk.rows(purge_plan)
    decided = {one.member_id for one in desk.decisions() if one.kind == "approved"}
    for who in (desk.commander, desk.custodian):
        if who.member_id not in decided:
            desk.approve(row.plan_id, who)
    if row.status in {"planned", "approved"}:
        desk.begin(row.plan_id)


def executing(desk: Desk) -> None:
    (row,) = desk.rows(purge_plan)
    desk.execute(row.plan_id)


STAGES: dict[str, Callable[[Desk], None]] = {"planning": planning, "beginning": beginning, "executing": executing}


def desk_in(folder: Path) -> Desk:
    return Desk(make_store(f"sqlite:///{folder / 'data' / 'alpr.sqlite'}", folder), POLICY, folder)


def purge_when_told(pipe: Connection, stage: str, folder: str) -> None:
    desk = desk_in(Path(folder))
    pipe.send("ready")
    pipe.recv()
    STAGES[stage](desk)
    pipe.send("done")
    desk.store.engine.dispose()
