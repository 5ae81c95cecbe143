"""What replay and claims mean to a stranger: what must follow follows, what this copy can't judge is ERROR, and nothing passes empty.

Every attack is made with the lab's real keys: the log's, the engine's, and the submitters'.
"""

import json
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Any

import pytest

from auditor.compare import difference
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from disclosures.claims import claims_of, sign_claims
from ledger.canonical import dumps
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import format_envelope, parse_envelope, sign_envelope
from ledger.events import action, approval, disclosure, model, replay, rules
from ledger.replay import Replay
from ledger.strict import shift
from ledger.tile import Edge, tile_path
from ledger.tree import HASH
from policies.answer import AsOf
from policies.framework import pack_digest
from policies.rules import RULES
from tests.adopting import adopt
from tests.policies.world import shipped
from tests.simulator import Lab, dumps_as_is, signed, signer

PACK, MODEL, ACTION = "anthropic-rsp-2.2", "model/a", "external_deploy"


@lru_cache(maxsize=1)
def prepared() -> Lab:
    lab, pack = Lab(name="stranger"), shipped(PACK)
    adopt(lab, pack)
    lab.say(model.Registered, {"kind": "base"}, MODEL, "assessor", subject="ab" * 32)
    return lab


@pytest.fixture
def lab() -> Lab:
    return prepared().fork()


def request() -> dict[str, Any]:
    return {
        "action": ACTION, "artifact": "ab" * 32, "audience": "general", "evidence": [], "facts": {}, "hosts": ["own"],
        "jurisdictions": [], "packs": [pack_digest(shipped(PACK))], "surfaces": ["api"],
    }  # fmt: skip


def owed(lab: Lab) -> bytes:
    """Post a request, and return the one statement that must follow it."""
    written = lab.write(action.Requested, request(), MODEL, "deployer")
    lab.replay.step(lab.slip(format_envelope(written.envelope)))
    (payload,) = lab.replay.owed
    return payload


def seal(payload: bytes, lab: Lab, who: str = "engine") -> bytes:
    return format_envelope(sign_envelope(payload, (lab.keys[who],)))


# -- derived entries ---------------------------------------------------------------------------------------------------


def test_what_must_follow_follows(lab: Lab) -> None:
    lab.say(action.Requested, request(), MODEL, "deployer")
    lab.holds()


def test_a_log_that_ends_before_it_is_invalid(lab: Lab) -> None:
    owed(lab)
    report = lab.verify()
    assert report.verdict is V.INVALID
    assert [c.code for c in report.checks if c.verdict is V.INVALID] == ["derived-missing"]


def test_an_entry_between_a_cause_and_what_follows(lab: Lab) -> None:
    payload = owed(lab)
    between = lab.write(model.ComputeReached, {"of": MODEL, "ratio": "1.5"}, MODEL, "evaluator")
    lab.slip(format_envelope(between.envelope))
    at = len(lab.entries) - 1
    lab.slip(seal(payload, lab))
    lab.finds("derived-missing", at)


@pytest.mark.parametrize(
    "bend",
    [
        lambda p: p["predicate"]["body"].update(answer="permit", reasons=[]),
        lambda p: p["predicate"]["body"].update(verdict_digest="0" * 64),
        lambda p: p["predicate"].update(occurred_at="2026-04-07T09:00:00.000000Z"),
        lambda p: p["predicate"].pop("causes"),
        lambda p: p["predicate"]["body"]["as_of"].update(size=3),
    ],
)
def test_an_engine_that_says_something_else(lab: Lab, bend: Callable[[dict[str, Any]], Any]) -> None:
    value = json.loads(owed(lab))
    bend(value)
    lab.slip(seal(dumps(value), lab))
    lab.finds("derived-missing")


@pytest.mark.parametrize("who", ["evaluator", "key-admin-1", "root-1"])
def test_another_key_in_the_engine_s_place(lab: Lab, who: str) -> None:
    lab.slip(seal(owed(lab), lab, who))
    lab.finds("signers-mismatch")


def test_a_second_signature_beside_the_engine_s(lab: Lab) -> None:
    payload = owed(lab)
    lab.slip(format_envelope(sign_envelope(payload, (lab.keys["engine"], lab.keys["evaluator"]))))
    lab.finds("signers-mismatch")


def test_the_engine_s_key_id_with_another_s_signature(lab: Lab) -> None:
    envelope = sign_envelope(owed(lab), (lab.keys["engine"],))
    forged = signer("forger").sign(b"anything")
    (sig,) = envelope.signatures
    raw = format_envelope(type(envelope)(envelope.payload, (type(sig)(sig.keyid, forged),)))
    lab.slip(raw)
    report = lab.verify()
    assert report.verdict is V.INVALID
    assert "signature-invalid" in [c.code for c in report.checks]


def test_a_derived_type_without_a_cause(lab: Lab) -> None:
    payload = owed(lab)
    lab.slip(seal(payload, lab))
    lab.slip(seal(payload, lab))
    report = lab.verify()
    assert report.verdict is V.INVALID
    assert next(c.code for c in report.checks if c.verdict is V.INVALID) in (
        "event-id-conflict",
        "derived-type",
        "key-use",
    )


# -- what this copy does not know --------------------------------------------------------------------------------------


def statement(lab: Lab, index: int = -1) -> dict[str, Any]:
    return json.loads(parse_envelope(parse_entry(lab.entries[index]).envelope).payload)


@pytest.mark.parametrize("topic", [
    "urn:holdpoint:event:model.registered:2", "urn:holdpoint:event:model.retired:1", "https://slsa.dev/provenance/v1"])  # fmt: skip
def test_an_unknown_event_type_is_undecided_never_invalid(lab: Lab, topic: str) -> None:
    value = statement(lab)
    value["predicateType"] = topic
    lab.slip(signed(dumps_as_is(value), lab.keys["assessor"]))
    lab.finds("type-unknown", verdict=V.ERROR)


def founded_under(rules: str) -> Lab:
    lab = prepared().fork()
    value = statement(lab, 0)
    value["predicate"]["body"]["rules"] = rules
    raw = signed(dumps_as_is(value), *(lab.keys[k["principal"]] for k in value["predicate"]["body"]["keys"]))
    lab.entries, lab.heads, lab.replay = [], {}, Replay(RULES)
    lab.slip(raw)
    return lab


def test_an_unknown_rules_version_is_undecided_never_invalid() -> None:
    report = verify_export(founded_under("holdpoint-rules/2").export().get)
    assert (report.verdict, report.exit_code) == (V.ERROR, 1)
    assert [(c.code, c.index) for c in report.checks if c.verdict is V.ERROR] == [("rules-unknown", 0)]


@pytest.mark.parametrize("rules", ["", "holdpoint-rules/0", "holdpoint-rules/01", "others/1", "holdpoint-rules/1 "])
def test_what_is_no_rules_version_is_malformed(rules: str) -> None:
    report = verify_export(founded_under(rules).export().get)
    assert report.verdict is V.INVALID


def test_a_foreign_founding(lab: Lab) -> None:
    value = statement(lab)
    value["predicate"].update(founding="0" * 64, event_id="0196f000-0000-7000-8000-000000000000", stream="model/b")
    lab.slip(signed(dumps_as_is(value), lab.keys["assessor"]))
    report = lab.verify()
    assert report.verdict is V.INVALID
    assert next(c.code for c in report.checks if c.verdict is V.INVALID) == "wrong-ledger"


# -- claims ------------------------------------------------------------------------------------------------------------


def with_claims(lab: Lab, bend: Callable[[dict[str, Any]], Any]) -> dict[str, bytes]:
    """The export, its claims bent and signed again by the engine's own key."""
    claims = claims_of(lab.replay.state, AsOf(lab.replay.size, lab.time))
    bend(claims)
    raw, signature = sign_claims(claims, lab.keys["engine"])
    return {**lab.export(), "claims.json": raw, "claims.sig": signature}


BENT: dict[str, Callable[[dict[str, Any]], Any]] = {
    f"claims.models[{MODEL}].actions.{ACTION}.clearance": lambda c: c["models"][0]["actions"][ACTION].update(
        clearance="permit"
    ),
    f"claims.models[{MODEL}].actions.{ACTION}.verdict": lambda c: c["models"][0]["actions"][ACTION].update(
        verdict="permit"
    ),
    f"claims.models[{MODEL}].actions.{ACTION}.decision": lambda c: c["models"][0]["actions"][ACTION].update(decision=3),
    f"claims.models[{MODEL}].actions.{ACTION}": lambda c: c["models"][0]["actions"].pop(ACTION),
    "claims.models[0]": lambda c: c["models"].pop(),
    "claims.decisions[0]": lambda c: c["decisions"].append({"index": 1}),
    "claims.founding": lambda c: c.update(founding="0" * 64),
    "claims.extra": lambda c: c.update(extra=1),
}


@pytest.mark.parametrize("name", BENT)
def test_an_altered_claim_is_named(lab: Lab, name: str) -> None:
    report = verify_export(with_claims(lab, BENT[name]).get, lab.pin(1))
    assert report.verdict is V.INVALID
    (bad,) = [c for c in report.checks if c.verdict is V.INVALID]
    assert (bad.name, bad.code) == ("claims", "claims-mismatch")
    assert bad.detail.split(" ")[0] == name


@pytest.mark.parametrize("as_of", [{"size": 3}, {"time": "2020-01-01T00:00:00.000000Z"}, {"time": 3}])
def test_claims_are_for_this_position_and_not_before_its_clock(lab: Lab, as_of: dict[str, Any]) -> None:
    files = with_claims(lab, lambda c: c["as_of"].update(as_of))
    report = verify_export(files.get, lab.pin(1))
    assert [c.code for c in report.checks if c.verdict is V.INVALID] == ["claims-as-of"]


def test_other_claims_under_unknown_rules_are_undecided(lab: Lab) -> None:
    """They are the answers of rules that this copy does not know: to call them false would be to guess."""
    lab.say(rules.Adopted, {"rules": "holdpoint-rules/2"}, "ledger", "root-1", "root-2")
    name, bend = next(iter(BENT.items()))
    report = verify_export(with_claims(lab, bend).get, lab.pin(1))
    assert report.verdict is V.ERROR
    (found,) = [c for c in report.checks if c.verdict is V.ERROR]
    assert (found.name, found.code, name in found.detail) == ("claims", "rules-unknown", True)


def test_claims_by_another_key_are_nobody_s(lab: Lab) -> None:
    raw, signature = sign_claims(claims_of(lab.replay.state, AsOf(lab.replay.size, lab.time)), lab.keys["evaluator"])
    report = verify_export({**lab.export(), "claims.json": raw, "claims.sig": signature}.get, lab.pin(1))
    assert [c.code for c in report.checks if c.verdict is V.INVALID] == ["key-unknown"]


def test_claims_as_they_are_hold(lab: Lab) -> None:
    assert verify_export(with_claims(lab, lambda _c: None).get, lab.pin(1)).verdict is V.VALID_UNWITNESSED


def test_equal_is_not_the_same() -> None:
    assert difference({"a": [1, True]}, {"a": [1, 1]}) == "claims.a[1]"
    assert difference({"a": {}}, {"a": {"b": None}}) == "claims.a.b"
    assert difference([1], [1]) is None


# -- what approvers saw ------------------------------------------------------------------------------------------------


def approve(lab: Lab, size: int, root: str) -> None:
    asked = lab.say(action.Requested, request(), MODEL, "deployer")
    said = {
        "action": ACTION, "checkpoint": {"root": root, "size": size}, "conditions": [], "packs": request()["packs"],
        "request": asked.digest, "verb": "approve",
    }  # fmt: skip
    lab.say(approval.Given, said, MODEL, "approver-1")


def root_at(lab: Lab, size: int) -> str:
    return Edge.empty().extend([leaf_hash(e) for e in lab.entries[:size]])[0].root().hex()


@pytest.mark.parametrize("size", [1, 2, 17, 30])
def test_the_checkpoint_that_an_approver_saw_is_one_of_this_history(lab: Lab, size: int) -> None:
    approve(lab, size, root_at(lab, size))
    lab.holds()


def test_an_approver_who_saw_another_history_is_evidence_of_a_split_view(lab: Lab) -> None:
    approve(lab, 20, root_at(lab, 21))
    report = lab.verify()
    assert (report.verdict, report.exit_code) == (V.DIVERGED, 4)
    (bad,) = [c for c in report.checks if c.verdict is V.DIVERGED]
    at = next(
        i for i, e in enumerate(lab.entries) if b"approval.given" in parse_envelope(parse_entry(e).envelope).payload
    )
    assert (bad.code, bad.index) == ("seen-differs", at)
    assert "approver-1" in bad.detail


def test_attack_a_host_that_shows_other_tiles_once_the_entries_were_read(lab: Lab) -> None:
    """The root that an approver saw is another history's; the host shows that one's tiles when the root is looked for."""
    other = [sha256(bytes([n])).digest() for n in range(20)]
    approve(lab, 20, Edge.empty().extend(other)[0].root().hex())
    files, asked = lab.export(), Counter[str]()
    edge = tile_path(0, 0, len(lab.entries))

    def read(name: str) -> bytes | None:
        asked[name] += 1
        raw = files.get(name)
        return b"".join(other) + (raw or b"")[20 * HASH :] if name == edge and asked[name] > honest else raw

    for honest in range(1, 9):
        asked.clear()
        assert verify_export(read, lab.pin(1)).verdict not in (V.VALID_UNWITNESSED, V.VALID), honest


def hand_over(lab: Lab, size: int, root: str) -> None:
    handed = {
        "bundle_digest": "sha256:" + "0" * 64, "checkpoint": {"root": root, "size": size}, "first": 0, "last": size - 1,
        "profile": "regulator", "recipient": "a fictional authority",
    }  # fmt: skip
    lab.say(disclosure.Made, handed, "disclosure/1", "discloser-1", "discloser-2")


def audited(lab: Lab, size: int, root: str) -> None:
    said = {
        "root": root,
        "rules": "holdpoint-rules/1",
        "size": size,
        "tool": "another verifier",
        "verdict": "VALID_UNWITNESSED",
    }
    lab.say(replay.Performed, said, "disclosure/1", "auditor")


@pytest.mark.parametrize("sign", [hand_over, audited])
def test_so_is_what_was_handed_over_or_replayed_under_another_root(lab: Lab, sign: Any) -> None:
    sign(lab, 20, root_at(lab, 20))
    lab.holds()
    sign(lab, 20, root_at(lab, 21))
    (bad,) = [c for c in lab.verify().checks if c.verdict is V.DIVERGED]
    assert (bad.code, bad.index) == ("seen-differs", len(lab.entries) - 1)


def test_a_checkpoint_larger_than_the_log_is_refused_at_admission(lab: Lab) -> None:
    with pytest.raises(AssertionError, match="reference-wrong"):
        approve(lab, len(lab.entries) + 10, "0" * 64)


# -- nothing shown -----------------------------------------------------------------------------------------------------


def test_nothing_shown_is_nothing_proven(lab: Lab) -> None:
    report = verify_export(lambda _name: None, lab.pin(1))
    assert (report.verdict, report.exit_code) == (V.UNANCHORED, 5)
    assert verify_export(lambda _name: None).exit_code == 5


def test_time_passes_without_an_event(lab: Lab) -> None:
    """Claims of a later hour over the same entries are folded as of that hour."""
    lab.time = shift(lab.time, days=400)
    assert lab.verify().verdict is V.VALID_UNWITNESSED
