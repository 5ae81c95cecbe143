"""`gate`, `status`, `history`, `decisions`, `keys`: questions, answered at a named position."""

from typing import Annotated, Any

import typer

from api.cli.options import DEFAULT_DATA, At, Data, Json, position
from api.cli.output import emit, say
from api.gate_text import ask, screen
from api.wiring import Ledger, View, opened
from auditor.explain import visible
from disclosures.claims import answers, claims_of
from ledger.trust import KeyLife
from policies.answer import Answer, AsOf, Request


def checkpoint_of(ledger: Ledger) -> dict[str, Any]:
    """Origin, size and root, as every JSON answer carries them."""
    head = ledger.desk.read_head()
    return {"origin": ledger.origin, "root": head.root.hex(), "size": head.size}


def gate(  # noqa: PLR0917  # options of a command are keyword in use
    model: Annotated[str, typer.Argument(help="The model's stream, model/….")],
    action: Annotated[str, typer.Argument(help="train, external_deploy, …")],
    data: Data = DEFAULT_DATA,
    at: At = None,
    artifact: Annotated[str | None, typer.Option(help="Salted subject digest (hex) of what would be deployed.")] = None,
    audience: Annotated[str | None, typer.Option(help="Who would have access.")] = None,
    surface: Annotated[list[str] | None, typer.Option(help="Where it would be offered.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="Where it would run.")] = None,
    jurisdiction: Annotated[list[str] | None, typer.Option(help="Where it would be offered, by law.")] = None,
    fact: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; what is not stated is unknown.")] = None,
    as_json: Json = False,
) -> None:
    """May it happen now? Exit 0 only for permit. Example: holdpoint gate model/one external_deploy"""
    facts = tuple(sorted(tuple(f.split("=", 1)) for f in fact or () if "=" in f))
    request = Request(
        model, action, artifact, audience, tuple(surface or ()), tuple(host or ()), tuple(jurisdiction or ()),
        facts,  # type: ignore[arg-type]  # split above into pairs
    )  # fmt: skip
    with opened(data) as ledger:
        verdict, clearance, as_of = ask(ledger, request, position(at))
        if as_json:
            emit(
                {
                    "schema": "holdpoint.gate/1",
                    "ok": clearance.answer is Answer.PERMIT,
                    "clearance": clearance.answer.value,
                    "verdict": verdict.answer.value,
                    "code": clearance.reasons[0] if clearance.reasons else "none",
                    "reasons": list(clearance.reasons),
                    "conditions": list(clearance.conditions),
                    "divergence": clearance.divergence,
                    "as_of": {"size": as_of.size, "time": as_of.time},
                    "details": [
                        {
                            "pack": f.pack,
                            "clause": f.clause,
                            "ref": f.ref,
                            "requirement": f.requirement,
                            "state": f.state,
                            "why": f.why,
                            "indexes": list(f.indexes),
                        }
                        for f in verdict.findings
                    ],
                    "checkpoint": checkpoint_of(ledger),
                }
            )
        else:
            say(screen(request, verdict, clearance, as_of))
    raise SystemExit(0 if clearance.answer is Answer.PERMIT else 3)


def _state_rows(view: View, model: str) -> dict[str, Any]:
    as_of = AsOf(view.size, view.time)
    actions = sorted({a for m in claims_of(view.state, as_of)["models"] if m["stream"] == model for a in m["actions"]})
    return {action: answers(view.state, model, action, as_of) for action in actions}


def status(
    model: Annotated[str, typer.Argument(help="The model's stream.")],
    data: Data = DEFAULT_DATA,
    at: At = None,
    as_json: Json = False,
) -> None:
    """What may be done with a model, and why. Example: holdpoint status model/one --at 2026-03-30"""
    with opened(data) as ledger:
        with ledger.view(position(at)) as view:
            rows = _state_rows(view, model)
        if as_json:
            emit({"schema": "holdpoint.status/1", "ok": bool(rows), "code": "ok" if rows else "empty", "model": model,
                  "actions": rows, "as_of": {"size": view.size, "time": view.time},
                  "checkpoint": checkpoint_of(ledger)})  # fmt: skip
        else:
            say(f"{model} as of size {view.size}, {view.time}")
            for action, row in rows.items():
                why = ", ".join(row["clearance_reasons"])
                note = f"  DIVERGENCE: {row['divergence']}" if row["divergence"] else ""
                say(f"  {action:<22} {row['clearance']:<24} {why:<28} policy: {row['verdict']}{note}")
    raise SystemExit(0 if rows else 5)


def history(
    stream: Annotated[str, typer.Argument(help="A stream, such as model/one or ledger.")],
    data: Data = DEFAULT_DATA,
    after: Annotated[int, typer.Option(help="Entries with a higher index.")] = -1,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: Json = False,
) -> None:
    """A stream's entries, in order. Example: holdpoint history model/one"""
    with opened(data) as ledger:
        rows = ledger.desk.find(after, limit, stream=stream)
    for row in rows:
        name = row.topic.split(":")[3]
        if as_json:
            emit({"index": row.index, "leaf": row.leaf.hex(), "recorded_at": row.recorded_at, "type": name,
                  "version": row.version})  # fmt: skip
        else:
            say(f"{row.index:>6}  {row.recorded_at}  {visible(name)}")
    raise SystemExit(0 if rows else 5)


def keys(data: Data = DEFAULT_DATA, at: At = None, as_json: Json = False) -> None:
    """Keys, their principals, and where their life began and ended. Example: holdpoint keys"""
    with opened(data) as ledger, ledger.view(position(at)) as view:
        lives: list[KeyLife] = [life for _, life in view.state.scan("key")]
    for life in sorted(lives, key=lambda k: k.index):
        ended = f"revoked at {life.revoked_at} ({life.reason})" if life.revoked_at is not None else "alive"
        row = {"keyid": life.record.keyid, "principal": life.record.principal, "use": life.record.use,
               "alg": life.record.alg, "index": life.index, "revoked_at": life.revoked_at}  # fmt: skip
        if as_json:
            emit(row)
        else:
            say(
                f"{life.record.keyid[:16]}  {life.record.principal:<20} {life.record.use:<7} from {life.index:<5} {ended}"
            )


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (gate, status, history, keys):
        app.command()(command)
