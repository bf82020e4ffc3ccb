"""The environment: defaults, ALPR_* variables, and where relative paths begin."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import ROOT, Settings, settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("ALPR_"):
            monkeypatch.delenv(name)


def test_without_variables_everything_lies_below_the_repository() -> None:
    configured = Settings()
    assert configured.path("policy") == ROOT / "policy" / "422.yaml"
    assert configured.url == f"sqlite:///{ROOT / 'data' / 'alpr.sqlite'}"
    assert configured.socket == ROOT / "data" / "run" / "code.sock"


def test_the_keys_lie_outside_the_data_that_a_backup_holds() -> None:
    configured = Settings()
    assert not configured.path("keys").is_relative_to(configured.path("data"))


def test_a_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALPR_DATA", str(tmp_path))
    monkeypatch.setenv("ALPR_KEYS", "elsewhere")
    configured = Settings()
    assert configured.path("data") == tmp_path
    assert configured.path("keys") == ROOT / "elsewhere"
    assert configured.url == f"sqlite:///{tmp_path / 'alpr.sqlite'}"


def test_a_database_url_replaces_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPR_DATABASE_URL", "postgresql+psycopg://db/alpr")
    assert Settings().url == "postgresql+psycopg://db/alpr"


@pytest.mark.parametrize(("name", "value"), [("ALPR_WORKERS", "0"), ("ALPR_PORT", "70000"), ("ALPR_PORT", "http")])
def test_a_value_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.removeprefix("ALPR_").lower()):
        Settings()


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPR_WORKERS", "0")
    monkeypatch.setenv("ALPR_PORT", "http")
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match=r"ALPR_WORKERS.*ALPR_PORT") as caught:
        settings()
    assert caught.value.remedy


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPR_DATA", "")
    monkeypatch.setenv("ALPR_PORT", "")
    assert Settings() == Settings(data=Path("data"), port=8422)


def test_the_home_folder_may_be_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment file is read by no shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ALPR_DATA", "~/alpr")
    assert Settings().path("data") == tmp_path / "alpr"
