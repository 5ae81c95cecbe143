"""Replay: what admission admitted is admitted again, at any split; a problem names its index and moves nothing; hostile entries never
raise. The log is the simulated lab's, so nothing here needs a server.
"""

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.tamper import flip_byte
from auditor.verdict import VerifyVerdict
from ledger.admit import unsafe_unchecked
from ledger.entry import leaf_hash
from ledger.envelope import format_envelope, sign_envelope
from ledger.events import action, framework, key, model, principal, role
from ledger.replay import Problem, Replay
from ledger.state import State
from ledger.tile import parse_bundle
from policies.rules import RULES
from tests.simulator import ENGINE, KEY_ADMINS, Lab, dumps_as_is, grant, raw_entry, record, signed, signer
from tests.threats.documents import publication


def adopted() -> Lab:
    """A lab with a published and adopted pack and a model: what follows derives."""
    lab = Lab()
    body, stream = publication()
    admins = ("framework-admin-1", "framework-admin-2")
    lab.say(framework.Published, body, stream, *admins)
    said = {"digest": body["digest"], "effective": lab.time, "id": body["id"], "scope": "all"}
    lab.say(framework.Adopted, said, stream, *admins)
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    return lab


@pytest.fixture(scope="module")
def told() -> Lab:
    """A longer log, with derived entries: an action is requested and its gate evaluated."""
    lab = adopted()
    request(lab)
    return lab


def asked() -> dict[str, Any]:
    """A body of `action.requested`."""
    body, _ = publication()
    return {
        "action": "external_deploy", "artifact": "ab" * 32, "audience": "general", "evidence": [], "facts": {}, "hosts": ["own"],
        "jurisdictions": [], "packs": [body["digest"]], "surfaces": ["api"],
    }  # fmt: skip


def request(lab: Lab) -> Any:
    """An action requested: the engine's answer follows in the same batch."""
    return lab.say(action.Requested, asked(), "model/a", "deployer")


def table(state: State) -> dict[str, Any]:
    """Everything that a state knows."""
    names = {t for layer in layers(state) for t in layer._tables}
    return {name: dict(state.scan(name)) for name in sorted(names)}


def layers(state: State) -> list[State]:
    found, at = [], state
    while at is not None:
        found.append(at)
        at = at._base  # type: ignore[assignment]
    return found


def replayed(entries: list[bytes], **options: Any) -> Replay:
    replay = Replay(RULES, **options)
    for raw in entries:
        outcome = replay.step(raw)
        assert not isinstance(outcome, Problem), outcome
    return replay


def test_the_same_log_gives_the_same_state(told: Lab) -> None:
    one, two = replayed(told.entries), replayed(told.entries, check=unsafe_unchecked)
    assert one.size == two.size == len(told.entries)
    assert table(one.state) == table(two.state) == table(told.replay.state)
    assert not one.owed


def test_any_split_is_the_whole(told: Lab) -> None:
    """fold(all) = fold(rest, fold(prefix)): a replay that stops and goes on in a layer ends where the other one does."""
    whole = table(replayed(told.entries).state)
    for cut in range(0, len(told.entries), 3):
        first = replayed(told.entries[:cut])
        rest = Replay(RULES, first.check, first.state.layer(), first.size, first.recorded_at, first.owed, first.cause)
        for raw in told.entries[cut:]:
            assert not isinstance(rest.step(raw), Problem)
        assert table(rest.state) == whole


def test_a_problem_moves_nothing(told: Lab) -> None:
    """After a refusal the replay stands where it stood, and the true entry still fits."""
    replay = Replay(RULES)
    for n, raw in enumerate(told.entries):
        before = (replay.size, replay.recorded_at, list(replay.owed), table(replay.state))
        for bad in (
            raw[:-1],
            b"",
            raw.replace(b'"envelope"', b'"envelopf"'),
            told.entries[n - 1],
            told.entries[-1 if n < len(told.entries) - 1 else 0],
        ):
            outcome = replay.step(bad)
            assert isinstance(outcome, Problem)
            assert outcome.index == n
        assert (replay.size, replay.recorded_at, list(replay.owed), table(replay.state)) == before
        assert not isinstance(replay.step(raw), Problem)


@pytest.mark.parametrize("at", range(0, 28, 3))
def test_no_entry_can_be_left_out_or_moved(told: Lab, at: int) -> None:
    """Each removed, and each changed with its neighbour: found no later than where the log ends, and never passed over."""
    removed = told.entries[:at] + told.entries[at + 1 :]
    swapped = [*told.entries[:at], told.entries[at + 1], told.entries[at], *told.entries[at + 2 :]]
    for entries in (removed, swapped):
        replay = Replay(RULES)
        problems = [o for raw in entries if isinstance(o := replay.step(raw), Problem)]
        assert problems
        assert problems[0].index >= at


# -- what a cause derives ------------------------------------------------------------------------------------------------


def test_derived_entries_follow_their_cause(told: Lab) -> None:
    """Nothing else may stand there: not the next submission, not the derived entry of another state, not one too many."""
    names = [json.loads(_payload(raw))["predicateType"] for raw in told.entries]
    at = names.index("urn:holdpoint:event:gate.evaluated:1")
    replay = replayed(told.entries[:at])
    assert len(replay.owed) >= 1
    other = adopted()
    other.tick(5)
    request(other)
    for bad in (other.entries[at], told.entries[at - 1]):
        outcome = replay.step(bad)
        assert isinstance(outcome, Problem)
        assert outcome.rule in ("derived-missing", "entry-mismatch")
    assert not isinstance(replay.step(told.entries[at]), Problem)


def _payload(raw: bytes) -> bytes:
    return base64.b64decode(json.loads(raw)["envelope"]["payload"])


def test_a_log_that_stops_inside_a_group(told: Lab) -> None:
    names = [json.loads(_payload(raw))["predicateType"] for raw in told.entries]
    at = names.index("urn:holdpoint:event:gate.evaluated:1")
    cut = told.fork()
    del cut.entries[at:]
    report = cut.verify()
    assert report.verdict is VerifyVerdict.INVALID
    assert report.to_json()["code"] == "derived-missing"


def test_a_derived_entry_signed_by_another_key(told: Lab) -> None:
    """Payload true, seal false: the engine's own key alone, and its signature alone."""
    names = [json.loads(_payload(raw))["predicateType"] for raw in told.entries]
    at = names.index("urn:holdpoint:event:gate.evaluated:1")
    entry = json.loads(told.entries[at])
    payload = _payload(told.entries[at])
    engine, other = told.keys[ENGINE], told.keys["assessor"]
    for signers, rule in (((other,), "signers-mismatch"), ((engine, other), "signers-mismatch")):
        replay = replayed(told.entries[:at])
        envelope = format_envelope(sign_envelope(payload, signers))
        outcome = replay.step(
            raw_entry(envelope, entry["recorded_at"], entry["stream"]["previous"], entry["stream"]["version"])
        )
        assert isinstance(outcome, Problem)
        assert outcome.rule == rule
    replay = replayed(told.entries[:at])
    entry["envelope"]["signatures"][0]["sig"] = json.loads(told.entries[at - 1])["envelope"]["signatures"][0]["sig"]
    outcome = replay.step(dumps_as_is(entry))
    assert isinstance(outcome, Problem)
    assert outcome.rule == "signature-invalid"


def test_without_a_live_engine_nothing_that_derives_is_admitted() -> None:
    """The last engine key stopped, and then an event whose answer it would have to sign: refused, in the auditor's replay too,
    and never an exception.
    """
    lab = adopted()
    engine = lab.keys[ENGINE]
    lab.say(key.Revoked, {"keyid": engine.keyid, "reason": "ceased"}, "ledger", KEY_ADMINS[0])
    written = lab.write(action.Requested, asked(), "model/a", "deployer")
    outcome = lab.replay.step(lab.slip(written.wire()))
    assert isinstance(outcome, Problem)
    assert outcome.rule == "engine-missing"
    report = lab.verify()
    assert report.exit_code == 4


def test_a_successor_of_the_engine_goes_on() -> None:
    lab = adopted()
    new = signer("engine two")
    lab.say(principal.Registered, {"id": "engine-2", "kind": "service", "unit": "platform"}, "ledger", *KEY_ADMINS)
    lab.add(lab.write(key.Registered, record(new, "engine-2", use="engine"), "ledger", *KEY_ADMINS, new))
    lab.say(
        role.Granted, grant("engine-2", "engine", streams=["model/", "ledger", "framework/"]), "ledger", *KEY_ADMINS
    )
    lab.say(key.Revoked, {"keyid": lab.keys[ENGINE].keyid, "reason": "superseded"}, "ledger", KEY_ADMINS[0])
    lab.keys[ENGINE] = new
    request(lab)
    lab.holds()


# -- hostile bytes -------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**9))
@settings(max_examples=150, deadline=None)
def test_hostile_entries_give_a_problem(seed: int) -> None:
    """Entries bent anywhere, at every depth: a `Problem`, never an exception, and never another event in the same place."""
    chance = random.Random(seed)
    lab = _LAB
    n = chance.randrange(len(lab.entries))
    replay = _AT[n]
    raw = bytearray(lab.entries[n])
    for _ in range(chance.choice((1, 1, 2, 6))):
        at = chance.randrange(len(raw))
        raw[at : at + chance.randint(0, 2)] = chance.choice(
            [b"", b'"', b"{}", b"null", b"0", bytes([chance.randrange(256)])]
        )
    if bytes(raw) == lab.entries[n]:
        return
    step = Replay(
        RULES, replay.check, replay.state.layer(), replay.size, replay.recorded_at, replay.owed.copy(), replay.cause
    )
    assert isinstance(step.step(bytes(raw)), Problem)


_LAB = adopted()
_AT = [replayed(_LAB.entries[:n]) for n in range(len(_LAB.entries))]


BODIES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2**53)
    | st.text(max_size=6)
    | st.just("ab" * 32)
    | st.just("2026-04-07T09:00:00.000000Z"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["index", "leaf", "_sd", "...", "keyid", "a"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_hostile_statements_truly_signed(data: st.DataObject) -> None:
    """A member with a key writes any value in any member of any statement, and signs it: admitted or a problem, no exception."""
    lab = _LAB.fork()
    n = data.draw(st.integers(1, len(lab.entries) - 1))
    statement = json.loads(_payload(lab.entries[n]))
    predicate = statement["predicate"]
    by = sorted(lab.keys, key=lambda w: lab.keys[w].keyid)
    signers = [lab.keys[w] for w in by if lab.keys[w].keyid in predicate["signers"]]
    place = data.draw(
        st.sampled_from([predicate, predicate["body"], statement["subject"][0], statement["subject"][0]["digest"]])
    )
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(BODIES)
    predicate["event_id"] = (
        "019d6704-9280-7000-8000-000000000000" if data.draw(st.booleans()) else predicate["event_id"]
    )
    replay = lab.replay
    outcome = replay.step(lab.slip(signed(dumps_as_is(statement), *signers), stream=str(predicate.get("stream"))))
    if not isinstance(outcome, Problem):
        assert outcome.leaf == leaf_hash(lab.entries[-1]).hex()


def test_tampering_by_the_tool_is_a_problem(told_folder: Any) -> None:
    """`holdpoint verify`'s own tamper tool bends real bytes."""
    read = flip_byte(told_folder / "export")
    name = next(n for n in (f"tile/entries/000.p/{w}" for w in range(1, 256)) if read(n) is not None)
    replay, problem = Replay(RULES), None
    for raw in parse_bundle(read(name) or b"", int(name.rpartition("/")[2])):
        outcome = replay.step(raw)
        if isinstance(outcome, Problem):
            problem = outcome
            break
    assert problem is not None
