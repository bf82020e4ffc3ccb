"""Is this access record what it was? Needs nothing but this file, Python and its `cryptography` package.

    python verify_record.py EXPORT [--head FILE …] [--key FILE] [--accept POSITION …] [--json]
    python verify_record.py --compare HEAD_A HEAD_B [EXPORT]
    python verify_record.py --proof PROOF [--head FILE] [--key FILE]

Here: what is hashed and signed (the system itself uses these very functions), and every check, each of which says where. The
record is a Merkle tree as in RFC 9162, 2.1, over lines of JSON; heads are Ed25519 signatures over its size and root.
Not here: reading a database (`exporting`), keeping heads where the administrator cannot reach them (`witnesses`).
What cannot be checked is a finding, never a pass.

Status 0: it is what it was; 1: it is not; 2: what was given cannot be read.

Without a head kept by somebody else, whoever holds the department's signing key could have made another record: a witness's
file proves more than the export alone, and a public key kept from before shows that nobody replaced it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

FORMAT = "alpr access record 1"
STRUCTURAL = frozenset({"edited", "deleted", "reordered", "truncated", "forked", "malformed"})
EMPTY = hashlib.sha256(b"").digest()

# ── what is hashed: RFC 9162, 2.1 ──────────────────────────────────────────────────────────────────────────────────


def leaf_hash(text: str) -> bytes:
    """Hash of one line; bytes that are no UTF-8 any more are hashed as they are."""
    return hashlib.sha256(b"\x00" + text.encode("utf-8", "surrogateescape")).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Node(NamedTuple):
    """The root of a complete subtree: of the leaves `number << level` up to `(number + 1) << level`."""

    level: int
    number: int
    hash: bytes


class Frontier:
    """A tree that only grows: the roots of its complete subtrees, left to right, are all it keeps."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(hashes):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(hashes)}")
        self.size = size
        self.hashes = list(hashes)

    def copy(self) -> Frontier:
        return Frontier(self.size, self.hashes)

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf's hash; the complete subtrees that this made, smallest first, without the leaf itself."""
        made, number, hash_, hashes = [], self.size, leaf, self.hashes
        level = 0
        while number & 1:
            hash_ = hashlib.sha256(b"\x01" + hashes.pop() + hash_).digest()
            number >>= 1
            level += 1
            made.append(Node(level, number, hash_))
        hashes.append(hash_)
        self.size += 1
        return made

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY
        *left, root = self.hashes
        for hash_ in reversed(left):
            root = node_hash(hash_, root)
        return root


def root_of(lines: Iterable[str]) -> bytes:
    """Merkle root over lines."""
    tree = Frontier()
    for line in lines:
        tree.append(leaf_hash(line))
    return tree.root()


def inclusion_holds(leaf: bytes, position: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf stands at `position` of the tree of `size` leaves with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    number, last, hash_ = position, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            hash_ = node_hash(sibling, hash_)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and hash_ == root


def consistency_holds(size_1: int, root_1: bytes, size_2: int, root_2: bytes, path: Sequence[bytes]) -> bool:
    """Whether the first tree is the beginning of the second (RFC 9162, 2.1.4.2)."""
    if not 0 < size_1 <= size_2:
        return size_1 == 0 and root_1 == EMPTY and not path
    if size_1 == size_2:
        return root_1 == root_2 and not path
    steps = list(path)
    if size_1.bit_count() == 1:  # a complete tree is a node of the second, and proves itself
        steps.insert(0, root_1)
    if not steps:
        return False
    number, last = size_1 - 1, size_2 - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            second = node_hash(second, step)
        number, last = number >> 1, last >> 1
    return last == 0 and first == root_1 and second == root_2


# ── what is signed ─────────────────────────────────────────────────────────────────────────────────────────────────


class Claim(NamedTuple):
    """A signed head, as whoever keeps it has it.

    hashes : of the leaves from `first` to `size`, where the keeper has them; `frontier`: the subtrees before these, which
        tie them to the signed root
    """

    log_id: str
    size: int
    root: bytes
    at: str
    key_id: str
    signature: bytes
    public_key: bytes = b""
    first: int = 0
    frontier: Sequence[bytes] = ()
    hashes: Sequence[bytes] = ()
    name: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, Any], name: str = "") -> Claim:
        """From a head's JSON. Raises ValueError when it is none."""
        try:
            return cls(
                log_id=str(kept["log_id"]),
                size=int(kept["size"]),
                root=bytes.fromhex(kept["root"]),
                at=str(kept["at"]),
                key_id=str(kept["key_id"]),
                signature=bytes.fromhex(kept["signature"]),
                public_key=bytes.fromhex(kept.get("public_key", "")),
                first=int(kept.get("first", 0)),
                frontier=[bytes.fromhex(hash_) for hash_ in kept.get("frontier", ())],
                hashes=[bytes.fromhex(hash_) for hash_ in kept.get("leaf_hashes", ())],
                name=name,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{name or 'this'} is not a head of an access record") from error

    def is_signed_by(self, public_key: bytes) -> bool:
        text = head_text(self.log_id, self.size, self.root, self.at, self.key_id)
        return self.key_id == key_id(public_key) and signature_holds(public_key, self.signature, text)

    def root_at(self, size: int) -> bytes | None:
        """The root of an earlier size, from the hashes kept with the head; None where they do not tell."""
        if not self.first <= size <= self.first + len(self.hashes) or self.first.bit_count() != len(self.frontier):
            return None
        tree = Frontier(self.first, self.frontier)
        for hash_ in self.hashes[: size - self.first]:
            tree.append(hash_)
        return tree.root()

    @property
    def is_whole(self) -> bool:
        """Whether the hashes kept with the head, if any, are those that it signs."""
        return not self.hashes or self.root_at(self.size) == self.root


def head_text(log_id: str, size: int, root: bytes, at: str, key: str) -> bytes:
    """What a head's signature covers. `at`: UTC, as 2026-06-15T18:30:00.000000Z."""
    return f"{FORMAT}\nhead\nlog {log_id}\nsize {size}\nroot {root.hex()}\nat {at}\nkey {key}\n".encode()


def key_change_text(log_id: str, position: int, new_key: bytes) -> bytes:
    """What the old key signs when a new one follows it from the entry at `position` on."""
    return f"{FORMAT}\nkey\nlog {log_id}\nfrom {position}\nkey {new_key.hex()}\n".encode()


def key_id(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()[:16]


def signature_holds(public_key: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


class Keys:
    """The keys of a record: the one that it began with, and those that followed, each signed for by the one before."""

    def __init__(self) -> None:
        self.log_id = ""
        self.known: list[bytes] = []

    @property
    def in_force(self) -> bytes:
        return self.known[-1] if self.known else b""

    def follow(self, position: int, body: Mapping[str, Any]) -> tuple[str, str] | None:
        """Take an entry about the key; what is wrong with it: kind and text."""
        details = body.get("details") or {}
        try:
            key = bytes.fromhex(details["public_key"])
            if body["action"] == "begun":
                if position:
                    return "reordered", "the record begins a second time"
                self.log_id = str(details["log_id"])
            elif not signature_holds(
                self.in_force, bytes.fromhex(details["signature"]), key_change_text(self.log_id, position, key)
            ):
                return "key_replaced", "a key followed that the one before it did not sign for"
        except (KeyError, TypeError, ValueError, AttributeError):
            return "malformed", "the entry about the key cannot be read"
        self.known.append(key)
        return None


# ── the verification ───────────────────────────────────────────────────────────────────────────────────────────────


class Leaf(NamedTuple):
    """One entry as kept. `results` and `sealed` (SHA-256 of the sealed elements) are None where they are not at hand."""

    record_id: int
    text: str
    hash: bytes
    results: Sequence[str] | None = None
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not what it must be. `position`: the first entry that can be bad; `last`: the last one.

    kind : edited, deleted, reordered, truncated, forked, key_replaced, clock_set_back, unsigned, results, elements, beside,
        malformed
    """

    kind: str
    position: int
    last: int
    expected: str
    found: str
    text: str

    @property
    def where(self) -> str:
        return f"entry {self.position}" + (f" to {self.last}" if self.last > self.position else "")


@dataclass(slots=True)
class Report:
    """What was verified, and everything found wrong."""

    log_id: str = ""
    size: int = 0
    root: str = ""
    n_heads: int = 0
    n_witnessed: int = 0
    keys: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    accepted: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The damage that begins first."""
        return min(self.findings, key=lambda finding: finding.position, default=None)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok, "first_bad_position": self.first.position if self.first else None}

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"access record {self.log_id or '(unknown)'}: {self.size:,} entries, root {self.root}"
        kept = (
            f"{self.n_witnessed} kept by witnesses"
            if self.n_witnessed
            else "none kept by a witness was held against it"
        )
        yield f"{self.n_heads:,} signed heads, {kept}; signed by {', '.join(self.keys) or 'nobody'}"
        for finding in self.accepted:
            yield f"accepted: {finding.where}: {finding.text} ({finding.kind})"
        for finding in sorted(self.findings, key=lambda finding: finding.position)[:20]:
            yield f"DAMAGED: {finding.where}: {finding.text} ({finding.kind})"
            yield f"    expected {finding.expected}"
            yield f"    found    {finding.found}"
        if len(self.findings) > 20:
            yield f"and {len(self.findings) - 20:,} findings more"
        yield "VERIFIED" if self.ok else "NOT VERIFIED"


class Verifier:
    """Takes a record line by line, entries in order and each head behind the last entry that it covers; then `finish`.

    (1) each entry is what was hashed, and stands where it was written
    (2) each head is signed by the key in force, and its root is that of the entries before it
    (3) time does not run backwards
    (4) what lies beside an entry is what it recorded
    (5) what others kept is the same as what is here, and not longer

    claims : heads that others kept
    pinned : public key known from before
    accepted : positions at which a clock set back was looked into and explained
    """

    def __init__(self, claims: Iterable[Claim] = (), pinned: bytes | None = None, accepted: Iterable[int] = ()) -> None:
        self.report = Report()
        self.keys = Keys()
        self.pinned = pinned
        self.accepted = frozenset(accepted)
        self.tree = Frontier()
        self.at = ""
        self.is_in_place = True  # up to here every entry stands in its place: roots can be compared
        self.signed_size = 0  # so many entries a head of the record agreed with
        self.witnessed_size = 0  # and one that somebody else kept
        self.is_forked = False
        self.due = sorted(claims, key=lambda claim: claim.size)
        self.segments = sorted((claim for claim in self.due if claim.hashes and claim.is_whole), key=lambda c: c.first)
        self.open: list[Claim] = []

    def leaf(self, leaf: Leaf) -> None:
        position = self.tree.size
        body = self._read(leaf, position)
        self.tree.append(leaf.hash)
        self._hold_against_witnesses(leaf.hash, position)
        if body is not None:
            self._clock(body, position)
            self._beside(leaf, body, position)
            if body.get("kind") == "record" and body.get("action") in {"begun", "key_changed"}:
                if wrong := self.keys.follow(position, body):
                    self.find(wrong[0], position, text=wrong[1], expected=key_id(self.keys.in_force), found="another")
            elif position == 0:
                self.find(
                    "malformed", 0, text="the first entry does not begin a record", expected="begun", found="another"
                )
        while self.due and self.due[0].size == self.tree.size:
            self._claim(self.due.pop(0))

    def _read(self, leaf: Leaf, position: int) -> Mapping[str, Any] | None:
        if leaf.record_id != position and self.is_in_place:
            self.is_in_place = False
            kind, text = (
                ("deleted", "is missing") if leaf.record_id > position else ("reordered", "is not in its place")
            )
            self.find(
                kind, position, text=f"an entry {text}", expected=f"entry {position}", found=f"entry {leaf.record_id}"
            )
        if (computed := leaf_hash(leaf.text)) != leaf.hash:
            text = "the entry is not what was hashed"
            self.find("edited", position, text=text, expected=f"hash {leaf.hash.hex()}", found=f"hash {computed.hex()}")
        try:
            body = json.loads(leaf.text)
            stated = body["record_id"]
        except (ValueError, TypeError, KeyError, RecursionError):
            if computed == leaf.hash:
                self.find("malformed", position, text="the entry cannot be read", expected="JSON", found="none")
            return None
        if stated != leaf.record_id and computed == leaf.hash and self.is_in_place:
            self.is_in_place = False
            text = "another entry stands in this one's place"
            self.find("reordered", position, text=text, expected=f"entry {position}", found=f"entry {stated}")
        return body if isinstance(body, dict) else None

    def _clock(self, body: Mapping[str, Any], position: int) -> None:
        at = str(body.get("at"))
        if len(at) != 27 or at[-1] != "Z":  # one width, always UTC: text compares as time does
            self.find("malformed", position, text="the entry's time cannot be read", expected="a time in UTC", found=at)
            return
        if at < self.at and self.is_in_place:
            declared = ", as the entry itself says" if "clock_set_back" in (body.get("details") or {}) else ""
            text = f"the clock was set back{declared}"
            self.find("clock_set_back", position, text=text, expected=f"{self.at} or later", found=at)
        self.at = at

    def _beside(self, leaf: Leaf, body: Mapping[str, Any], position: int) -> None:
        """The ids of its results, its sealed elements."""
        if leaf.results is not None:
            recorded = body.get("n_results"), body.get("results_root")
            found = len(leaf.results), root_of(leaf.results).hex()
            if recorded != found:
                text = "the ids of the results are not those recorded"
                self.find("results", position, text=text, expected=str(recorded), found=str(found))
        elements = body.get("elements")
        if leaf.sealed is not None and leaf.sealed != (elements or {}).get("sealed", ""):
            text = "the sealed elements are not those recorded"
            self.find("elements", position, text=text, expected=str(elements), found=leaf.sealed or "none")

    def head(self, head: Claim) -> None:
        """A head that the record itself keeps."""
        self.report.n_heads += 1
        size, key = self.tree.size, self.keys.in_force
        if not self.is_in_place:
            return
        if head.size != size:
            self.is_in_place = False
            kind, text = (
                ("truncated", "entries are missing") if head.size > size else ("reordered", "a head is out of place")
            )
            first, last = min(size, head.size), max(size, head.size) - 1
            self.find(kind, first, last, text=text, expected=f"{head.size} entries", found=f"{size}")
        elif not head.is_signed_by(key):
            kind = "unsigned" if head.key_id == key_id(key) else "key_replaced"
            text = "a head is not signed by the key in force"
            self.find(
                kind, self.signed_size, size - 1, text=text, expected=f"key {key_id(key)}", found=f"key {head.key_id}"
            )
        elif head.root != (root := self.tree.root()):
            text = "the entries are not those that were signed"
            self._differs("edited", self.signed_size, head, root, text)
        else:
            self.signed_size = size

    def _claim(self, claim: Claim) -> None:
        """A head that somebody else kept, when the record has reached its size."""
        self.report.n_witnessed += 1
        name, last = claim.name or "the witness", max(claim.size - 1, 0)
        if not self._is_authentic(claim, name):
            return
        if claim.log_id != self.keys.log_id:
            text = f"this is another record than the one that {name} knows"
            self.find("forked", 0, last, text=text, expected=claim.log_id, found=self.keys.log_id)
        elif claim.root != (root := self.tree.root()):
            if self.is_in_place and not self.is_forked:
                text = f"the record is not the one that {name} was shown: rewritten, forked, or a backup gone on with"
                self._differs("forked", self.witnessed_size, claim, root, text)
        else:
            self.witnessed_size = claim.size

    def _is_authentic(self, claim: Claim, name: str) -> bool:
        """Whether a kept head counts: signed, and whole; one signed by a key that is not the record's is a finding itself."""
        last = max(claim.size - 1, 0)
        if not claim.is_signed_by(claim.public_key or self.keys.in_force) or not claim.is_whole:
            text = f"the head that {name} keeps is not authentic: ask for it again"
            self.find("unsigned", 0, last, text=text, expected=f"signed by {claim.key_id}", found="not")
            return False
        if claim.public_key and claim.public_key not in self.keys.known:
            text = f"the record is signed by another key than the one that {name} knows"
            self.find(
                "key_replaced",
                0,
                last,
                text=text,
                expected=f"key {claim.key_id}",
                found=f"key {key_id(self.keys.in_force)}",
            )
        return True

    def _differs(self, kind: str, first: int, head: Claim, root: bytes, text: str) -> None:
        """A root that is not the signed one; said once, and not where the bad entry itself was found."""
        last = head.size - 1
        if not any(f.kind in STRUCTURAL and f.position <= last and first <= f.last for f in self.report.findings):
            self.find(kind, first, last, text=text, expected=f"root {head.root.hex()}", found=f"root {root.hex()}")
        self.is_in_place = False

    def _hold_against_witnesses(self, hash_: bytes, position: int) -> None:
        while self.segments and self.segments[0].first <= position:
            self.open.append(self.segments.pop(0))
        if not self.open or self.is_forked or not self.is_in_place:
            return
        self.open = [claim for claim in self.open if position < claim.first + len(claim.hashes)]
        for claim in self.open:
            if (kept := claim.hashes[position - claim.first]) != hash_ and claim.log_id == self.keys.log_id:
                self.is_forked = True
                text = f"from here on the record is not what {claim.name or 'the witness'} keeps: rewritten, forked, or a backup gone on with"
                self.find("forked", position, text=text, expected=f"hash {kept.hex()}", found=f"hash {hash_.hex()}")
                return

    def finish(self) -> Report:
        report, size = self.report, self.tree.size
        report.log_id, report.size, report.root = self.keys.log_id, size, self.tree.root().hex()
        report.keys = [key_id(key) for key in self.keys.known]
        last = max(size - 1, 0)
        if not size:
            self.find("truncated", 0, text="there is no record", expected="entries", found="none")
        elif self.is_in_place and self.signed_size < size and not report.findings:
            text = "entries at the end are not signed"
            self.find(
                "unsigned",
                self.signed_size,
                last,
                text=text,
                expected=f"a head of {size}",
                found=f"of {self.signed_size}",
            )
        for claim in self.due:
            report.n_witnessed += 1
            name = claim.name or "the witness"
            if self._is_authentic(claim, name):
                text = f"entries at the end are missing: {name} knows more"
                expected = f"{claim.size} entries"
                self.find("truncated", size, claim.size - 1, text=text, expected=expected, found=f"{size}")
        if self.pinned is not None and self.pinned not in self.keys.known:
            text = "the record is signed by another key than the one kept from before"
            found = ", ".join(report.keys)
            self.find("key_replaced", 0, last, text=text, expected=f"key {key_id(self.pinned)}", found=f"key {found}")
        return report

    def find(self, kind: str, position: int, last: int | None = None, *, text: str, expected: str, found: str) -> None:
        finding = Finding(kind, position, position if last is None else last, expected, found, text)
        is_accepted = kind == "clock_set_back" and position in self.accepted
        (self.report.accepted if is_accepted else self.report.findings).append(finding)


# ── what outsiders hold in their hands ─────────────────────────────────────────────────────────────────────────────


def verify_export(path: Path, verifier: Verifier) -> Report:
    """Verify an exported file; one cut short or no export at all is a finding."""
    is_complete = False
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            try:
                is_complete = _take(json.loads(line), verifier)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                at = verifier.tree.size
                verifier.find(
                    "malformed", at, text="a line of the export cannot be read", expected="JSON", found="none"
                )
                return verifier.finish()
    if not is_complete:
        at = verifier.tree.size
        verifier.find("truncated", at, text="the export ends before its last line", expected="an end", found="none")
    return verifier.finish()


def _take(line: Mapping[str, Any], verifier: Verifier) -> bool:
    """One line of an export; whether it is the last one."""
    if (text := line.get("leaf")) is not None:
        sealed = line.get("sealed")
        digest = None if sealed is None else hashlib.sha256(b64decode(sealed)).hexdigest() if sealed else ""
        verifier.leaf(Leaf(line["id"], text, bytes.fromhex(line["hash"]), line.get("results"), digest))
    elif (head := line.get("head")) is not None:
        verifier.head(Claim.of(head))
    elif line.get("format") not in {None, f"{FORMAT} export"}:
        raise ValueError("another format")
    return "end" in line


def compare(one: Claim, other: Claim) -> tuple[bool | None, str]:
    """Whether two heads can be of one record: True, False, or None where only the record itself tells; and why."""
    first, second = sorted((one, other), key=lambda claim: claim.size)
    for claim in (first, second):
        if not claim.is_signed_by(claim.public_key) or not claim.is_whole:
            return False, f"{claim.name or 'a head'} is not authentic: its signature or its hashes do not hold"
    if first.log_id != second.log_id:
        return False, f"two records: {first.log_id} and {second.log_id}"
    root = second.root if first.size == second.size else second.root_at(first.size)
    if root is None:
        return (
            None,
            f"{first.size} and {second.size} entries: give the export, or a proof that one begins with the other",
        )
    if root == first.root:
        return True, f"one record: {first.size} entries, then {second.size}"
    signers = f"key {first.key_id}" if first.key_id == second.key_id else f"keys {first.key_id} and {second.key_id}"
    return False, f"EQUIVOCATION: {signers} signed two different records of {first.size} entries"


def check_proof(proof: Mapping[str, Any], claim: Claim | None = None, pinned: bytes | None = None) -> str:
    """What a proof proves. Raises ValueError when it proves nothing.

    claim : a head kept by somebody else, which the proof must be about
    """
    head = Claim.of(proof["head"], "the proof's head")
    if not head.is_signed_by(pinned or head.public_key):
        raise ValueError("its head is not signed by the key")
    path = [bytes.fromhex(hash_) for hash_ in proof["path"]]
    if "leaf" in proof:
        position = int(proof["record_id"])
        if not inclusion_holds(leaf_hash(proof["leaf"]), position, head.size, path, head.root):
            raise ValueError("the entry is not in the record")
        if claim and (claim.size, claim.root, claim.log_id) != (head.size, head.root, head.log_id):
            raise ValueError("the proof is about another head than the one given")
        return f"entry {position} is in the record of {head.size} entries"
    first = claim or Claim.of(proof["first"], "the proof's first head")
    if not first.is_signed_by(pinned or first.public_key or head.public_key) or first.log_id != head.log_id:
        raise ValueError("the first head is not this record's")
    if not consistency_holds(first.size, first.root, head.size, head.root, path):
        raise ValueError(f"the record of {head.size} entries does not begin with those {first.size}")
    return f"the record of {head.size} entries begins with those {first.size} unchanged"


def read_claim(path: Path) -> Claim:
    """A head's file. Raises ValueError when it is none."""
    return Claim.of(_json(path), path.name)


def read_key(path: Path) -> bytes:
    """A public key: PEM, 64 hex digits, or the JSON of any head that it signed. Raises ValueError when it is none."""
    raw = path.read_bytes()
    if raw.lstrip().startswith(b"-----BEGIN"):
        key = load_pem_public_key(raw)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{path.name} is not an Ed25519 key")
        return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    found = bytes.fromhex(raw.decode().strip()) if raw[:1] not in b"{" else read_claim(path).public_key
    if len(found) != 32:
        raise ValueError(f"{path.name} is not a public key")
    return found


def _json(path: Path) -> dict[str, Any]:
    read = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(read, dict):
        raise ValueError(f"{path.name} is not a JSON object")  # noqa: TRY004 - of the file, not of an argument
    return read


def main(arguments: Sequence[str] | None = None) -> int:
    summary, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", nargs="?", type=Path, help="file made by `alpr record export`")
    parser.add_argument("--head", action="append", type=Path, default=[], help="a head that a witness keeps")
    parser.add_argument("--key", type=Path, help="public key kept from before: PEM, hex, or a head that it signed")
    parser.add_argument("--accept", action="append", type=int, default=[], help="a clock set back there is explained")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("HEAD_A", "HEAD_B"), help="heads shown to two people")
    parser.add_argument("--proof", type=Path, help="file made by `alpr record prove`")
    parser.add_argument("--json", action="store_true", help="report as JSON")
    options = parser.parse_args(arguments)
    try:
        return _run(options, parser)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"verify_record: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    claims = [read_claim(path) for path in [*options.head, *(options.compare or ())]]
    pinned = read_key(options.key) if options.key else None
    if options.proof:
        try:
            said, holds = check_proof(_json(options.proof), claims[0] if claims else None, pinned), True
        except ValueError as error:
            said, holds = f"NOT PROVEN: {error}", False
        print(json.dumps({"ok": holds, "text": said}) if options.json else said)
        return 0 if holds else 1
    if options.compare:
        agree, said = compare(*claims[-2:])
        if agree is not None or options.export is None:
            print(json.dumps({"ok": agree, "text": said}) if options.json else said)
            return 0 if agree else 1
    if options.export is None:
        parser.error("give an export, --compare or --proof")
    report = verify_export(options.export, Verifier(claims, pinned, options.accept))
    print(json.dumps(report.as_json(), indent=2) if options.json else "\n".join(report.lines()))
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
