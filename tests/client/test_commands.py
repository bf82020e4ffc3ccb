"""`alpr plate`, `alpr hits`, `alpr image`, `alpr heads` as a person types them, through a real console."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from alpr_assets.cli import main
from alpr_assets.cli.common import console
from alpr_assets.settings import settings
from tests.live import CASE, PASSWORD, PURPOSE, STOLEN, Live

WHY = ("--purpose", PURPOSE, "--case", CASE)


@pytest.fixture
def person(live: Live, user: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Types his password and the code of his phone when he is asked."""

    def typed(question: str) -> str:
        return PASSWORD if question.startswith("Password") else live.code(user)

    monkeypatch.setattr("getpass.getpass", typed)
    monkeypatch.setattr(console, "_width", 200)  # made when the commands were first imported
    return user


def alpr(*arguments: object, typed: str = "") -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=typed)


def test_a_narrow_terminal_cuts_no_plate_off(person: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 80)
    assert alpr("plate", STOLEN, *WHY, "--user", person).output.count(STOLEN) == 5
    assert "8XYZ991" in alpr("hits", *WHY, "--user", person).output


@pytest.mark.clause("422.6(a)")
def test_a_plates_history_is_shown_after_a_sign_in_and_recorded(live: Live, person: str) -> None:
    before = live.n_recorded()
    result = alpr("plate", STOLEN, *WHY, "--user", person)
    assert result.exit_code == 0, result.output
    assert "official law-enforcement use" in result.output  # the notice
    assert result.output.count(STOLEN) == 5
    assert "38.00500, -121.80600" in result.output
    assert "America/Los_Angeles" in result.output
    assert "2026-06-14 21:40:00" in result.output  # 04:40 UTC
    assert live.n_recorded() == before + 3  # signed in, asked, signed out
    assert PASSWORD not in result.output


def test_a_plate_that_is_not_given_is_asked_for(person: str) -> None:
    result = alpr("plate", *WHY, "--user", person, "--rows", 2, typed="7abc-123\n")
    assert result.exit_code == 0, result.output
    assert "5 rows, 3 more not shown" in result.output


def test_hits_are_shown_with_what_is_listed(person: str) -> None:
    result = alpr("hits", *WHY, "--user", person, "--since", "2026-06-14")
    assert result.exit_code == 0, result.output
    assert "8XYZ991" in result.output
    assert "stolen_property_recovery" in result.output
    assert "nothing found" in alpr("hits", *WHY, "--user", person, "--since", "2026-06-16").output


def test_a_picture_is_opened_by_the_day_and_number_that_are_shown(person: str, tmp_path: Path) -> None:
    shown = alpr("plate", STOLEN, *WHY, "--user", person).output
    day, capture = re.findall(r"(2026-06-15) │ (\d{10,})", shown)[0]
    out = tmp_path / "car.jpg"
    result = alpr("image", day, capture, "--out", out, *WHY, "--user", person)
    assert result.exit_code == 0, result.output
    with Image.open(out) as picture:
        assert picture.size == (64, 48)
    assert out.stat().st_mode & 0o077 == 0
    again = alpr("image", day, capture, "--out", out, *WHY, "--user", person)
    assert again.exit_code == 2


@pytest.mark.clause("422.5")
def test_a_read_is_traced_by_its_number(live: Live, person: str) -> None:
    read = next(row for row in live.patrol.reads() if row.plate == STOLEN)
    result = alpr("lineage", read.read_id, *WHY, "--user", person)
    assert result.exit_code == 0, result.output
    for part in (
        f"Read {read.read_id} of 2026-06-15: It is in the store.",
        "Landed with drop",
        f"plate: {STOLEN}",
        "No purge",
    ):
        assert part in result.output, part
    whole = alpr("lineage", "--capture", read.capture_id, *WHY, "--user", person)
    assert "8XYZ99" in whole.output  # the other car of the picture
    assert alpr("lineage", *WHY, "--user", person).exit_code == 2


def test_a_token_in_the_environment_asks_nothing_and_stays_good(
    live: Live, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = live.token()
    monkeypatch.setenv("ALPR_TOKEN", token)
    settings.cache_clear()
    for _ in range(2):
        result = alpr("hits", *WHY)
        assert result.exit_code == 0, result.output
        assert token not in result.output


def test_a_refusal_is_told_with_its_reasons_and_no_trace(person: str) -> None:
    result = alpr("hits", "--purpose", "immigration", "--case", CASE, "--user", person)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "Gov. Code 7284.6" in result.stderr


def test_plain_http_to_another_machine_is_refused_before_anything_is_asked(person: str) -> None:
    result = alpr("plate", STOLEN, *WHY, "--console", "http://alpr.example.gov")
    assert result.exit_code == 1
    assert "https" in result.stderr
    assert STOLEN not in result.output


def test_heads_that_consoles_have_shown_are_listed_and_forgotten(live: Live, person: str) -> None:
    assert "no console" in alpr("heads", "list").output
    alpr("hits", *WHY, "--user", person)
    assert live.url in alpr("heads", "list").output
    assert "forgotten" in alpr("heads", "forget", live.url).output
    assert "not known" in alpr("heads", "forget", live.url).output
