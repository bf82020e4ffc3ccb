"""A master key at a key service wraps and unwraps there; what the service says amiss is told without a key."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import Settings, settings
from alpr_assets.store.day_keys import DayKeys, rotate
from alpr_assets.store.engine import open_keys
from alpr_assets.store.masters import MasterKeyError

DAY = date(2026, 6, 15)
SERVICE = """
import hashlib, sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
what, key_id, context = sys.argv[1:]
cipher, content = AESGCM(hashlib.sha256(key_id.encode()).digest()), bytes.fromhex(sys.stdin.read())
done = cipher.encrypt(bytes(12), content, context.encode()) if what == "wrap" else cipher.decrypt(bytes(12), content, context.encode())
print(done.hex())
"""


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "service.py").write_text(SERVICE)
    monkeypatch.setenv("ALPR_KMS_COMMAND", f"{sys.executable} {tmp_path / 'service.py'}")
    settings.cache_clear()
    return Settings(keys=tmp_path / "keys", kms_keys="slot-1")


def images(configured: Settings, **changed: str) -> DayKeys:
    return open_keys(configured.model_copy(update=changed))[0]


def test_a_key_is_wrapped_at_the_service_and_no_master_key_is_made_here(configured: Settings) -> None:
    keys = images(configured)
    key = keys.key(DAY)
    assert keys.n_by_master() == {"slot-1": 1}
    assert images(configured).existing(DAY) == (key,)
    assert [path.name for path in configured.keys.iterdir() if path.stat().st_size] == ["image_keys.sqlite"]


def test_another_key_at_the_service_takes_over(configured: Settings) -> None:
    key = images(configured).key(DAY)
    both = images(configured, kms_keys="slot-2, slot-1")
    done = rotate([both], both.masters)
    assert (done.key_id, done.n_wrapped, [one.key_id for one in done.needless]) == ("slot-2", 1, ["slot-1"])
    assert images(configured, kms_keys="slot-2").key(DAY) == key


@pytest.mark.parametrize(
    ("command", "said"), [("false", "status 1"), ("/no/such/client", "FileNotFoundError"), ("cat", "not give back"), ("echo", "none")]
)  # fmt: skip
def test_a_service_that_does_not_do_it_makes_no_key(
    configured: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, said: str
) -> None:
    (tmp_path / "cut").write_text("#!/bin/sh\nhead -c 62\necho 00\n")
    (tmp_path / "cut").chmod(0o700)
    monkeypatch.setenv("ALPR_KMS_COMMAND", str(tmp_path / "cut") if command == "cat" else command)
    settings.cache_clear()
    keys = images(configured)
    with pytest.raises(MasterKeyError, match=said) as caught:
        keys.key(DAY)
    assert caught.value.remedy
    assert keys.n_by_master() == {}


def test_a_class_that_is_not_there_and_a_command_that_is_not_set_are_named(
    configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="ALPR_KMS names no:Such"):
        images(configured, kms="no:Such")
    monkeypatch.delenv("ALPR_KMS_COMMAND")
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match="ALPR_KMS_COMMAND no command"):
        images(configured)
