"""Packing and booking killed at any moment (SIGKILL): what is on record is whole, and the next run ends as if nothing had happened."""

from __future__ import annotations

import multiprocessing
import random
import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select

from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.lifecycle.holds import settling
from alpr_assets.store.engine import reading
from alpr_assets.store.evidence import evidence_booking, evidence_custody, evidence_item, evidence_package
from alpr_assets.store.holds import hold
from tests.conftest import make_store
from tests.lifecycle.evidence.desks import NOON, Desk, Pass, checked
from tests.lifecycle.evidence.test_booking import book

LONGEST_S = 0.9  # packing and booking one takes about half of it


def work(folder: Path, policy, attempt: int) -> None:
    """Pack the lifted hold, write it to a medium, book it: as a process of its own."""
    desk = at(folder, policy)
    desk.recorder.entries += [None] * 10 * attempt  # its numbers go on where the others' ended
    bag, package_id = desk.packed(1, folder / f"medium-{attempt}")
    book(desk, package_id, checked(bag), item_number=f"item {attempt}", media_serial=f"serial {attempt}")
    desk.store.engine.dispose()


def at(folder: Path, policy) -> Desk:
    return Desk(make_store(f"sqlite:///{folder / 'data' / 'alpr.sqlite'}", folder), policy, folder)


def killed(folder: Path, policy, attempt: int, after_s: float) -> None:
    child = multiprocessing.get_context("fork").Process(target=work, args=(folder, policy, attempt))
    child.start()
    child.join(after_s)
    child.kill()
    child.join()


def assert_consistent(folder: Path, policy) -> bool:
    """All that is on record is whole. Returns whether the hold is settled."""
    desk = at(folder, policy)
    with reading(desk.store.engine) as connection:
        for package in connection.execute(select(evidence_package)):
            items = select(func.count()).where(evidence_item.c.package_id == package.package_id)
            assert connection.scalar(items) == package.n_captures
        for booking in connection.execute(select(evidence_booking)):
            mine = select(evidence_custody.c.kind).where(evidence_custody.c.booking_id == booking.booking_id)
            assert connection.scalars(mine).all() == ["booked"]
        row = connection.execute(select(hold)).one()
        is_booked = connection.scalar(select(func.count()).select_from(evidence_booking)) > 0
        assert (row.settled_at is not None) == is_booked == (not settling.unbooked(connection, row))
    assert not list((folder / "data" / "spool").glob("*"))
    desk.store.engine.dispose()
    return row.settled_at is not None


def kills(tmp_path: Path, policy, n: int, seed: int) -> None:
    chance = random.Random(seed)
    desk = at(_department(tmp_path), policy)
    desk.put(*(Pass("7ABC123", NOON) for _ in range(3)))
    desk.lift(desk.hold(pattern="7ABC123"))
    desk.store.engine.dispose()
    for attempt in range(n):
        folder = tmp_path / f"copy-{attempt}"
        shutil.copytree(tmp_path / "department", folder)
        killed(folder, policy, attempt, chance.uniform(0.05, LONGEST_S))
        if not assert_consistent(folder, policy):
            work(folder, policy, attempt + 1000)
            assert assert_consistent(folder, policy)
            (bag,) = (folder / f"medium-{attempt + 1000}").iterdir()
            assert verifying.verify(bag).status == 0
        shutil.rmtree(folder)


def _department(tmp_path: Path) -> Path:
    folder = tmp_path / "department"
    (folder / "data").mkdir(parents=True)
    return folder


@pytest.mark.clause("422.5")
def test_killed_while_packing_or_booking_the_next_run_ends_right(tmp_path, policy):
    kills(tmp_path, policy, 4, seed=1)


@pytest.mark.long
def test_a_hundred_kills(tmp_path, policy):
    kills(tmp_path, policy, 100, seed=2)
