"""The beginning of the register, and the way back in (422.3.1(a), 422.6(a))."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alpr_assets.access import initial, members, register, signing_in
from alpr_assets.access.acting import Office
from alpr_assets.access.initial import First
from alpr_assets.access.people import Source, Status
from alpr_assets.access.roles import Role
from alpr_assets.cli import main
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.settings import settings
from tests.access.people import HERE, NOW, TITLES, a_member, actor, kept

ADMINISTRATOR = First(user_name="sortiz", name="Sam Ortiz", title=TITLES[Role.ADMINISTRATOR])
COMMANDER = First(user_name="aruiz", name="Ana Ruiz", title=TITLES[Role.COMMANDER])


def test_the_first_two_sign_in_and_approve_the_third(office: Office) -> None:
    one_time = initial.begin(office, [ADMINISTRATOR, COMMANDER], at=NOW, done_by="root")
    (entry,) = kept(office).entries
    assert entry.actor.role == "system"
    assert (entry.details["beginning"], entry.details["done_by"]) == (True, "root")
    assert not any(one.password in repr(entry) or one.password in repr(one) for one in one_time)
    for one in one_time:
        assert signing_in.sign_in(office, one.user_name, one.password, address=HERE, at=NOW)
    first, second = (register.member(office.engine, one.member_id) for one in one_time)
    proposal_id = members.propose(
        office, user_name="new", name="New", title=TITLES[Role.SUPERVISOR], agency="CA0000000", by=actor(first), at=NOW
    )
    assert members.approve(office, proposal_id, by=actor(second), at=NOW).accepted


def test_a_register_is_begun_once(office: Office) -> None:
    initial.begin(office, [ADMINISTRATOR, COMMANDER], at=NOW)
    with pytest.raises(IllegalMoveError, match="already"):
        initial.begin(office, [First(user_name="x2", name="X", title=TITLES[Role.ADMINISTRATOR]), COMMANDER], at=NOW)


def test_one_alone_cannot_begin(office: Office) -> None:
    for first in (
        [],
        [ADMINISTRATOR],
        [COMMANDER],
        [ADMINISTRATOR, First(user_name="o1", name="O", title="Dispatcher")],
    ):
        with pytest.raises(MalformedError, match="administrator and a commander"):
            initial.begin(office, first, at=NOW)
    assert register.members(office.engine) == []


def test_a_sample_begins_with_trained_members_of_several_roles(office: Office) -> None:
    trained = date(2026, 6, 1)
    both = frozenset({Source.DEPARTMENT, Source.STATE})
    first = [
        ADMINISTRATOR,
        First(user_name="aruiz", name="Ana Ruiz", title=TITLES[Role.COMMANDER], sources=both, trained_on=trained),
        First(user_name="sgt", name="Kim Lo", title=TITLES[Role.SUPERVISOR], sources=both, trained_on=trained),
        First(user_name="coord", name="Lu Chen", title=TITLES[Role.TRAINING_COORDINATOR], trained_on=trained),
    ]
    initial.begin(office, first, at=NOW)
    found = {one.user_name: one for one in register.members(office.engine)}
    assert found["aruiz"].sources == found["sgt"].sources == both
    assert {name for name, one in found.items() if one.trained_until} == {"aruiz", "sgt", "coord"}


def test_training_needs_somebody_among_the_first_who_records_it(office: Office) -> None:
    trained = First(user_name="aruiz", name="Ana Ruiz", title=TITLES[Role.COMMANDER], trained_on=date(2026, 6, 1))
    with pytest.raises(MalformedError, match="record_training"):
        initial.begin(office, [ADMINISTRATOR, trained], at=NOW)
    assert register.members(office.engine) == []


def test_the_last_administrator_is_rescued_on_the_machine(office: Office) -> None:
    (administrator, _) = initial.begin(office, [ADMINISTRATOR, COMMANDER], at=NOW)
    for _ in range(5):
        with pytest.raises(AccessRefusedError):
            signing_in.sign_in(office, "sortiz", "wrong as it can be", address=HERE, at=NOW)
    one_time = initial.rescue(office, "SOrtiz", at=NOW, done_by="root")
    assert one_time is not None
    assert one_time.member_id == administrator.member_id
    assert signing_in.sign_in(office, "sortiz", one_time.password, address=HERE, at=NOW)


def test_nobody_is_rescued_whom_another_administrator_can_help(office: Office) -> None:
    a_member(office, Role.ADMINISTRATOR, "one")
    a_member(office, Role.ADMINISTRATOR, "other")
    officer = a_member(office)
    for user_name, code in (("one", "not_alone"), (officer.user_name, "role"), ("nobody", "role")):
        with pytest.raises(AccessRefusedError) as refused:
            initial.rescue(office, user_name, at=NOW)
        assert refused.value.codes == (code,)


def test_want_of_use_is_forgiven_and_a_suspension_is_not(office: Office) -> None:
    """He may be the very one who runs the machine."""
    administrator = a_member(office, Role.ADMINISTRATOR, "one")
    later = NOW + timedelta(days=90)
    members.suspend_inactive(office, at=later)
    assert initial.rescue(office, "one", at=later)
    assert register.member(office.engine, administrator.member_id).status is Status.ACTIVE
    again = a_member(office, Role.COMMANDER, at=later)
    members.suspend(office, administrator.member_id, reason="inquiry", by=actor(again), at=later)
    with pytest.raises(AccessRefusedError, match="suspended by somebody"):
        initial.rescue(office, "one", at=later)


def test_the_commands_begin_and_rescue_and_print_passwords_once(
    tmp_path: Path, policy_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "keys"):
        monkeypatch.setenv(f"ALPR_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("ALPR_POLICY", str(policy_file))
    settings.cache_clear()
    run: Any = CliRunner().invoke
    begin = [
        "init",
        "--name",
        "Sam [Ortiz]",
        "--user",
        "sortiz",
        "--commander",
        "Ana Ruiz",
        "--commander-user",
        "aruiz",
    ]
    begun = run(main, begin)
    assert begun.exit_code == 0, begun.output
    assert begun.output.count("one-time password") == 2
    assert "Sam [Ortiz]" in begun.output
    again = run(main, begin)
    assert again.exit_code == 1
    assert "already" in again.output
    rescued = run(main, ["member", "rescue", "sortiz"])
    assert rescued.exit_code == 0, rescued.output
    assert "one-time password" in rescued.output
    assert run(main, ["member", "rescue", "aruiz"]).exit_code == 1
    assert (tmp_path / "data" / "record").is_dir()
    settings.cache_clear()
