"""Signed claims of an export: what the lab says that its ledger answers, so that an auditor can compare (spec/claims.md).

A DSSE envelope of its own payload type, signed by the ledger's engine key. The payload is RFC 8785: for each model and action
the clearance and the policy verdict, the decisions with their divergence, and the position and time that all of it holds for.
"""

from typing import Any

from ledger.canonical import dumps, loads, loads_canonical
from ledger.envelope import Signature, pae
from ledger.errors import Malformed, Unverified
from ledger.keys import Signer, load_public, verify
from ledger.state import State
from ledger.strict import format_base64, parse_base64
from ledger.trust import KeyLife
from policies.answer import AsOf, Request
from policies.clear import clear, divergence_of
from policies.evaluate import evaluate
from policies.facts import Fact, binding_packs

PAYLOAD_TYPE = "application/vnd.holdpoint.claims+json"
SCHEMA = "holdpoint.claims/1"


def answers(state: State, stream: str, action: str, as_of: AsOf) -> dict[str, Any]:
    """Clearance and policy verdict of a model and action, as JSON."""
    request = Request(stream, action)
    verdict = evaluate(state, request, as_of)
    clearance = clear(state, verdict, request, as_of)
    return {
        "clearance": clearance.answer.value,
        "clearance_reasons": list(clearance.reasons),
        "conditions": list(clearance.conditions),
        "decision": clearance.decision,
        "divergence": clearance.divergence,
        "verdict": verdict.answer.value,
        "verdict_digest": verdict.digest(),
    }


def claims_of(state: State, as_of: AsOf) -> dict[str, Any]:
    """All that an export claims, computed by the same folds and rules that an auditor runs."""
    actions = sorted({a for p in binding_packs(state, as_of.time) for g in p.pack.gates for a in g.actions})
    models = [
        {"actions": {action: answers(state, stream, action, as_of) for action in actions}, "stream": stream}
        for stream, _ in state.scan("model")
    ]
    decisions: list[dict[str, Any]] = []
    for _, facts in state.scan("decision"):
        decisions += [_decision(state, fact) for fact in facts]
    return {
        "as_of": {"size": as_of.size, "time": as_of.time},
        "decisions": sorted(decisions, key=lambda d: d["index"]),
        "founding": state.get("meta", "founding"),
        "ledger": state.get("meta", "origin"),
        "models": models,
        "schema": SCHEMA,
    }


def _decision(state: State, fact: Fact) -> dict[str, Any]:
    verdict = state.get("gate_at", str(fact.body.gate.index)) or "undetermined"
    return {
        "basis": fact.body.basis,
        "decision": fact.body.decision,
        "divergence": divergence_of(fact.body.decision, verdict),
        "index": fact.index,
        "stream": fact.stream,
        "verdict": verdict,
    }


def sign_claims(claims: dict[str, Any], engine: Signer) -> bytes:
    """The envelope, in normal form."""
    payload = dumps(claims)
    signature = engine.sign(pae(payload, PAYLOAD_TYPE))
    return dumps(
        {
            "payload": format_base64(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": engine.keyid, "sig": format_base64(signature)}],
        }
    )


def open_claims(raw: bytes, state: State) -> dict[str, Any]:
    """The claims, once the engine key that `state` knows has verified. Raises `Malformed`, `Unverified`."""
    value = loads(raw, max_bytes=64 << 20)
    if not isinstance(value, dict) or value.get("payloadType") != PAYLOAD_TYPE or dumps(value) != raw:
        raise Malformed("claims", "$", "claims-form")
    signatures = value.get("signatures")
    if (
        set(value) != {"payload", "payloadType", "signatures"}
        or not isinstance(signatures, list)
        or len(signatures) != 1
    ):
        raise Malformed("claims", "signatures", "claims-form")
    (line,) = signatures
    if (
        not isinstance(line, dict)
        or set(line) != {"keyid", "sig"}
        or not all(isinstance(v, str) for v in line.values())
    ):
        raise Malformed("claims", "signatures", "claims-form")
    payload = parse_base64(value["payload"]) if isinstance(value["payload"], str) else b""
    signature = Signature(line["keyid"], parse_base64(line["sig"]))
    life: KeyLife | None = state.get("key", signature.keyid)
    if life is None or life.record.use != "engine" or life.revoked_at is not None:
        raise Unverified("claims", "signature", "key-unknown")
    public = load_public(life.record.spki, life.record.alg)
    if not verify(public, life.record.alg, pae(payload, PAYLOAD_TYPE), signature.sig):
        raise Unverified("claims", "signature", "signature-invalid")
    claims = loads_canonical(payload, max_bytes=48 << 20)
    if not isinstance(claims, dict) or claims.get("schema") != SCHEMA:
        raise Malformed("claims", "schema", "claims-form")
    return claims
