"""Signed claims of an export: what the lab says that its ledger answers, so that an auditor can compare (spec/claims.md).

`claims.json` is RFC 8785, `claims.sig` the engine key's signature over its DSSE encoding: for each model and action
the clearance and the policy verdict, the decisions with their divergence, and the position and time that all of it holds for.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta

from disclosures.alerts import break_glass_of, undecided_operations
from disclosures.decided import decisions_of
from ledger.canonical import decode_canonical, dumps, loads_canonical
from ledger.envelope import pae
from ledger.errors import Malformed, Unverified
from ledger.fields import Closed, Hex32
from ledger.keys import Signer, load_public, verify
from ledger.state import State
from ledger.strict import format_base64, parse_base64
from ledger.trust import KeyLife
from policies.answer import AsOf, Request
from policies.binding import gated_actions
from policies.clear import clear
from policies.evaluate import evaluate

PAYLOAD_TYPE = "application/vnd.holdpoint.claims+json"
SCHEMA = "holdpoint.claims/1"
MAX_CLAIMS = 256 << 20


class _SignatureForm(Closed, frozen=True):
    keyid: Hex32
    payloadType: Literal["application/vnd.holdpoint.claims+json"]  # noqa: N815  # the member's name in DSSE
    sig: Annotated[str, Meta(min_length=4, max_length=8192)]


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
    actions = gated_actions(state, as_of.time)
    models = [
        {"actions": {action: answers(state, stream, action, as_of) for action in actions}, "stream": stream}
        for stream, _ in state.scan("model")
    ]
    return {
        "as_of": {"size": as_of.size, "time": as_of.time},
        "break_glass": break_glass_of(state),
        "decisions": decisions_of(state, as_of),
        "founding": state.get("meta", "founding"),
        "ledger": state.get("meta", "origin"),
        "models": models,
        "schema": SCHEMA,
        "without_decision": undecided_operations(state),
    }


def sign_claims(claims: dict[str, Any], engine: Signer) -> tuple[bytes, bytes]:
    """`claims.json` and `claims.sig`: the payload stands by itself, since it outgrows what a JSON string may hold."""
    payload = dumps(claims)
    signature = engine.sign(pae(payload, PAYLOAD_TYPE))
    return payload, dumps({"keyid": engine.keyid, "payloadType": PAYLOAD_TYPE, "sig": format_base64(signature)})


def open_claims(payload: bytes, signature: bytes, state: State) -> dict[str, Any]:
    """The claims, once the engine key that `state` knows has verified. Raises `Malformed`, `Unverified`."""
    line = decode_canonical(signature, _SignatureForm)
    life: KeyLife | None = state.get("key", line.keyid)
    if life is None or life.record.use != "engine" or life.revoked_at is not None:
        raise Unverified("claims", "signature", "key-unknown")
    public = load_public(life.record.spki, life.record.alg)
    if not verify(public, life.record.alg, pae(payload, PAYLOAD_TYPE), parse_base64(line.sig)):
        raise Unverified("claims", "signature", "signature-invalid")
    claims = loads_canonical(payload, max_bytes=MAX_CLAIMS)
    if not isinstance(claims, dict) or claims.get("schema") != SCHEMA:
        raise Malformed("claims", "schema", "claims-form")
    return claims
