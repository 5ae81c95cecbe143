"""What an audit keeps of itself comes back as it was, and a file can name nothing but values of ours."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.kept_values import decode, encode
from auditor.seen import Seen
from auditor.verdict import VerifyVerdict
from ledger.entry import parse_entry
from ledger.errors import Malformed
from ledger.registry import BODIES
from ledger.replay import Problem, Replay
from ledger.tile import Edge
from policies.rules import RULES
from tests.disclosures.forger import told
from tests.vectors.told import to_the_end

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(PLAIN)
def test_plain_values(value: object) -> None:
    assert decode(encode(value)) == value


def test_values_of_ours() -> None:
    lab = told()[0]
    for value in (
        VerifyVerdict.INVALID, Seen(3, 2, "ab", ("a", "b")), parse_entry(lab.entries[3]), frozenset({"a", "b"}), msgspec.UNSET,
        Edge.empty().extend([bytes(32)] * 300)[0],
    ):  # fmt: skip
        assert decode(encode(value)) == value


def test_the_state_of_every_event_type_comes_back() -> None:
    """The golden history has every type of the registry: each event, and the state after all of them."""
    replay, names = Replay(RULES), set()
    for raw in to_the_end().entries:
        event = replay.step(raw)
        assert not isinstance(event, Problem)
        assert decode(encode(event)) == event
        names.add(event.name)
    assert names == {body.event.name for body in BODIES}
    assert decode(encode(replay.state.parts(()))) == replay.state.parts(())


@pytest.mark.parametrize(
    "plain",
    [["os.system", ["true"]], ["auditor.working_file.WorkingFile", ["a", "b"]], ["auditor.seen.Seen", []], ["auditor.seen.Seen", [1] * 5],
     ["auditor.verdict.VerifyVerdict", "FINE"], ["dict", [1]], ["list"], [], ["a", "b", "c"], ["ledger.errors.Fault", ["a"]], [["tuple", []], []]],
)  # fmt: skip
def test_nothing_else_is_made(plain: object) -> None:
    with pytest.raises(Malformed, match="kept-form"):
        decode(msgspec.msgpack.encode(plain))


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x91" * 100_000, b"pickle"])
def test_what_is_no_value(raw: bytes) -> None:
    with pytest.raises(Malformed, match="kept-form"):
        decode(raw)


def test_what_holds_no_value_is_not_kept() -> None:
    with pytest.raises(Malformed, match="kept-form"):
        encode(object())
