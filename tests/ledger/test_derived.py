"""Derived entries: the id's bits, golden; the same cause gives the same bytes; the appender's way and the auditor's are one."""

from hashlib import sha256

import msgspec
import pytest

from api.author import Written
from ledger.admit import Admitted, admit, fold_event, open_submission
from ledger.derived import derived_id, derived_payload, follow, sealing_key
from ledger.envelope import Envelope, sign_envelope
from ledger.errors import Fault
from ledger.event import Event
from ledger.events import action, key
from ledger.reasons import Refused
from ledger.registry import BY_TOPIC
from ledger.state import State
from ledger.statement import parse_statement, peek_type
from ledger.strict import micros, shift, uuid7_millis
from policies.rules import RULES
from tests.ledger.test_replay import adopted, asked
from tests.simulator import ENGINE, KEY_ADMINS, Lab


@pytest.fixture(scope="module")
def lab() -> Lab:
    return adopted()


def asking(lab: Lab) -> Written:
    """A request, signed."""
    return lab.write(action.Requested, asked(), "model/a", "deployer")


def caused(lab: Lab, written: Written | None = None) -> tuple[State, Event]:
    """A request admitted by hand, and the state after it."""
    submission = open_submission((written or asking(lab)).envelope, lab.replay.lookup)
    assert not isinstance(submission, Refused), submission
    state = lab.replay.state.layer()
    placed = admit(state, lab.replay.size, lab.time, submission, RULES)
    assert isinstance(placed, Admitted), placed
    fold_event(state, placed.event, RULES)
    return state, placed.event


def test_id_is_time_and_digest(lab: Lab) -> None:
    """UUIDv7 of the recorded millisecond; bits of SHA-256(cause's digest ‖ type ‖ ordinal in four bytes)."""
    _, cause = caused(lab)
    topic = "urn:holdpoint:event:gate.evaluated:1"
    found = {derived_id(cause, topic, n) for n in range(5)} | {derived_id(cause, "urn:other", 0)}
    assert len(found) == 6
    assert {uuid7_millis(i) for i in found} == {micros(cause.recorded_at) // 1000}
    seed = sha256(bytes.fromhex(cause.digest) + topic.encode() + b"\0\0\0\1").hexdigest()
    plain = derived_id(cause, topic, 1).replace("-", "")
    assert (plain[13:16], plain[17:]) == (seed[1:4], seed[5:20]), "all bits but version and variant"
    golden = msgspec.structs.replace(cause, digest="ab" * 32, recorded_at="2026-04-07T09:00:00.000000Z")
    assert derived_id(golden, topic, 0) == "019d672b-8a80-7aa5-9a3d-1f5b1da86dd4"


def test_the_same_cause_gives_the_same_bytes(lab: Lab) -> None:
    state, cause = caused(lab)
    derived = RULES.derive(state, cause)
    assert derived
    for n, one in enumerate(derived):
        payload = derived_payload(state, cause, n, one)
        assert payload == derived_payload(state, cause, n, one)
        statement = parse_statement(payload, BY_TOPIC[peek_type(payload)])
        said = statement.predicate
        assert (said.occurred_at, said.event_id) == (cause.recorded_at, derived_id(cause, one.body.event.topic, n))
        assert [(c.index, c.leaf) for c in said.causes] == [(cause.index, cause.leaf)]
        assert said.signers == (lab.keys[ENGINE].keyid,)


def test_appender_and_auditor_place_the_same_entries(lab: Lab) -> None:
    """`follow` seals and folds; the replay, given those very entries, finds what it is owed and nothing else."""
    written = asking(lab)
    state, cause = caused(lab, written)

    def seal(payload: bytes, keyid: str) -> Envelope:
        assert keyid == lab.keys[ENGINE].keyid
        return sign_envelope(payload, (lab.keys[ENGINE],))

    placed = follow(state, cause, RULES, seal)
    assert [p.event.index for p in placed] == list(range(cause.index + 1, cause.index + 1 + len(placed)))
    other = lab.fork()
    other.add(written)
    assert [p.entry for p in placed] == other.entries[-len(placed) :]
    other.holds()


def test_without_an_engine_it_is_a_fault(lab: Lab) -> None:
    """`admit` refuses such a cause before; whoever calls without having asked gets a fault that says what to do."""
    other = lab.fork()
    _, cause = caused(other)
    other.say(key.Revoked, {"keyid": other.keys[ENGINE].keyid, "reason": "ceased"}, "ledger", KEY_ADMINS[0])
    with pytest.raises(Fault, match="engine-key-missing"):
        sealing_key(other.replay.state, cause)
    assert shift(cause.recorded_at) == cause.recorded_at
