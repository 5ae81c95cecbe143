"""`index.committed`: recomputed by every replay, refused at the door, never inside a group; a false one is INVALID."""

import json
from typing import Any

import pytest

from ledger.admit import admit, open_submission
from ledger.committed import commit_index, stream_index
from ledger.envelope import format_envelope, parse_envelope, sign_envelope
from ledger.events import incident, index, key, model
from ledger.reasons import Reason, Refused
from ledger.replay import Problem, Replay
from ledger.stream_index import check_absent, check_head
from policies.rules import RULES
from tests.ledger.test_replay import adopted
from tests.simulator import ENGINE, KEY_ADMINS, Lab, dumps_as_is, signed, signer


@pytest.fixture
def lab() -> Lab:
    found = Lab()
    found.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    return found


def test_an_honest_commitment_stands_and_shows_where_streams_end(lab: Lab) -> None:
    before = stream_index(lab.replay.state)
    said = lab.commit_index()
    assert said.body == index.Committed(root=before.root.hex(), size=said.index, streams=2)
    assert (said.stream, said.principals, said.causes) == ("ledger", (ENGINE,), ())
    assert lab.replay.state.get("meta", "committed") == said.index
    root = bytes.fromhex(said.body.root)
    ends = {h.stream: h.version for h in before.heads}
    assert ends == {"ledger": said.index - 1, "model/a": 1}
    for name in ends:
        placed = before.prove(name)
        assert placed is not None
        check_head(placed, said.body.streams, root)
    gap = before.prove_absent("model/b")
    assert gap is not None
    check_absent("model/b", gap, said.body.streams, root)
    lab.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="cd" * 32)
    again = lab.commit_index()
    assert again.body.streams == 3
    assert again.event_id != said.event_id
    lab.holds()


def bent(lab: Lab, member: str, value: Any) -> bytes:
    said = json.loads(lab.index_payload())
    where = said["predicate"]["body"] if member in said["predicate"]["body"] else said["predicate"]
    where[member] = value
    return dumps_as_is(said)


FALSE = {
    "another root": ("root", "ab" * 32),
    "another size": ("size", 7),
    "a stream too few": ("streams", 1),
    "an event id of its own": ("event_id", "019d672c-26c0-7044-b3fe-3f4919b5dce4"),
    "another time": ("occurred_at", "2026-04-07T09:00:00.000001Z"),
    "another stream": ("stream", "model/a"),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_commitment_is_invalid(lab: Lab, name: str) -> None:
    """The engine's own key signs it, under the log's real keys: only whoever computes it again can tell."""
    lab.slip(signed(bent(lab, *FALSE[name]), lab.keys[ENGINE]))
    lab.finds("index-mismatch")


def test_it_is_true_only_where_it_stands(lab: Lab) -> None:
    envelope = signed(lab.index_payload(), lab.keys[ENGINE])
    lab.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="cd" * 32)
    lab.slip(envelope)
    lab.finds("index-mismatch")


@pytest.mark.parametrize("who", ["assessor", KEY_ADMINS[0]])
def test_nobody_but_the_engine_commits(lab: Lab, who: str) -> None:
    said = json.loads(lab.index_payload())
    said["predicate"]["signers"] = [lab.keys[who].keyid]
    lab.slip(signed(dumps_as_is(said), lab.keys[who]))
    lab.finds("index-mismatch")


def test_the_door_refuses_it(lab: Lab) -> None:
    envelope = parse_envelope(signed(lab.index_payload(), lab.keys[ENGINE]))
    submission = open_submission(envelope, lab.replay.lookup)
    assert not isinstance(submission, Refused)
    answer = admit(lab.replay.state, lab.replay.size, lab.time, submission, RULES)
    assert isinstance(answer, Refused)
    assert answer.reason is Reason.DERIVED_TYPE


def test_without_a_live_engine_key_nothing_is_committed(lab: Lab) -> None:
    old = lab.keys[ENGINE]
    payload = lab.index_payload()
    lab.say(key.Revoked, {"keyid": old.keyid, "reason": "superseded"}, "ledger", *KEY_ADMINS)
    answer = commit_index(lab.replay.state, lab.replay.size, lab.time, lambda p, _k: sign_envelope(p, (old,)))
    assert isinstance(answer, Refused)
    assert answer.reason is Reason.ENGINE_MISSING
    lab.slip(signed(payload, old))
    lab.finds("engine-missing")


def test_it_is_signed_by_the_newest_engine_key(lab: Lab) -> None:
    fresh = signer("engine of tomorrow")
    lab.register(ENGINE, fresh, use="engine")
    branch = lab.fork()
    branch.slip(signed(bent(branch, "signers", [lab.keys[ENGINE].keyid]), lab.keys[ENGINE]))
    branch.finds("index-mismatch")
    lab.slip(signed(lab.index_payload(), fresh))
    assert not isinstance(lab.replay.step(lab.entries[-1]), Problem)
    lab.keys[ENGINE] = fresh
    lab.holds()


def test_never_inside_a_group() -> None:
    """Right behind a cause stands what it derives; a commitment between the two is `derived-missing`."""
    lab = adopted()
    said = {"models": ["model/a"], "kind": "misuse", "first_at": lab.time, "surfaces": [], "jurisdictions": []}
    written = lab.write(incident.Observed, said, "incident/one", "responder")
    lab.slip(format_envelope(written.envelope))
    outcome = lab.replay.step(lab.entries[-1])
    assert not isinstance(outcome, Problem), outcome
    assert lab.replay.owed
    lab.slip(signed(lab.index_payload(), lab.keys[ENGINE]))
    lab.finds("derived-missing")


def test_nothing_stands_before_the_founding(lab: Lab) -> None:
    lab.commit_index()
    outcome = Replay(RULES).step(lab.entries[-1])
    assert isinstance(outcome, Problem)
    assert outcome.rule == "key-unknown"
