"""Proofs over the record's tree: that an entry is in it, that one tree is the beginning of another (RFC 9162, 2.1.3 and 2.1.4).

Here: which stored nodes a proof needs, and putting them together. Not here: hashing and checking a proof (`verifying`, which
outsiders have too). Every complete subtree's root is kept, so that a proof reads some forty rows however long the record is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from alpr_assets.access.record.verifying import node_hash

Address: TypeAlias = tuple[int, int]
"""Level and number of a complete subtree; level 0 is a leaf."""

Fetch: TypeAlias = Callable[[Iterable[Address]], Mapping[Address, bytes]]
"""Reads the roots of complete subtrees, all in one go."""


def covering(first: int, end: int) -> list[Address]:
    """The complete subtrees that make up the leaves from `first` to `end` (excluded), left to right.

    `first` is a multiple of every subtree's size that follows, as in all ranges of the RFC's definitions.
    """
    found = []
    while first < end:
        level = (end - first).bit_length() - 1
        found.append((level, first >> level))
        first += 1 << level
    return found


def inclusion_plan(position: int, size: int) -> list[list[Address]]:
    """PATH(position, D[size]): for each sibling of the path, what it is made of; the leaf's own sibling first.

    Raises ValueError when there is no such leaf.
    """
    if not 0 <= position < size:
        raise ValueError(f"no entry {position} among {size}")
    first, end, plan = 0, size, []
    while end - first > 1:
        middle = first + _split(end - first)
        if position < middle:
            plan.append(covering(middle, end))
            end = middle
        else:
            plan.append(covering(first, middle))
            first = middle
    return plan[::-1]


def consistency_plan(size_1: int, size_2: int) -> list[list[Address]]:
    """PROOF(size_1, D[size_2]): what each step is made of; empty when the trees are equal or the first is empty.

    Raises ValueError when the first tree is larger.
    """
    if not 0 <= size_1 <= size_2:
        raise ValueError(f"a tree of {size_1} entries is not the beginning of one of {size_2}")
    if size_1 in {0, size_2}:
        return []
    first, end, plan, is_whole = 0, size_2, [], True
    while size_1 != end:
        middle = first + _split(end - first)
        if size_1 <= middle:
            plan.append(covering(middle, end))
            end = middle
        else:
            plan.append(covering(first, middle))
            first, is_whole = middle, False
    if not is_whole:
        plan.append(covering(first, end))
    return plan[::-1]


def prove(plan: Sequence[Sequence[Address]], fetch: Fetch) -> list[bytes]:
    """The proof that a plan describes."""
    nodes = fetch({address for step in plan for address in step})
    return [joined([nodes[address] for address in step]) for step in plan]


def joined(hashes: Sequence[bytes]) -> bytes:
    """Root over neighbouring complete subtrees, the largest first."""
    *left, root = hashes
    for hash_ in reversed(left):
        root = node_hash(hash_, root)
    return root


def _split(n: int) -> int:
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1
