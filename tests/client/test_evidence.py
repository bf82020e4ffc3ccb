"""Evidence as a person packs it onto a medium, checks it there, books and follows it: `alpr evidence` through a real console."""

from __future__ import annotations

import fcntl
import os
import re
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alpr_assets.access.roles import Action
from alpr_assets.cli import main
from alpr_assets.cli.common import console
from alpr_assets.client import evidence as client_evidence
from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.lifecycle.holds import placing
from alpr_assets.lifecycle.holds.selectors import Ground, Selector
from alpr_assets.settings import settings
from tests.live import CASE, PASSWORD, PURPOSE, STOLEN, Live
from tests.people import MemoryRecorder, ask, gate_for, member, session

WHY = ("--purpose", PURPOSE, "--case", CASE)


@pytest.fixture
def signed_in(live: Live, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An analyst's token in the environment."""
    monkeypatch.setenv("ALPR_TOKEN", live.token())
    monkeypatch.setattr(console, "_width", 200)
    settings.cache_clear()


@pytest.fixture
def hold_id(live: Live) -> int:
    services, who = live.console.services, member()
    deed = partial(
        placing.place, wanted=Selector(pattern=STOLEN), ground=Ground.CRIMINAL, reason="evidence",
        review_on=live.clock.now.date() + timedelta(days=30),
        policy=services.policy,
    )  # fmt: skip
    gate = gate_for(services.policy, who, recorder=MemoryRecorder(), now=live.clock.now)
    placed: placing.Placed = gate.act(session(who), ask(Action.PLACE_HOLD), services.store.engine, deed).rows
    return placed.hold_id


def alpr(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_who_signs_in_at_the_terminal_does_so_for_evidence_only(
    live: Live, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "getpass.getpass", lambda question: PASSWORD if question.startswith("Password") else live.code(user)
    )
    refused = alpr("evidence", "pack", 999, "--to", tmp_path, *WHY, "--user", user)
    assert (refused.exit_code, "no hold 999" in refused.output) == (1, True)


@pytest.mark.clause("422.5")
def test_from_a_hold_to_the_property_room(live: Live, signed_in: None, hold_id: int, tmp_path: Path) -> None:
    medium = tmp_path / "usb"
    medium.mkdir()
    packed = alpr("evidence", "pack", hold_id, "--to", medium, *WHY)
    assert packed.exit_code == 0, packed.output
    (bag,) = medium.iterdir()
    assert f"hold-{hold_id}-" in bag.name
    assert len(list((bag / "data" / "images").iterdir())) == 5
    (package,) = re.findall(r"package (\d+):", packed.output)
    assert "not stamped" in packed.output
    verified = alpr("evidence", "verify", bag)
    assert (verified.exit_code, "It is what left." in verified.output) == (0, True)
    there = ("--bag", bag, *WHY)
    named = ("--item", "26-01234-3", "--media", "USB drive", "--serial", "SN4711", "--to-whom", "locker 7")
    booked = alpr("evidence", "book", package, *there, *named)
    assert "booked as 26-01234-3" in booked.output, booked.output
    (booking,) = re.findall(r"booking (\d+)", booked.output)
    handed = alpr("evidence", "follow", booking, *there, "--to-whom", "District Attorney", "--reason", "hearing")
    assert (handed.exit_code, "intact" in handed.output) == (0, True)
    (bag / "data" / "reads.json").write_text("[]")
    assert "altered: data/reads.json" in alpr("evidence", "verify", bag).output
    broken = alpr("evidence", "follow", booking, *there, "--reason", "check")
    assert (broken.exit_code, "NOT what left" in broken.output) == (1, True)
    again = alpr("evidence", "book", package, *there, *named)
    assert (again.exit_code, "does not hold package" in again.output) == (1, True)
    later = alpr("evidence", "stamp", package, *there)
    assert (later.exit_code, "no time-stamping authority" in later.output) == (1, True)
    nowhere = alpr("evidence", "stamp", package, "--bag", medium, *WHY)
    assert (nowhere.exit_code, "is no package" in nowhere.output) == (1, True)


def test_a_medium_that_takes_something_else_keeps_nothing_of_it(
    signed_in: None, hold_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(bag: Path) -> verifying.Report:
        (bag / "data" / "reads.json").write_text("[]")
        return whole(bag)

    whole = verifying.verify
    monkeypatch.setattr(client_evidence.verifying, "verify", other)
    refused = alpr("evidence", "pack", hold_id, "--to", tmp_path, *WHY)
    assert (refused.exit_code, "is not what left" in refused.output) == (1, True)
    assert not [path for path in tmp_path.iterdir() if "alpr-" in path.name]


def test_what_a_killed_command_left_on_a_medium_is_swept_and_what_another_writes_is_not(
    signed_in: None, hold_id: int, tmp_path: Path
) -> None:
    medium = tmp_path / "usb"
    left, busy = medium / f"{client_evidence.PART}left", medium / f"{client_evidence.PART}busy"
    for folder in (left, busy):
        (folder / "bag").mkdir(parents=True)
    descriptor = os.open(busy, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert alpr("evidence", "pack", hold_id, "--to", medium, *WHY).exit_code == 0
    os.close(descriptor)
    assert [path.name.startswith("alpr-") or path == busy for path in medium.iterdir()] == [True, True]


def test_a_hold_that_is_not_there_and_a_purpose_that_is_none_are_refused(signed_in: None, tmp_path: Path) -> None:
    missing = alpr("evidence", "pack", 999, "--to", tmp_path, *WHY)
    assert (missing.exit_code, "no hold 999" in missing.output) == (1, True)
    why = ("--purpose", "curiosity", "--case", CASE)
    refused = alpr("evidence", "pack", 1, "--to", tmp_path, *why)
    assert (refused.exit_code, "purpose" in refused.output) == (1, True)


def test_the_verifier_is_printed_for_others() -> None:
    assert alpr("evidence", "verifier").output == Path(verifying.__file__).read_text()
