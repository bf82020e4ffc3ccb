"""A race's two processes: one places a hold a capture, the other purges the day meanwhile; each says what it did of a day it was told."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from pathlib import Path

from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge import destroying
from alpr_assets.lifecycle.purge.planning import manifests_of
from alpr_assets.lifecycle.retention.judging import eligible
from alpr_assets.store.engine import reading
from tests.conftest import make_store
from tests.lifecycle.purge.desks import Desk, numbered
from tests.lifecycle.purge.kill_child import POLICY

LOOKED_SECONDS = 0.02
"""How long the careless purge thinks between looking and destroying."""


def hold_days(pipe: Connection, url: str, folder: str, per_day: str) -> None:
    """Of each day told: a hold on each of its captures, until one is gone; answers with how many were acknowledged."""
    desk = Desk(make_store(url, Path(folder)), POLICY, Path(folder))
    pipe.send("ready")
    for day in iter(pipe.recv, None):
        acknowledged = 0
        for number in range(1, int(per_day) + 1):
            try:
                desk.hold(Selector(captures=((day, numbered(number, day)),)))
            except NotFoundError:
                break
            acknowledged = number
        pipe.send(acknowledged)
    desk.store.engine.dispose()


def purge_days(pipe: Connection, url: str, folder: str, care: str) -> None:
    """Of each purge told, with the seconds until it begins: executes it, and answers with how many captures it destroyed.

    care : `careless`: what is due and held is looked at first, and destroyed later, as one easily writes it
    """
    desk = Desk(make_store(url, Path(folder)), POLICY, Path(folder))
    pipe.send("ready")
    for plan_id, seconds in iter(pipe.recv, None):
        time.sleep(seconds)
        if care == "careless":
            looked_first(desk, plan_id)
        pipe.send(desk.execute(plan_id).n_destroyed)
    desk.store.engine.dispose()


def looked_first(desk: Desk, plan_id: int) -> None:
    with reading(desk.store.engine) as connection:
        (of,) = manifests_of(connection, plan_id)
        due = eligible(connection, of.day, policy=desk.policy, on=desk.now.date())
    destroying.eligible = lambda *_, **__: due
    time.sleep(LOOKED_SECONDS)
