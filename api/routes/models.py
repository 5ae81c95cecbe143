"""`/v1/models…`, `/v1/decisions`, `/v1/keys`, `/v1/frameworks`: folds as of now, of a size, or of a time."""

from hashlib import sha256
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.gate_text import ask
from api.problems import problem
from api.wiring import Ledger, View
from disclosures.claims import answers, claims_of
from ledger.fields import Decimal
from ledger.strict import parse_time
from policies import answer as policy
from policies.facts import binding_packs

router = APIRouter(prefix="/v1", tags=["answers"])
At = Annotated[str | None, Query(description="A size, or an RFC 3339 time.", max_length=40)]
Many = Annotated[list[str] | None, Query()]


def position(at: str | None) -> int | str | None:
    """A size or a time."""
    if at is None:
        return None
    return int(at) if at.isascii() and at.isdigit() and len(at) < 16 else parse_time(at)


def _json(request: Request, view: View, value: dict[str, Any], *, store: bool = True) -> Response:
    """An answer bound to its position, with a strong ETag of position and query."""
    headers = {"Ledger-Checkpoint": f"size={view.size}"}
    if store:
        headers["ETag"] = f'"{view.size}-{sha256(str(request.url).encode()).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    else:
        headers["Cache-Control"] = "no-store"
    return Response(msgspec.json.encode(value), headers=headers, media_type="application/json")


@router.get("/models")
def models(request: Request, at: At = None) -> Response:
    """Every model, with clearance and verdict per action."""
    ledger: Ledger = request.app.state.ledger
    with ledger.view(position(at)) as view:
        claims = claims_of(view.state, policy.AsOf(view.size, view.time))
    return _json(request, view, {"as_of": claims["as_of"], "models": claims["models"]}, store=False)


@router.get("/decisions")
def decisions(request: Request, at: At = None) -> Response:
    """Every decision, the diverging ones first."""
    ledger: Ledger = request.app.state.ledger
    with ledger.view(position(at)) as view:
        found = claims_of(view.state, policy.AsOf(view.size, view.time))["decisions"]
    found.sort(key=lambda d: (d["divergence"] is None, d["index"]))
    return _json(request, view, {"decisions": found})


@router.get("/keys")
def keys(request: Request, at: At = None) -> Response:
    """Public keys, their principals and their lives; public, so that anyone can verify."""
    ledger: Ledger = request.app.state.ledger
    with ledger.view(position(at)) as view:
        lives = [life for _, life in view.state.scan("key")]
    rows = [
        {
            "alg": k.record.alg,
            "index": k.index,
            "keyid": k.record.keyid,
            "principal": k.record.principal,
            "revoked_at": k.revoked_at,
            "spki": k.record.spki,
            "use": k.record.use,
        }
        for k in sorted(lives, key=lambda k: k.index)
    ]
    return _json(request, view, {"keys": rows, "vkeys": list(view.state.get("meta", "vkeys") or ())})


@router.get("/frameworks")
def frameworks(request: Request, at: At = None) -> Response:
    """Packs published, and which of them bind."""
    ledger: Ledger = request.app.state.ledger
    with ledger.view(position(at)) as view:
        binding = {p.digest for p in binding_packs(view.state, view.time)}
        rows = [
            {"binds": digest in binding, "digest": digest, "id": p.pack.id, "index": p.index, "version": p.pack.version}
            for digest, p in view.state.scan("published")
        ]
    return _json(request, view, {"frameworks": rows})


@router.get("/models/{ref:path}/gate/{action}")
def gate(  # noqa: PLR0917  # query parameters are keyword in use
    request: Request,
    ref: str,
    action: str,
    at: At = None,
    artifact: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
    audience: Annotated[str | None, Query(max_length=120)] = None,
    surface: Many = None,
    host: Many = None,
    jurisdiction: Many = None,
    fact: Many = None,
) -> Response:
    """Clearance, verdict, findings. `fact=NAME=VALUE`; what is not stated is unknown."""
    ledger: Ledger = request.app.state.ledger
    pairs = [f.partition("=") for f in fact or ()]
    for _, equals, value in pairs:
        if not equals or not _is_decimal(value):
            return problem(400, "fact-form", "a fact is NAME=DECIMAL", "fact")
    question = policy.Request(
        f"model/{ref}", action, artifact, audience, tuple(surface or ()), tuple(host or ()), tuple(jurisdiction or ()),
        tuple(sorted((n, v) for n, _, v in pairs)),
    )  # fmt: skip
    verdict, clearance, as_of = ask(ledger, question, position(at))
    value_ = {
        "as_of": {"size": as_of.size, "time": as_of.time},
        "clearance": clearance.answer.value,
        "conditions": clearance.conditions,
        "decision": clearance.decision,
        "divergence": clearance.divergence,
        "findings": [
            {"pack": f.pack, "clause": f.clause, "ref": f.ref, "requirement": f.requirement, "state": f.state,
             "why": f.why, "indexes": f.indexes}
            for f in verdict.findings
        ],
        "missing": clearance.missing,
        "reasons": clearance.reasons,
        "verdict": verdict.answer.value,
        "verdict_reasons": verdict.reasons,
    }  # fmt: skip
    return Response(
        msgspec.json.encode(value_),
        headers={"Cache-Control": "no-store", "Ledger-Checkpoint": f"size={as_of.size}"},
        media_type="application/json",
    )


def _is_decimal(text: str) -> bool:
    try:
        msgspec.convert(text, Decimal)
    except msgspec.ValidationError:
        return False
    return True


@router.get("/models/{ref:path}/history")
def history(
    request: Request,
    ref: str,
    after: Annotated[int, Query(ge=-1, le=2**53 - 1)] = -1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The model's stream, in order."""
    ledger: Ledger = request.app.state.ledger
    rows = ledger.desk.find(after, limit, stream=f"model/{ref}")
    if not rows and after < 0:
        return problem(404, "not-found", "no such model, or not yours", "ref")
    value = [{"index": r.index, "recorded_at": r.recorded_at, "type": r.topic.split(":")[3]} for r in rows]
    headers = {}
    if len(rows) == limit:
        headers["Link"] = f'<{request.url.path}?after={rows[-1].index}&limit={limit}>; rel="next"'
    return Response(msgspec.json.encode({"history": value}), headers=headers, media_type="application/json")


@router.get("/models/{ref:path}")
def model(request: Request, ref: str, at: At = None) -> Response:
    """What may be done with one model, and why."""
    ledger: Ledger = request.app.state.ledger
    stream = f"model/{ref}"
    with ledger.view(position(at)) as view:
        if view.state.get("subject", stream) is None:
            return problem(404, "not-found", "no such model, or not yours", "ref")
        as_of = policy.AsOf(view.size, view.time)
        actions = sorted({a for p in binding_packs(view.state, view.time) for g in p.pack.gates for a in g.actions})
        rows = {a: answers(view.state, stream, a, as_of) for a in actions}
    value = {"as_of": {"size": view.size, "time": view.time}, "stream": stream, "actions": rows}
    return _json(request, view, value, store=False)
