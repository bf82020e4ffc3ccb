"""422.6(a): the commands around encrypted drops, as a department and its units type them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alpr_assets.cli import main
from alpr_assets.lifecycle.captures.ciphers import DropKeys
from alpr_assets.settings import settings
from tests.builders import drop, jpeg, line
from tests.patrols import AT


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DropKeys:
    monkeypatch.setenv("ALPR_KEYS", str(tmp_path / "keys"))
    settings.cache_clear()
    return DropKeys(tmp_path / "keys")


def alpr(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.clause("422.6(a)")
def test_a_unit_encrypts_to_what_the_department_prints(keys: DropKeys, tmp_path: Path) -> None:
    printed = alpr("drops", "recipient").stdout
    folder = drop(tmp_path / "drop", {"a.jpg": jpeg(1)}, [line("a.jpg", AT)])
    done = alpr("drops", "encrypt", folder, "--recipient", printed)
    assert (done.exit_code, done.output) == (0, "2 files encrypted\n")
    assert keys.open((folder / "a.jpg.age").read_bytes()) == jpeg(1)
    assert not (folder / "a.jpg").exists()


def test_the_key_is_made_once_and_says_to_be_backed_up(keys: DropKeys) -> None:
    first, second = alpr("drops", "recipient"), alpr("drops", "recipient")
    assert "back it up" in first.stderr
    assert str(keys.path) in first.stderr.replace("\n", "")
    assert (first.stdout, second.stderr) == (second.stdout, "")
    assert first.stdout.startswith("age1")


def test_a_rotated_key_is_printed_and_the_older_one_opens_still(keys: DropKeys) -> None:
    older = alpr("drops", "recipient").stdout
    newer = alpr("drops", "rotate").stdout
    assert older != newer
    assert alpr("drops", "recipient").stdout == newer
    assert keys.path.read_text().count("AGE-SECRET-KEY-") == 2


def test_a_secret_key_given_for_a_public_one_is_refused_and_not_printed(keys: DropKeys, tmp_path: Path) -> None:
    alpr("drops", "recipient")
    secret = next(text for text in keys.path.read_text().splitlines() if text.startswith("AGE-SECRET-KEY-"))
    folder = drop(tmp_path / "drop", {"a.jpg": jpeg(1)}, [line("a.jpg", AT)])
    result = alpr("drops", "encrypt", folder, "--recipient", secret)
    assert result.exit_code == 1
    assert "it begins with age1" in result.output
    assert secret not in result.output
    assert (folder / "a.jpg").exists()


def test_a_key_file_that_is_none_is_said_with_its_remedy(keys: DropKeys) -> None:
    keys.path.parent.mkdir()
    keys.path.write_text("")
    for command in ("recipient", "rotate"):
        result = alpr("drops", command)
        assert result.exit_code == 1
        assert "restore it from its own backup" in result.output
