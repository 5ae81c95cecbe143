"""ledger/tree.py against the RFC's own recursive definitions, the foreign vectors, and every flipped hash."""

import base64
import json
from functools import cache
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Malformed, Unverified
from ledger.tree import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    check_consistency,
    check_inclusion,
    hash_children,
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from tests.conftest import VECTORS, needs_vectors

LEAVES = tuple(sha256(b"\x00" + str(i).encode()).digest() for i in range(101))


def half(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


@cache
def mth(start, stop):
    """RFC 6962 §2.1, word for word, over LEAVES."""
    if start == stop:
        return sha256(b"").digest()
    if stop - start == 1:
        return LEAVES[start]
    k = half(stop - start)
    return sha256(b"\x01" + mth(start, start + k) + mth(start + k, stop)).digest()


def path(m, start, stop):
    """RFC 6962 §2.1.1."""
    if stop - start == 1:
        return []
    k = half(stop - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, stop)]
    return [*path(m - k, start + k, stop), mth(start, start + k)]


def subproof(m, start, stop, whole):
    """RFC 6962 §2.1.2."""
    n = stop - start
    if m == n:
        return [] if whole else [mth(start, stop)]
    k = half(n)
    if m <= k:
        return [*subproof(m, start, start + k, whole), mth(start + k, stop)]
    return [*subproof(m - k, start + k, stop, False), mth(start, start + k)]


def node(level, index):
    return mth(index << level, (index + 1) << level)


def flip(proof, at):
    bent = list(proof)
    bent[at] = bytes([bent[at][0] ^ 1]) + bent[at][1:]
    return bent


def test_roots_of_0_to_100_leaves_in_three_ways():
    frontier = Frontier()
    for n in range(101):
        assert frontier.root() == root_of(n, node) == mth(0, n)
        assert Frontier().extend(LEAVES[:n]) == frontier
        if n < 100:
            frontier = frontier.append(LEAVES[n])
    assert root_of(0, node) == EMPTY_ROOT


def test_every_inclusion_proof_of_1_to_100_leaves_and_every_hash_flipped():
    for n in range(1, 101):
        root = mth(0, n)
        for i in range(n):
            proof = prove_inclusion(node, i, n)
            assert proof == path(i, 0, n)
            check_inclusion(LEAVES[i], i, n, proof, root)
            for at in range(len(proof)):
                with pytest.raises(Unverified, match="root-mismatch"):
                    check_inclusion(LEAVES[i], i, n, flip(proof, at), root)


def test_an_inclusion_proof_holds_for_its_own_leaf_index_root_and_length_only():
    for n in (1, 2, 3, 7, 8, 64, 65, 100):
        root = mth(0, n)
        for i in range(n):
            proof = path(i, 0, n)
            for wrong in (i - 1, i + 1, i ^ 1):
                with pytest.raises((Unverified, Malformed)):
                    check_inclusion(LEAVES[i], wrong if wrong != i else i + 2, n, proof, root)
            with pytest.raises(Unverified, match="root-mismatch"):
                check_inclusion(LEAVES[100], i, n, proof, root)
            with pytest.raises(Unverified, match="root-mismatch"):
                check_inclusion(LEAVES[i], i, n, proof, LEAVES[100])
            with pytest.raises(Unverified, match="proof-too-long"):
                check_inclusion(LEAVES[i], i, n, [*proof, root], root)
            if proof:
                with pytest.raises(Unverified, match="proof-too-short"):
                    check_inclusion(LEAVES[i], i, n, proof[:-1], root)


def test_every_consistency_proof_up_to_100_leaves_and_every_hash_flipped():
    for new in range(1, 101):
        for old in range(1, new + 1):
            proof = prove_consistency(node, old, new)
            assert proof == subproof(old, 0, new, True)
            check_consistency(old, new, proof, mth(0, old), mth(0, new))
            for at in range(len(proof)):
                with pytest.raises(Unverified, match="root-mismatch"):
                    check_consistency(old, new, flip(proof, at), mth(0, old), mth(0, new))


def test_a_consistency_proof_binds_both_roots_and_its_length():
    for old, new in ((1, 2), (1, 100), (3, 7), (4, 7), (6, 8), (64, 100), (65, 100), (99, 100)):
        proof = subproof(old, 0, new, True)
        with pytest.raises(Unverified, match="root-mismatch"):
            check_consistency(old, new, proof, LEAVES[100], mth(0, new))
        with pytest.raises(Unverified, match="root-mismatch"):
            check_consistency(old, new, proof, mth(0, old), LEAVES[100])
        with pytest.raises(Unverified, match="proof-too-long"):
            check_consistency(old, new, [*proof, LEAVES[0]], mth(0, old), mth(0, new))
        with pytest.raises(Unverified, match="proof-too-short"):
            check_consistency(old, new, proof[:-1], mth(0, old), mth(0, new))


def test_equal_sizes_want_an_empty_proof_and_equal_roots():
    check_consistency(5, 5, [], mth(0, 5), mth(0, 5))
    with pytest.raises(Unverified, match="root-mismatch"):
        check_consistency(5, 5, [], mth(0, 5), mth(0, 6))
    with pytest.raises(Unverified, match="proof-too-long"):
        check_consistency(5, 5, [LEAVES[0]], mth(0, 5), mth(0, 5))
    assert prove_consistency(node, 5, 5) == []


@pytest.mark.parametrize(
    ("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5), (1, 2**63), (1, 2**64 - 1), (2**64 - 1, 2**64)]
)
def test_sizes_that_no_consistency_proof_can_have_are_refused(old, new):
    with pytest.raises(Malformed, match="size-range"):
        check_consistency(old, new, [], EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(Malformed, match="size-range"):
        prove_consistency(node, old, new)


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, 2**63), (2**64 - 1, 2**64), (2**64, 2**64 + 1), (0, -1)]
)
def test_indexes_that_no_tree_holds_are_refused_and_never_wrapped(index, size):
    with pytest.raises(Malformed, match="index-range"):
        check_inclusion(LEAVES[0], index, size, [], LEAVES[0])
    with pytest.raises(Malformed, match="index-range"):
        prove_inclusion(node, index, size)


def test_the_largest_tree_is_provable():
    """One peak of 2^62 leaves of one hash, all others: sizes near the limit neither overflow nor round."""
    same = [LEAVES[0]]
    for _ in range(64):
        same.append(hash_children(same[-1], same[-1]))
    uniform = lambda level, _index: same[level]  # noqa: E731
    root = root_of(MAX_SIZE, uniform)
    for index in (0, 1, 2**53 + 1, 2**62, MAX_SIZE - 1):
        check_inclusion(LEAVES[0], index, MAX_SIZE, prove_inclusion(uniform, index, MAX_SIZE), root)
    with pytest.raises(Unverified):
        check_inclusion(LEAVES[0], MAX_SIZE - 1, MAX_SIZE, prove_inclusion(uniform, MAX_SIZE - 2, MAX_SIZE), root)
    proof = prove_consistency(uniform, 2**53 + 1, MAX_SIZE)
    check_consistency(2**53 + 1, MAX_SIZE, proof, root_of(2**53 + 1, uniform), root)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_hashes_of_another_length_are_malformed_wherever_they_stand(length):
    odd = b"\x07" * length
    good = LEAVES[0]
    for leaf, proof, root in ((odd, [good], good), (good, [odd], good), (good, [good], odd)):
        with pytest.raises(Malformed, match="hash-length"):
            check_inclusion(leaf, 0, 2, proof, root)
    for proof, first, second in (([odd], good, good), ([good], odd, good), ([good], good, odd)):
        with pytest.raises(Malformed, match="hash-length"):
            check_consistency(1, 2, proof, first, second)
    with pytest.raises(Malformed, match="hash-length"):
        Frontier().append(odd)


def test_leaves_and_nodes_are_different_things():
    assert hash_leaf(b"") == bytes.fromhex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    assert hash_leaf(LEAVES[0] + LEAVES[1]) != hash_children(LEAVES[0], LEAVES[1])
    assert sha256(b"").digest() == EMPTY_ROOT


def test_a_frontier_survives_its_bytes_and_grows_alike():
    for n in range(101):
        frontier = Frontier().extend(LEAVES[:n])
        again = Frontier.from_bytes(n, frontier.to_bytes())
        assert again == frontier
        assert again.append(LEAVES[0]).root() == Frontier().extend([*LEAVES[:n], LEAVES[0]]).root()
        for wrong in (frontier.to_bytes() + b"\0", frontier.to_bytes() + b"\0" * 32, frontier.to_bytes()[:-1]):
            if wrong:
                with pytest.raises(Malformed):
                    Frontier.from_bytes(n, wrong)
    with pytest.raises(Malformed, match="frontier-length"):
        Frontier(3, (LEAVES[0],))
    with pytest.raises(Malformed, match="frontier-length"):
        Frontier(-1, (LEAVES[0],))
    with pytest.raises(Malformed, match="frontier-length"):
        Frontier.from_bytes(2**63, b"\0" * 32)


@settings(max_examples=200, deadline=None)
@given(st.integers(-2, 2**65), st.binary(max_size=200))
def test_any_bytes_are_a_frontier_or_malformed(size, raw):
    try:
        frontier = Frontier.from_bytes(size, raw)
    except Malformed:
        return
    assert (frontier.size, frontier.to_bytes()) == (size, raw)


@settings(max_examples=300, deadline=None)
@given(st.integers(-2, 2**65), st.integers(-2, 2**65), st.lists(st.sampled_from(LEAVES), max_size=70))
def test_any_claim_is_refused_by_name(first, second, proof):
    for check in (
        lambda: check_inclusion(LEAVES[0], first, second, proof, LEAVES[1]),
        lambda: check_consistency(first, second, proof, LEAVES[2], LEAVES[1]),
    ):
        with pytest.raises((Malformed, Unverified)):
            check()


def is_refused(check, *args):
    try:
        check(*args)
    except (Malformed, Unverified):
        return True
    return False


def cases(kind):
    files = sorted((VECTORS / "transparency-dev-merkle" / "testdata" / kind).rglob("*.json"))
    assert len(files) == 49
    return [json.loads(f.read_bytes()) for f in files]


@needs_vectors
def test_foreign_inclusion_vectors():
    raw = base64.b64decode
    positive = 0
    for c in cases("inclusion"):
        proof = [raw(p) for p in c["proof"] or []]
        refused = is_refused(check_inclusion, raw(c["leafHash"]), c["leafIdx"], c["treeSize"], proof, raw(c["root"]))
        assert refused == c["wantErr"], c["desc"]
        positive += not refused
    assert positive == 3


@needs_vectors
def test_foreign_consistency_vectors():
    raw = base64.b64decode
    positive = 0
    for c in cases("consistency"):
        proof = [raw(p) for p in c["proof"] or []]
        refused = is_refused(check_consistency, c["size1"], c["size2"], proof, raw(c["root1"]), raw(c["root2"]))
        assert refused == c["wantErr"], c["desc"]
        positive += not refused
    assert positive == 4


@needs_vectors
def test_the_certificate_transparency_reference_tree():
    tree = json.loads((VECTORS / "rfc6962-reference-tree" / "tree.json").read_bytes())
    leaves = [hash_leaf(bytes.fromhex(x)) for x in tree["leaf_inputs_hex"]]
    assert tree["empty_root_hex"] == EMPTY_ROOT.hex()
    levels = [[bytes.fromhex(h) for h in level] for level in tree["node_hashes_by_level_hex"]]
    assert levels[0] == leaves
    for below, level in pairwise(levels):
        assert level == [hash_children(a, b) for a, b in zip(below[::2], below[1::2], strict=True)]
    for n, root in enumerate(tree["root_hashes_size1_to_8_hex"], 1):
        assert Frontier().extend(leaves[:n]).root().hex() == root
        assert root_of(n, lambda level, index: levels[level][index]).hex() == root
