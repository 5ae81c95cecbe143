"""A statement in plain words, before it is signed: type, stream, each field, the clauses it answers to, its digest."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.author import Draft
from ledger.event import Body
from ledger.keys import Signer
from policies.facts import Published
from policies.framework import Gate

CUT = 300


def words(
    body_type: type[Body], body: Mapping[str, Any], stream: str, draft: Draft, signers: Sequence[Signer],
    clauses: Iterable[str],
) -> list[str]:  # fmt: skip
    """The lines that a person reads before signing `draft`."""
    keys = ", ".join(s.keyid[:16] for s in signers)
    lines = [f"To be signed: {body_type.event.name} in {stream}, by key {keys}"]
    for name, value in body.items():
        inside = [path for path in draft.withheld if path.startswith(f"{name}.")]
        note = f"   (withheld inside it, by digest: {', '.join(inside)})" if inside else ""
        note = "   (withheld: the log gets its digest alone)" if name in draft.withheld else note
        lines.append(f"  {name}: {_plain(value)}{note}")
    found = list(dict.fromkeys(clauses))
    lines += [f"  clause: {clause}" for clause in found] or ["  clause: none; no adopted framework speaks of it"]
    lines.append(f"  statement digest {draft.digest}")
    return lines


def _plain(value: Any) -> str:
    match value:
        case dict():
            text = "; ".join(f"{k} {_plain(v)}" for k, v in value.items())
        case list() | tuple():
            text = ", ".join(_plain(v) for v in value) or "none"
        case bool():
            text = "yes" if value else "no"
        case None:
            text = "none"
        case _:
            text = str(value)
    return text if len(text) <= CUT else f"{text[:CUT]}… ({len(text)} characters)"


def gate_clauses(packs: Iterable[Published], action: str) -> list[str]:
    """The clauses of every gate on an action."""
    return [clause_of(p, g) for p in packs for g in p.pack.gates if action in g.actions]


def clause_of(published: Published, gate: Gate) -> str:
    """A gate with its reference into the issuer's document."""
    return f"{published.pack.id}, {gate.id}: {gate.ref}"
