"""Heads of the record, each held against the one before: what a console cannot do unnoticed."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access.record import merkle
from alpr_assets.access.record.entries import Head
from alpr_assets.access.record.heads import SigningKey
from alpr_assets.access.record.verifying import Frontier, leaf_hash
from alpr_assets.client.heads import HeadBook, Proofs
from alpr_assets.errors import StorageError, VerificationError

URL = "https://alpr.example.gov"
AT = datetime(2026, 6, 15, 18, 30, tzinfo=UTC)


def new_key() -> SigningKey:
    return SigningKey.of(Ed25519PrivateKey.generate())


@dataclass
class Record:
    """A record in memory, with its proofs: what a console serves, honest or not."""

    log_id: str = "a1"
    keys: list[SigningKey] = field(default_factory=lambda: [new_key()])
    handed_over: list[tuple[int, bytes]] = field(default_factory=lambda: [(0, b"")])
    leaves: list[bytes] = field(default_factory=list)

    def grow(self, *entries: str) -> Record:
        self.leaves += [leaf_hash(entry) for entry in entries]
        return self

    def copy(self, size: int) -> Record:
        return Record(self.log_id, [*self.keys], [*self.handed_over], self.leaves[:size])

    def change_key(self, new: SigningKey, *, signed: bool = True) -> None:
        position = len(self.leaves)
        signature = self.keys[-1].follow(new, self.log_id, position) if signed else b"\0" * 64
        self.keys.append(new)
        self.handed_over.append((position, signature))
        self.grow("key changed")

    def head(self, size: int | None = None) -> Head:
        size = len(self.leaves) if size is None else size
        tree = Frontier()
        for leaf in self.leaves[:size]:
            tree.append(leaf)
        return self.keys[-1].head(self.log_id, size, tree.root(), AT + timedelta(seconds=size))

    def proofs(self) -> Proofs:
        def newest() -> Mapping[str, Any]:
            keys = zip(self.keys, self.handed_over, strict=True)
            return {
                "keys": [
                    {"public_key": key.public.hex(), "first": first, "signature": signature.hex()}
                    for key, (first, signature) in keys
                ]
            }

        def node(level: int, number: int) -> bytes:
            tree = Frontier()
            for leaf in self.leaves[number << level : (number + 1) << level]:
                tree.append(leaf)
            return tree.root()

        def consistency(old: int, new: int) -> Mapping[str, Any]:
            plan = merkle.consistency_plan(old, new)
            found = merkle.prove(plan, lambda wanted: {address: node(*address) for address in wanted})
            return {"hashes": [one.hex() for one in found]}

        return Proofs(newest, consistency)


@pytest.fixture
def book(tmp_path: Path) -> HeadBook:
    return HeadBook(tmp_path / "state" / "heads.json")


def follow(book: HeadBook, record: Record, size: int | None = None) -> None:
    book.follow(URL, record.head(size), record.proofs())


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_an_honest_record_is_followed_in_whatever_order_its_heads_arrive(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    book = HeadBook(tmp_path_factory.mktemp("heads") / "heads.json")
    record = Record().grow(*map(str, range(41)))
    for size in sizes:
        follow(book, record, size + 1)
    assert book.known()[URL].size == max(sizes) + 1


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_a_record_that_was_rewritten_is_told(
    tmp_path_factory: pytest.TempPathFactory, size: int, more: int, data: st.DataObject
) -> None:
    """Edited anywhere in what was served before, and signed anew by the right key."""
    book = HeadBook(tmp_path_factory.mktemp("heads") / "heads.json")
    record = Record().grow(*map(str, range(size)))
    follow(book, record)
    record.leaves[data.draw(st.integers(0, size - 1))] = leaf_hash("edited")
    record.grow(*map(str, range(more)))
    with pytest.raises(VerificationError) as caught:
        follow(book, record)
    assert "auditor" in caught.value.remedy
    assert book.known()[URL].size == size  # the evidence stays


def test_a_restored_backup_that_went_on_is_told(book: HeadBook) -> None:
    record = Record().grow(*map(str, range(20)))
    follow(book, record)
    restored = record.copy(12).grow(*(f"later {i}" for i in range(30)))
    with pytest.raises(VerificationError):
        follow(book, restored)


def test_a_restored_backup_that_is_shorter_is_told(book: HeadBook) -> None:
    """A shorter head may be one that was overtaken; then it lies within. This one cannot be shown to."""
    record = Record().grow(*map(str, range(20)))
    follow(book, record)
    restored = record.copy(12)
    restored.leaves[11] = leaf_hash("another last entry")
    with pytest.raises(VerificationError):
        follow(book, restored)


def test_two_heads_of_one_size_are_told(book: HeadBook) -> None:
    record = Record().grow("a", "b")
    follow(book, record)
    with pytest.raises(VerificationError):
        follow(book, record.copy(1).grow("c"))


def test_another_record_in_the_place_of_the_known_one_is_told(book: HeadBook) -> None:
    follow(book, Record().grow("a"))
    with pytest.raises(VerificationError, match="another access record") as caught:
        follow(book, Record(log_id="b2").grow("a"))
    assert "forget" in caught.value.remedy
    assert book.forget(URL)
    follow(book, Record(log_id="b2").grow("a"))


def test_a_key_that_nobody_handed_over_to_is_told(book: HeadBook) -> None:
    record = Record().grow("a")
    follow(book, record)
    thief = record.copy(1)
    thief.keys = [new_key()]
    thief.grow("b")
    with pytest.raises(VerificationError, match="not signed"):
        follow(book, thief)
    forged = record.copy(1)
    forged.change_key(new_key(), signed=False)
    with pytest.raises(VerificationError, match="not signed"):
        follow(book, forged)


def test_a_key_that_the_old_one_signed_for_is_followed(book: HeadBook) -> None:
    record = Record().grow("a")
    follow(book, record)
    record.change_key(new_key())
    record.change_key(new_key())
    follow(book, record)
    follow(book, record.grow("b"))
    assert book.known()[URL].key_id == record.keys[-1].id


def test_a_head_whose_signature_is_not_its_own_is_told_at_once(book: HeadBook) -> None:
    record = Record().grow("a")
    head = record.head()
    forged = Head(head.log_id, head.size, b"\1" * 32, head.at, head.key_id, head.signature)
    with pytest.raises(VerificationError):
        book.follow(URL, forged, record.proofs())
    assert book.known() == {}


@pytest.mark.parametrize("said", [{}, {"hashes": None}, {"hashes": ["no hex"]}, {"hashes": ["00" * 32]}])
def test_a_proof_that_is_none_proves_nothing(book: HeadBook, said: dict[str, Any]) -> None:
    record = Record().grow("a", "b", "c")
    follow(book, record)
    record.grow("d", "e")
    with pytest.raises(VerificationError):
        book.follow(URL, record.head(), Proofs(record.proofs().newest, lambda _old, _new: said))


def test_consoles_are_followed_each_by_itself(book: HeadBook) -> None:
    follow(book, Record().grow("a"))
    other = Record(log_id="b2").grow("x", "y")
    book.follow("http://127.0.0.1:8422", other.head(), other.proofs())
    assert {url: head.size for url, head in book.known().items()} == {URL: 1, "http://127.0.0.1:8422": 2}


def test_an_altered_file_is_told_and_one_that_is_none_stops_everything(book: HeadBook) -> None:
    follow(book, Record().grow("a"))
    book.path.write_text(json.dumps({URL: {"size": 1}}))
    with pytest.raises(VerificationError, match="altered"):
        book.known()
    book.path.write_text("{")
    with pytest.raises(StorageError, match=r"heads\.json"):
        follow(book, Record().grow("a"))


def test_the_file_is_its_owners_alone(book: HeadBook) -> None:
    follow(book, Record().grow("a"))
    assert book.path.stat().st_mode & 0o077 == 0
    assert book.path.parent.stat().st_mode & 0o077 == 0


def test_questions_at_once_keep_the_newest_head(book: HeadBook) -> None:
    record = Record().grow(*map(str, range(30)))
    threads = [threading.Thread(target=follow, args=(book, record, size)) for size in range(1, 31)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.known()[URL].size == 30


def test_it_lies_where_the_user_keeps_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert HeadBook.of_user().path == tmp_path / "alpr" / "heads.json"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert HeadBook.of_user().path == tmp_path / ".local" / "state" / "alpr" / "heads.json"
