"""Matching: which reads are on a hot list, how far the spelling agrees, and why.

Here: exact, folded and edit-distance-1 matches, the rule about states, and the differences shown to a person.
Not here: hits and their states, entitlements, partial plates.

Kinds, strongest first; a pair has its strongest only
    exact    the same characters
    folded   the same once look-alikes are merged (`lookalikes.fold`)
    edit1    folded keys one insertion, deletion or substitution apart, both at least `edit1_min_length` long.
             On folded keys because misreads combine: a lost character beside an O for a 0 is common.

States: `state_agrees` is NA where the read's region or the entry's state is unknown. A region that contradicts the
entry's state never drops an exact or folded match: the state is the weaker evidence, and a stolen plate must not be
lost to it. The match stays, with `state_agrees` False and behind the others: "other state". An edit1 match with a
contradicting state is dropped: two weak agreements are no evidence. Callers give a region only where it is confident.

Method: every folded key, whole and with each one character deleted, becomes a 64-bit hash (tabulation hashing: one
table look-up a character). Keys at distance 1 share one of these. What shares a hash is only a candidate and is then
compared character by character, so a collision costs time and never an alert.
Measured by benchmarks/matching.py. Source: 422.3; the person who verifies is shown the differences (422.4(f)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import ALPHABET, fold

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
Difference = dict[str, int | str | bool]

MAX_LENGTH: Final = 32
"""Longest listed plate; twice what the tables hold. A read longer than any listed plate + 1 matches nothing."""

MAX_ENTRIES: Final = 2**24
KINDS: Final = ("exact", "folded", "edit1")

_CHUNK: Final = 50_000  # distinct plates looked up at once: bounds the memory
_ROW_MASK: Final = np.uint64(MAX_ENTRIES - 1)
_PLATE_BYTES: Final = np.isin(np.arange(256), list(ALPHABET.encode()))
_FOLD_BYTES: Final = np.frombuffer(fold(bytes(range(256)).decode("latin-1")).encode("latin-1"), np.uint8)
_TABLE: Final = np.random.default_rng(422).integers(0, 2**64, size=(MAX_LENGTH + 1, 256), dtype=np.uint64)
_TABLE[:, 0] = 0  # the padding behind a plate


@dataclass(frozen=True, slots=True)
class PlateIndex:
    """Entries made ready for matching; immutable, so that threads may share it.

    Built once a list version.
    """

    entry_id: NDArray[Any]
    plates: list[str]
    state: Ints
    spelling: _Spelling
    whole: _HashIndex
    near: _HashIndex
    edit1_min_length: int

    @classmethod
    def build(cls, entries: pd.DataFrame, *, edit1_min_length: int = 5) -> PlateIndex:
        """Index entries.

        Parameters
        ----------
        entries : DataFrame (n, ≥ 3): entry_id, plate (normalised), state (two letters; empty or missing: unknown).
            Keys are folded here: a stored `plate_folded` may be of another version of the look-alikes.
        edit1_min_length : characters; both plates of an edit1 match have at least so many

        Raises
        ------
        MalformedError : `plate_characters`, `plate_too_long`: a plate is not normalised or over MAX_LENGTH
        """
        listed = entries["plate"].notna() & (entries["plate"] != "")
        entries = entries.loc[listed]
        plates: list[str] = entries["plate"].tolist()
        if len(plates) > MAX_ENTRIES:
            raise ValueError(f"{len(plates)} entries, {MAX_ENTRIES} at most")
        longest = max(map(len, plates), default=0)
        if longest > MAX_LENGTH:
            raise MalformedError("plate_too_long", f"a listed plate has {longest} characters, {MAX_LENGTH} at most")
        spelling = _Spelling.of(plates, longest + 1)
        rows = np.arange(len(plates))
        return cls(
            entry_id=entries["entry_id"].to_numpy(),
            plates=plates,
            state=_state_codes(entries["state"]),
            spelling=spelling,
            whole=_HashIndex.of(spelling.hashes(), rows),
            near=_HashIndex.of(*spelling.near_hashes(edit1_min_length)),
            edit1_min_length=edit1_min_length,
        )

    def match(self, reads: pd.DataFrame) -> pd.DataFrame:
        """Match reads against the entries.

        Parameters
        ----------
        reads : DataFrame (n, ≥ 3): read_id, plate (normalised; missing or empty: no match), region (two letters in
            either case, with or without `us-`; missing: unknown or not confident)

        Returns
        -------
        DataFrame (m, 6), a row a (read row, entry): read_id, entry_id, kind (exact | folded | edit1), state_agrees
        (boolean with NA), n_positions (how many characters differ), differences (see `explain`). In the order of the
        reads; a read's matches best first, those of another state last.

        Raises
        ------
        MalformedError : `plate_characters`: a read's plate is not normalised
        """
        plate_of_row, uniques = pd.factorize(reads["plate"])
        distinct: list[str] = uniques.tolist()
        found = [self._pairs(distinct[start : start + _CHUNK], start) for start in range(0, len(distinct), _CHUNK)]
        pairs = pd.concat([*found, pd.DataFrame({"plate": [], "entry": [], "kind": []}, dtype=np.int64)])
        rows = pd.DataFrame({
            "read": np.arange(len(reads)), "plate": plate_of_row, "region": _state_codes(reads["region"])
        })  # fmt: skip
        matches = rows.merge(pairs, on="plate")
        state, region = self.state[matches["entry"]], matches["region"].to_numpy()
        unknown = (state == 0) | (region == 0)
        contradicts = ~unknown & (state != region)
        matches = matches.assign(unknown=unknown, contradicts=contradicts)
        matches = matches[~(contradicts & (matches["kind"] == KINDS.index("edit1")))]
        matches = matches.sort_values(["read", "contradicts", "kind", "unknown", "entry"], kind="stable")
        return self._explained(matches, reads["read_id"], distinct)

    def _pairs(self, distinct: list[str], first: int) -> pd.DataFrame:
        """Matching pairs (plate number, entry row, kind number) of distinct plates numbered from `first`."""
        # A plate longer than the index is wide differs from every listed one by more than one character.
        number = np.array([i for i, plate in enumerate(distinct) if 0 < len(plate) <= self.spelling.width], np.int64)
        mine, listed = _Spelling.of([distinct[i] for i in number], self.spelling.width), self.spelling

        plate, entry = self.whole.join(mine.hashes(), np.arange(len(number)))
        same = (mine.folded[plate] == listed.folded[entry]).all(axis=1)
        plate, entry = plate[same], entry[same]
        kind = np.where((mine.raw[plate] == listed.raw[entry]).all(axis=1), 0, 1)

        near_plate, near_entry = self.near.join(*mine.near_hashes(self.edit1_min_length))
        near = np.unique(near_plate * len(self.plates) + near_entry) if len(near_plate) else near_plate
        near_plate, near_entry = np.divmod(near, max(len(self.plates), 1))
        close = _one_edit_apart(mine, near_plate, listed, near_entry)
        near_plate, near_entry = near_plate[close], near_entry[close]

        return pd.DataFrame({
            "plate": first + number[np.concatenate([plate, near_plate])],
            "entry": np.concatenate([entry, near_entry]),
            "kind": np.concatenate([kind, np.full(len(near_plate), 2)]),
        })  # fmt: skip

    def _explained(self, matches: pd.DataFrame, read_id: pd.Series[Any], distinct: list[str]) -> pd.DataFrame:
        pairs = zip(matches["plate"], matches["entry"], matches["kind"], strict=True)
        why = [explain(distinct[plate], self.plates[entry]) if kind else [] for plate, entry, kind in pairs]
        agrees = pd.array(~matches["contradicts"].to_numpy(bool), dtype="boolean")
        agrees[matches["unknown"].to_numpy(bool)] = pd.NA
        return pd.DataFrame({
            "read_id": read_id.to_numpy()[matches["read"]],
            "entry_id": self.entry_id[matches["entry"]],
            "kind": np.array(KINDS, dtype=object)[matches["kind"]],
            "state_agrees": agrees,
            "n_positions": np.array([len(differences) for differences in why], dtype=np.int64),
            "differences": pd.Series(why, dtype=object),
        })  # fmt: skip


def explain(read_plate: str, listed_plate: str) -> list[Difference]:
    """Why two matched plates differ, a dict a differing character; empty where they are the same.

    position : 1-based, in the read; of a character the read lacks, where it would stand
    read, listed : the character in each; empty where one lacks it
    alike : the two are look-alikes

    Where a gap fits in several places (a run of one character), the one with fewest other differences is taken, then
    the leftmost. Raises ValueError for plates whose lengths differ by more than one: such are never a match.
    """
    gaps = len(read_plate) - len(listed_plate)
    if gaps == 0:
        return _differences(read_plate, listed_plate)
    if abs(gaps) > 1:
        raise ValueError(f"lengths {len(read_plate)} and {len(listed_plate)} are not one edit apart")
    around = _around_extra if gaps > 0 else _around_missing
    alignments = [around(read_plate, listed_plate, gap) for gap in range(max(len(read_plate), len(listed_plate)))]
    return min(alignments, key=lambda found: (sum(not difference["alike"] for difference in found), len(found)))


def _differences(read: str, listed: str, first: int = 1) -> list[Difference]:
    return [
        {"position": position, "read": ours, "listed": theirs, "alike": fold(ours) == fold(theirs)}
        for position, (ours, theirs) in enumerate(zip(read, listed, strict=True), start=first)
        if ours != theirs
    ]


def _around_extra(read: str, listed: str, gap: int) -> list[Difference]:
    extra: Difference = {"position": gap + 1, "read": read[gap], "listed": "", "alike": False}
    behind = _differences(read[gap + 1 :], listed[gap:], first=gap + 2)
    return [*_differences(read[:gap], listed[:gap]), extra, *behind]


def _around_missing(read: str, listed: str, gap: int) -> list[Difference]:
    missing: Difference = {"position": gap + 1, "read": "", "listed": listed[gap], "alike": False}
    behind = _differences(read[gap:], listed[gap + 1 :], first=gap + 1)
    return [*_differences(read[:gap], listed[:gap]), missing, *behind]


@dataclass(frozen=True, slots=True)
class _Spelling:
    """Plates as rows of bytes, zero behind their end: as spelt, and folded."""

    raw: Bytes  # (n, width)
    folded: Bytes  # (n, width)
    lengths: Ints  # (n,)

    @classmethod
    def of(cls, plates: list[str], width: int) -> _Spelling:
        """`plates` are no longer than `width`."""
        lengths = np.fromiter(map(len, plates), np.int64, len(plates))
        try:
            raw = np.array(plates, dtype=f"S{width}").view(np.uint8).reshape(len(plates), width)
        except UnicodeEncodeError:
            raise _not_normalised() from None
        if not np.array_equal(_PLATE_BYTES[raw].sum(axis=1), lengths):
            raise _not_normalised()
        return cls(raw, _FOLD_BYTES[raw], lengths)

    @property
    def width(self) -> int:
        return int(self.raw.shape[1])

    def hashes(self) -> Hashes:
        """(n,) hashes of the folded keys."""
        hashes = np.zeros(len(self.raw), np.uint64)
        for column in range(self.width):
            hashes ^= _TABLE[column][self.folded[:, column]]
        return hashes

    def near_hashes(self, min_length: int) -> tuple[Hashes, Ints]:
        """(m,) hashes of each key that is long enough, whole and without each of its characters; (m,) their rows."""
        rows = np.flatnonzero(self.lengths >= min_length)
        folded, lengths = self.folded[rows], self.lengths[rows]
        longest = int(lengths.max(initial=0))
        hashes = np.empty((len(rows), longest + 1), np.uint64)
        before = np.zeros(len(rows), np.uint64)  # of the characters left of the deleted one
        behind = np.zeros(len(rows), np.uint64)  # of those right of it, each moved one to the left
        for column in range(1, longest):
            behind ^= _TABLE[column - 1][folded[:, column]]
        for column in range(longest):
            hashes[:, column] = before ^ behind
            before ^= _TABLE[column][folded[:, column]]
            if column + 1 < longest:
                behind ^= _TABLE[column][folded[:, column + 1]]
        hashes[:, longest] = before  # the whole key
        kept = np.arange(longest + 1) < lengths[:, None]
        kept[:, longest] = True
        return hashes[kept], np.repeat(rows, lengths + 1)


@dataclass(frozen=True, slots=True)
class _HashIndex:
    """Hashes and the row each belongs to, packed into one sorted number: 40 bits of hash, 24 of row.

    Sorting numbers is many times faster than ordering pairs; the bits lost only mean a few more candidates.
    """

    packed: Hashes

    @classmethod
    def of(cls, hashes: Hashes, rows: Ints) -> _HashIndex:
        return cls(_packed(hashes, rows))

    def join(self, hashes: Hashes, rows: Ints) -> tuple[Ints, Ints]:
        """Pairs (given row, indexed row) that share a hash. Looked up in order, which keeps the memory caches warm."""
        sought = _packed(hashes, rows)
        first = np.searchsorted(self.packed, sought & ~_ROW_MASK)
        known = first < len(self.packed)
        known[known] = (self.packed[first[known]] ^ sought[known]) <= _ROW_MASK
        first, sought = first[known], sought[known]
        counts = np.searchsorted(self.packed, sought | _ROW_MASK, side="right") - first
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        indexed = self.packed[np.repeat(first, counts) + within]
        return np.repeat(_rows(sought), counts), _rows(indexed)


def _packed(hashes: Hashes, rows: Ints) -> Hashes:
    return np.sort((hashes & ~_ROW_MASK) | rows.astype(np.uint64))


def _rows(packed: Hashes) -> Ints:
    return (packed & _ROW_MASK).astype(np.int64)


def _one_edit_apart(a: _Spelling, a_rows: Ints, b: _Spelling, b_rows: Ints) -> NDArray[np.bool_]:
    """(n,) whether the folded keys of each pair are at Levenshtein distance 1."""
    swap = a.lengths[a_rows] < b.lengths[b_rows]
    left, right = a.folded[a_rows], b.folded[b_rows]
    longer = np.where(swap[:, None], right, left)
    shorter = np.where(swap[:, None], left, right)
    gap = np.abs(a.lengths[a_rows] - b.lengths[b_rows])
    differs = longer != shorter
    substituted = (gap == 0) & (differs.sum(axis=1) == 1)
    # One character more: equal up to the first difference, and from there on when moved by one.
    behind = np.arange(a.width - 1) >= differs.argmax(axis=1)[:, None]
    moved_equal = (longer[:, 1:] == shorter[:, :-1]) | ~behind
    result: NDArray[np.bool_] = substituted | ((gap == 1) & moved_equal.all(axis=1))
    return result


def _state_codes(states: pd.Series[str]) -> Ints:
    """(n,) a number for each state, 0 for an unknown one. `us` alone is a country."""
    rows, distinct = pd.factorize(states)
    codes = np.zeros(len(distinct) + 1, np.int64)  # the last is for the missing, which factorize numbers -1
    for number, state in enumerate(distinct):
        if named := re.fullmatch(r"(?:us-)?(?!us$)([a-z])([a-z])", state.strip().casefold()):
            codes[number] = 256 * ord(named[1]) + ord(named[2])
    return codes[rows]


def _not_normalised() -> MalformedError:
    return MalformedError(
        "plate_characters",
        "a plate holds more than A–Z and 0–9",
        remedy="Normalise plates before they are stored (lookalikes.normalise).",
    )
