"""The heads of the record that a console has served this user, each held against the one before.

Here: the file they are kept in, and what makes a new one believable: it is signed by the key known from before, and its record
begins with the record known from before (RFC 9162, 2.1.4). Not here: hashing and signatures (`access.record.verifying`).
A console that rewrote its record, restored an old copy, or shows different members different records is caught here, by anybody
who asked it anything twice.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alpr_assets.access.record import verifying
from alpr_assets.access.record.entries import Head
from alpr_assets.access.record.leaves import instant
from alpr_assets.client import receipts
from alpr_assets.errors import StorageError, VerificationError
from alpr_assets.store.sealed import write_durably


@dataclass(frozen=True, slots=True)
class Proofs:
    """How the console is asked to prove what it says.

    newest : its newest head with the public keys that signed the record, first to last
    consistency : hashes that the record of the first size begins the record of the second
    """

    newest: Callable[[], Mapping[str, Any]]
    consistency: Callable[[int, int], Mapping[str, Any]]


class HeadBook:
    """One file of heads: the newest of each console, and the key that signed it. Safe for several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_user(cls) -> HeadBook:
        """The user's own: XDG_STATE_HOME/alpr/heads.json, in ~/.local/state by default."""
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return cls(Path(os.path.expanduser(state)).absolute() / "alpr" / "heads.json")  # noqa: PTH111 - as settings

    def follow(self, url: str, head: Head, proofs: Proofs) -> None:
        """Hold a head that a console just served against the last one from there, and keep the newer.

        Raises
        ------
        VerificationError : not signed by the known key, another record, or one that does not begin with the known one
        StorageError : the file cannot be used: what cannot be checked is not believed
        """
        with self._opened() as kept:
            known = kept.get(url)
            if known is None:
                kept[url] = _said(head, _first_key(head, proofs))
                return
            before, key = _kept(known, self.path)
            if head.log_id != before.log_id:
                raise VerificationError(
                    f"{url} now keeps another access record than before", remedy=f"{receipts.TELL}; {FORGET}"
                )
            key = _key_of(head, key, proofs)
            _hold(url, before, head, proofs)
            if head.size >= before.size:
                kept[url] = _said(head, key)

    def known(self) -> dict[str, Head]:
        """The newest head of each console, by its address."""
        with self._opened() as kept:
            return {url: _kept(known, self.path)[0] for url, known in kept.items()}

    def forget(self, url: str) -> bool:
        """Follow a console's record anew, as when a sample began again; whether it was known."""
        with self._opened() as kept:
            return kept.pop(url, None) is not None

    @contextmanager
    def _opened(self) -> Iterator[dict[str, Any]]:
        """What is kept; written back where it changed. One process at a time, also while the console is asked for proofs."""
        with ExitStack() as stack:
            with self._explained():
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                lock = stack.enter_context(self.path.with_suffix(".lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
                before = self.path.read_text(encoding="utf-8") if self.path.exists() else "{}"
                kept: dict[str, Any] = json.loads(before)
            yield kept
            after = json.dumps(kept, indent=1, sort_keys=True)
            if after != before:
                with self._explained():
                    write_durably(self.path, after.encode())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise StorageError(
                f"the heads of the access record cannot be kept in {self.path}: {type(error).__name__}",
                remedy="make the folder yours and the file readable, or set XDG_STATE_HOME",
            ) from error


FORGET: Final = "if it was begun anew on purpose, as a sample is: `alpr heads forget`"


def _hold(url: str, before: Head, head: Head, proofs: Proofs) -> None:
    # A head that is older than the known one comes from a question that was overtaken; it must lie within all the same.
    old, new = sorted((before, head), key=lambda one: one.size)
    hashes: list[bytes] = []
    if old.size < new.size:
        with receipts.proving():
            hashes = [bytes.fromhex(one) for one in proofs.consistency(old.size, new.size)["hashes"]]
    if not verifying.consistency_holds(old.size, old.root, new.size, new.root, hashes):
        raise VerificationError(
            f"the access record of {url} is not the one that it was: its {new.size} entries do not begin with the {old.size} "
            f"known before (root {old.root.hex()[:16]}…)",
            remedy=receipts.TELL,
        )


def _first_key(head: Head, proofs: Proofs) -> bytes:
    """The key that signs the first head ever served; believed as it is told, and from then on held to."""
    with receipts.proving():
        key = bytes.fromhex(proofs.newest()["keys"][-1]["public_key"])
    _signed(head, key)
    return key


def _key_of(head: Head, known: bytes, proofs: Proofs) -> bytes:
    """The key of a later head: the known one, or one that it handed over to."""
    if head.key_id != verifying.key_id(known):
        with receipts.proving():
            for change in proofs.newest()["keys"]:
                new = bytes.fromhex(change["public_key"])
                text = verifying.key_change_text(head.log_id, int(change["first"]), new)
                if verifying.signature_holds(known, bytes.fromhex(change["signature"]), text):
                    known = new
    _signed(head, known)
    return known


def _signed(head: Head, key: bytes) -> None:
    text = verifying.head_text(head.log_id, head.size, head.root, instant(head.at), head.key_id)
    if head.key_id != verifying.key_id(key) or not verifying.signature_holds(key, head.signature, text):
        raise VerificationError(
            "a head of the access record is not signed by the key known from before", remedy=receipts.TELL
        )


def _said(head: Head, key: bytes) -> dict[str, Any]:
    return {**receipts.said_of(head), "public_key": key.hex()}


def _kept(known: Mapping[str, Any], path: Path) -> tuple[Head, bytes]:
    try:
        return receipts.head_of(known), bytes.fromhex(known["public_key"])
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationError(f"{path} was altered", remedy=receipts.TELL) from error
