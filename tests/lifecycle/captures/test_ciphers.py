"""422.6(a): what a unit encrypted, only the department opens; what was changed on the way opens nowhere."""

from __future__ import annotations

import threading
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.captures.ciphers import AGE, DropKeyError, DropKeys, encrypt, encrypt_file, is_encrypted

CONTENT = st.binary(max_size=2000) | st.builds(bytes.__mul__, st.binary(min_size=1, max_size=3), st.integers(0, 70_000))

SHARE = st.floats(0, 1, exclude_max=True)  # of the length, which age draws anew each time


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> DropKeys:
    made = DropKeys(tmp_path_factory.mktemp("keys"))
    made.recipient()
    return made


def code_of(keys: DropKeys, ciphertext: bytes, **more: int) -> str:
    with pytest.raises(MalformedError) as raised:
        keys.open(ciphertext, **more)
    return raised.value.code


# ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.6(a)")
@given(content=CONTENT)
def test_what_was_encrypted_opens_as_it_was(keys: DropKeys, content: bytes) -> None:
    sealed = encrypt(content, keys.recipient())
    assert is_encrypted(sealed)
    assert keys.open(sealed, max_bytes=len(content)) == content


def test_a_text_file_of_age_opens_too(keys: DropKeys) -> None:
    """`age -a`: units may send by ways that carry text only."""
    recipient = pyrage.x25519.Recipient.from_str(keys.recipient())
    sealed = pyrage.encrypt(b"picture", [recipient], armored=True)
    assert is_encrypted(sealed)
    assert keys.open(sealed) == b"picture"


@pytest.mark.clause("422.6(a)")
@given(content=CONTENT, share=SHARE, bit=st.integers(0, 7))
def test_a_changed_bit_opens_nothing(keys: DropKeys, content: bytes, share: float, bit: int) -> None:
    sealed = bytearray(encrypt(content, keys.recipient()))
    sealed[int(share * len(sealed))] ^= 1 << bit
    assert code_of(keys, bytes(sealed)) == "undecryptable"


@given(content=CONTENT, share=SHARE, more=st.binary(min_size=1, max_size=50))
def test_what_was_cut_short_or_added_to_opens_nothing(
    keys: DropKeys, content: bytes, share: float, more: bytes
) -> None:
    sealed = encrypt(content, keys.recipient())
    assert code_of(keys, sealed[: int(share * len(sealed))]) == "undecryptable"
    assert code_of(keys, sealed + more) == "undecryptable"


@given(content=st.binary(max_size=300) | st.binary(max_size=300).map(b"age-encryption.org/v1\n".__add__))
def test_what_nobody_encrypted_opens_nothing(keys: DropKeys, content: bytes) -> None:
    assert code_of(keys, content) == "undecryptable"


@given(content=st.binary(min_size=1, max_size=1000), data=st.data())
def test_what_holds_more_than_allowed_is_given_up(keys: DropKeys, content: bytes, data: st.DataObject) -> None:
    most = data.draw(st.integers(0, len(content) - 1))
    assert code_of(keys, encrypt(content, keys.recipient()), max_bytes=most) == "too_large"


def test_another_departments_drop_says_so(keys: DropKeys, tmp_path: Path) -> None:
    sealed = encrypt(b"picture", DropKeys(tmp_path).recipient())
    with pytest.raises(MalformedError, match="another key") as raised:
        keys.open(sealed)
    assert "alpr drops recipient" in raised.value.remedy


def test_a_password_is_no_key(keys: DropKeys) -> None:
    """And nobody may make us compute one: age lets a file say how much work its password is."""
    assert code_of(keys, pyrage.passphrase.encrypt(b"picture", "password")) == "undecryptable"


# ── the key file ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_key_file_is_its_owners_only_and_ages_own(tmp_path: Path) -> None:
    keys = DropKeys(tmp_path / "keys")
    recipient = keys.recipient()
    assert recipient == keys.recipient() == DropKeys(tmp_path / "keys").recipient()
    assert (keys.path.stat().st_mode & 0o777, keys.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    (line,) = [line for line in keys.path.read_text().splitlines() if not line.startswith("#")]
    assert str(pyrage.x25519.Identity.from_str(line).to_public()) == recipient


def test_a_rotated_key_is_the_current_one_and_the_older_ones_open_still(tmp_path: Path) -> None:
    keys = DropKeys(tmp_path)
    recipients = [keys.recipient(), keys.rotate(), keys.rotate()]
    assert len(set(recipients)) == 3
    assert keys.recipient() == recipients[-1]
    assert [keys.open(encrypt(b"picture", recipient)) for recipient in recipients] == [b"picture"] * 3


def test_a_first_rotation_makes_the_key(tmp_path: Path) -> None:
    assert DropKeys(tmp_path).rotate() == DropKeys(tmp_path).recipient()


def test_a_key_file_of_age_keygen_is_taken(tmp_path: Path) -> None:
    own = pyrage.x25519.Identity.generate()
    keys = DropKeys(tmp_path)
    keys.path.write_text(f"# created: 2026-06-15T00:00:00-07:00\n# public key: {own.to_public()}\n{own}\n\n")
    assert keys.recipient() == str(own.to_public())


def test_many_at_once_make_one_key(tmp_path: Path) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(DropKeys(tmp_path).recipient())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 8
    assert set(said) == {DropKeys(tmp_path).recipient()}


def test_many_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(DropKeys(tmp_path).rotate())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [DropKeys(tmp_path).open(encrypt(b"picture", recipient)) for recipient in said] == [b"picture"] * 8


@pytest.mark.parametrize("text", ["", "# nothing\n", "AGE-SECRET-KEY-1SECRET\n", "ssh-rsa AAAA\n", "\ufffd"])
def test_a_file_that_is_no_key_file_is_said_and_not_shown_nor_replaced(tmp_path: Path, text: str) -> None:
    keys = DropKeys(tmp_path)
    keys.path.write_text(text)
    for ask in (keys.require, keys.recipient, keys.rotate, lambda: keys.open(b"age-encryption.org/v1\n")):
        with pytest.raises(DropKeyError, match="is not a key file") as raised:
            ask()
        assert "SECRET" not in raised.value.diagnostics()
    assert keys.path.read_text() == text


def test_no_key_is_made_where_one_is_needed_to_open(tmp_path: Path) -> None:
    keys = DropKeys(tmp_path)
    with pytest.raises(DropKeyError, match="No such file") as raised:
        keys.open(b"age-encryption.org/v1\n")
    assert "restore it" in raised.value.remedy
    assert not keys.path.exists()


def test_the_state_changes_with_the_key_file(tmp_path: Path) -> None:
    keys = DropKeys(tmp_path)
    states = [keys.state()]
    keys.recipient()
    states += [keys.state(), keys.state()]
    keys.rotate()
    states.append(keys.state())
    keys.path.unlink()
    states.append(keys.state())
    assert states[1] == states[2]
    assert states[0] == states[4]
    assert len(set(states)) == 3


# ── encrypting ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("wrong", ["", "age1", "age1qqqq", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1QQQQ", "a@b.c"])
def test_what_is_no_public_key_is_refused_and_not_repeated(wrong: str) -> None:
    """A secret key is easily pasted where a public one belongs."""
    with pytest.raises(AlprError) as raised:
        encrypt(b"", wrong)
    assert not wrong or wrong not in str(raised.value)


def test_an_encrypted_file_takes_the_place_of_the_plain_one(keys: DropKeys, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    target = encrypt_file(tmp_path / "a.jpg", keys.recipient())
    assert list(tmp_path.iterdir()) == [target] == [tmp_path / f"a.jpg{AGE}"]
    assert keys.open(target.read_bytes()) == b"picture"
