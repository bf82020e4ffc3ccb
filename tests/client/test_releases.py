"""`alpr release` as a person types it, and the data API behind it: on file, or refused, for every kind of agency."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alpr_assets.access.roles import Action, Role
from alpr_assets.cli import main
from alpr_assets.cli.common import console
from alpr_assets.lifecycle.releases import agencies
from alpr_assets.lifecycle.releases.agencies import AgencyKind, Described, Jurisdiction
from alpr_assets.settings import settings
from tests.lifecycle.releases.desks import OUTSIDE
from tests.live import CASE, PURPOSE, STOLEN, Live
from tests.people import MemoryRecorder, ask, gate_for, member, session

WHY = ("--purpose", PURPOSE, "--case", CASE)


@pytest.fixture
def signed_in(live: Live, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A custodian's token in the environment: he may enter, and sees the whole file."""
    del user  # his environment
    monkeypatch.setenv("ALPR_TOKEN", live.token(Role.CUSTODIAN))
    monkeypatch.setattr(console, "_width", 200)
    settings.cache_clear()


def known(live: Live, described: Described) -> int:
    """An agency that two people entered and verified."""
    services = live.console.services
    custodian, commander = member(Role.CUSTODIAN, member_id=1), member(Role.COMMANDER, member_id=2)
    gate = gate_for(services.policy, custodian, commander, recorder=MemoryRecorder(), now=live.clock.now)
    plain = {"purpose": "", "case_number": "", "elements": {}}
    deed = partial(agencies.propose, described=described, reason="their letterhead")
    number: int = gate.act(session(custodian), ask(Action.KEEP_AGENCIES, **plain), services.store.engine, deed).rows
    verify = partial(agencies.verify, agency_id=number, reason="called back")
    gate.act(session(commander), ask(Action.KEEP_AGENCIES, **plain), services.store.engine, verify)
    return number


def alpr(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def request_of(live: Live, tmp_path: Path):
    """The words of a request of some agency."""
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7 to the records desk")
    then, now = live.clock.now - timedelta(days=2), live.clock.now.replace(microsecond=0) - timedelta(hours=1)

    def words(agency_id: int) -> tuple[object, ...]:
        return (
            "release", "enter", agency_id, *WHY, "--letter", letter, "--person", "Dana Cole", "--title", "Detective", "--for", "robbery",
            "--statute", "Penal Code 211", "--came-by", "mail", "--came-at", now.isoformat(), "--pattern", STOLEN,
            "--since", then.replace(microsecond=0).isoformat(), "--until", now.isoformat(),
        )  # fmt: skip

    return words


@pytest.mark.clause("422.7")
@pytest.mark.parametrize(("name", "kind", "jurisdiction", "state"), OUTSIDE)
def test_whoever_is_no_california_public_agency_gets_nothing_by_command(
    live: Live, signed_in: None, request_of, name: str, kind: AgencyKind, jurisdiction: Jurisdiction, state: str
) -> None:
    number = known(live, Described(name=name, kind=kind, jurisdiction=jurisdiction, state=state, contact="desk"))
    refused = alpr(*request_of(number))
    assert (refused.exit_code, "California public agencies only" in refused.output) == (1, True), refused.output
    assert name not in alpr("release", "list", "--find", name).output


@pytest.mark.clause("422.7")
def test_a_request_is_on_file_and_found_again(live: Live, signed_in: None, request_of) -> None:
    sheriff = Described(
        name="Alameda Sheriff", kind=AgencyKind.LAW_ENFORCEMENT, jurisdiction=Jurisdiction.CALIFORNIA, state="CA", ori="CA0010000", contact="desk"
    )  # fmt: skip
    done = alpr(*request_of(known(live, sheriff)))
    assert (done.exit_code, "designee reviews it" in done.output) == (0, True), done.output
    listed = alpr("release", "list", "--find", "alameda", "--status", "asked").output
    assert "Alameda Sheriff" in listed
    assert STOLEN not in listed
    library = Described(
        name="City Library", kind=AgencyKind.OTHER_PUBLIC, jurisdiction=Jurisdiction.CALIFORNIA, state="CA", contact="desk"
    )  # fmt: skip
    routed = alpr(*request_of(known(live, library)))
    assert "records process" in routed.output
    assert alpr("release", "list", "--status", "denied").output.startswith("none")
