"""The tree and its proofs are those of RFC 9162, 2.1: held against its definitions, written out here as they stand there."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.access.record.merkle import Address, consistency_plan, covering, inclusion_plan, joined, prove
from alpr_assets.access.record.verifying import Frontier, Node, consistency_holds, inclusion_holds, leaf_hash, root_of

sizes = st.integers(min_value=1, max_value=70)


def texts(n: int) -> list[str]:
    return [f"entry {i}" for i in range(n)]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(data: list[str]) -> bytes:
    """2.1.1: MTH(D[n])."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0].encode()).digest()
    k = split(len(data))
    return hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: list[str]) -> list[bytes]:
    """2.1.3.1: PATH(m, D[n])."""
    if len(data) == 1:
        return []
    k = split(len(data))
    return [*path(m, data[:k]), mth(data[k:])] if m < k else [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: list[str], *, whole: bool) -> list[bytes]:
    """2.1.4.1: SUBPROOF(m, D[n], b)."""
    if m == len(data):
        return [] if whole else [mth(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof(m, data[:k], whole=whole), mth(data[k:])]
    return [*subproof(m - k, data[k:], whole=False), mth(data[:k])]


def stored(n: int) -> dict[Address, bytes]:
    """Every complete subtree's root, as the record keeps them."""
    tree, nodes = Frontier(), {}
    for number, text in enumerate(texts(n)):
        nodes[0, number] = leaf_hash(text)
        nodes.update({(node.level, node.number): node.hash for node in tree.append(leaf_hash(text))})
    return nodes


@given(n=st.integers(min_value=0, max_value=70))
@example(n=0)
@example(n=64)
def test_a_growing_tree_has_the_root_of_the_definition(n: int) -> None:
    assert root_of(texts(n)) == mth(texts(n))


@given(n=sizes)
def test_every_node_that_is_made_is_the_root_over_its_entries(n: int) -> None:
    for (level, number), hash_ in stored(n).items():
        assert hash_ == mth(texts(n)[number << level : (number + 1) << level])


@given(n=sizes, data=st.data())
def test_a_tree_goes_on_from_its_complete_subtrees_alone(n: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(min_value=0, max_value=n))
    nodes = stored(n)
    tree = Frontier(at, [nodes[address] for address in covering(0, at)])
    for text in texts(n)[at:]:
        tree.append(leaf_hash(text))
    assert tree.root() == mth(texts(n))


@given(n=sizes, data=st.data())
def test_inclusion_is_proven_as_defined_and_only_where_it_is(n: int, data: st.DataObject) -> None:
    m = data.draw(st.integers(min_value=0, max_value=n - 1))
    nodes = stored(n)
    proof = prove(inclusion_plan(m, n), lambda wanted: {address: nodes[address] for address in wanted})
    assert proof == path(m, texts(n))
    root, leaf = mth(texts(n)), leaf_hash(f"entry {m}")
    assert inclusion_holds(leaf, m, n, proof, root)
    other = data.draw(st.integers(min_value=0, max_value=n).filter(lambda other: other != m))
    assert not inclusion_holds(leaf, other, n, proof, root)
    assert not inclusion_holds(leaf_hash("another"), m, n, proof, root)
    assert not inclusion_holds(leaf, m, n, [*proof, root], root)


@given(n=sizes, data=st.data())
def test_consistency_is_proven_as_defined_and_only_of_a_beginning(n: int, data: st.DataObject) -> None:
    m = data.draw(st.integers(min_value=1, max_value=n))
    nodes = stored(n)
    proof = prove(consistency_plan(m, n), lambda wanted: {address: nodes[address] for address in wanted})
    assert proof == subproof(m, texts(n), whole=True)
    first, second = mth(texts(m)), mth(texts(n))
    assert consistency_holds(m, first, n, second, proof)
    forged = mth([*texts(m - 1), "another"])
    assert not consistency_holds(m, forged, n, second, proof)
    assert not consistency_holds(m, first, n, forged if m != n else leaf_hash(""), proof)


def test_nothing_is_the_beginning_of_everything() -> None:
    assert consistency_plan(0, 5) == []
    assert consistency_holds(0, mth([]), 5, mth(texts(5)), [])
    assert not consistency_holds(0, mth(texts(1)), 5, mth(texts(5)), [])
    assert not consistency_holds(6, mth(texts(6)), 5, mth(texts(5)), [])


@pytest.mark.parametrize(("position", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_an_entry_that_is_not_there_has_no_proof(position: int, size: int) -> None:
    with pytest.raises(ValueError, match="no entry"):
        inclusion_plan(position, size)
    assert not inclusion_holds(leaf_hash(""), position, size, [], leaf_hash(""))


def test_a_longer_tree_is_no_beginning() -> None:
    with pytest.raises(ValueError, match="not the beginning"):
        consistency_plan(6, 5)


def test_a_frontier_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="complete subtrees"):
        Frontier(3, [b""])


def test_subtrees_are_joined_from_the_right() -> None:
    nodes = stored(7)
    assert joined([nodes[address] for address in covering(0, 7)]) == mth(texts(7))
    assert Node(1, 0, b"") < Node(1, 1, b"")
