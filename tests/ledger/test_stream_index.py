"""The stream index: a head that is one proves, no other does; a name that is none is shown to be none."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import dumps
from ledger.errors import LedgerError, Malformed, Unverified
from ledger.stream_index import Gap, Head, StreamIndex, check_absent, check_head, parse_head
from ledger.tree import hash_children, hash_leaf

NAMES = st.sets(st.from_regex(r"\A[a-z0-9._:/@-]{1,12}\Z"), min_size=1, max_size=20)


def head(stream: str, version: int = 1) -> Head:
    return Head(head=sha256(stream.encode()).hexdigest(), stream=stream, version=version)


def index(*names: str) -> StreamIndex:
    return StreamIndex(map(head, names))


def test_the_tree_is_the_one_of_the_specification() -> None:
    streams = ("ledger", "model/7b1f", "safeguard/own-cloud")
    data = [dumps({"head": sha256(s.encode()).hexdigest(), "stream": s, "version": 1}) for s in streams]
    one, two, three = map(hash_leaf, data)
    assert index(*reversed(streams)).root == hash_children(hash_children(one, two), three)
    assert [parse_head(d).stream for d in data] == list(streams)
    gap = index(*streams).prove_absent("model/9")
    assert gap is not None
    assert gap.left is not None
    assert gap.right is not None
    assert (gap.left.position, gap.right.position) == (1, 2)


@given(NAMES)
def test_every_stream_s_end_proves(names: set[str]) -> None:
    found = index(*names)
    for name in names:
        placed = found.prove(name)
        assert placed is not None
        check_head(placed, found.streams, found.root)
        assert found.prove_absent(name) is None


@given(NAMES, st.from_regex(r"\A[a-z0-9._:/@-]{1,12}\Z"))
def test_a_stream_that_is_none_is_shown_to_be_none(names: set[str], asked: str) -> None:
    found = index(*(names - {asked} or {asked + "x"}))
    assert found.prove(asked) is None
    gap = found.prove_absent(asked)
    assert gap is not None
    check_absent(asked, gap, found.streams, found.root)
    for name in found._names:
        with pytest.raises(Unverified):
            check_absent(name, gap, found.streams, found.root)


@given(NAMES, st.data())
def test_no_other_end_proves(names: set[str], data: st.DataObject) -> None:
    found = index(*names)
    placed = found.prove(data.draw(st.sampled_from(sorted(names))))
    assert placed is not None
    wrong = [
        replace(placed, head=head(placed.head.stream, 2)),
        replace(placed, head=Head(head="ab" * 32, stream=placed.head.stream, version=1)),
        replace(placed, head=head(placed.head.stream + "x")),
        replace(placed, path=(*placed.path, b"\0" * 32)),
        replace(placed, position=found.streams),
        *([replace(placed, path=placed.path[:-1])] if placed.path else []),
        *([replace(placed, position=(placed.position + 1) % found.streams)] if found.streams > 1 else []),
    ]
    for one in wrong:
        with pytest.raises(LedgerError):
            check_head(one, found.streams, found.root)


@pytest.mark.parametrize("cut", ["left", "right", "both", "apart", "swapped", "beyond", "foreign"])
def test_absence_needs_neighbours(cut: str) -> None:
    found = index("a", "c", "e", "g")
    gap = found.prove_absent("d")
    assert gap is not None
    other = index("a", "c", "f").prove("f")
    bad, code = {
        "left": (replace(gap, left=None), "absent-edge"),
        "right": (replace(gap, right=None), "absent-edge"),
        "both": (Gap(None, None), "absent-edge"),
        "apart": (Gap(found.prove("a"), gap.right), "absent-adjacent"),
        "swapped": (Gap(gap.right, gap.left), "absent-adjacent"),
        "beyond": (Gap(gap.right, found.prove("g")), "absent-order"),
        "foreign": (replace(gap, right=other), "absent-datum"),
    }[cut]
    with pytest.raises(Unverified, match=code):
        check_absent("d", bad, found.streams, found.root)


def test_edges_show_absence_too() -> None:
    found = index("b", "c")
    for asked in ("a", "d"):
        gap = found.prove_absent(asked)
        assert gap is not None
        assert None in {gap.left, gap.right}
        check_absent(asked, gap, found.streams, found.root)


@pytest.mark.parametrize("heads", [(), (head("a"), head("a", 2))])
def test_an_index_has_each_stream_once(heads: tuple[Head, ...]) -> None:
    with pytest.raises(Malformed, match="stream-index"):
        StreamIndex(heads)


@pytest.mark.parametrize("datum", [b"{}", b'{"head":"ab","stream":"a","version":1}', b'{"stream":"a","version":1}'])
def test_a_datum_is_closed_and_canonical(datum: bytes) -> None:
    with pytest.raises(Malformed):
        parse_head(datum)
