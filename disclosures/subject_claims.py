"""What a bundle may claim about its subject, computed from what it shows: by the builder, and anew by whoever verifies.

`decision`: it stands at its position, of that kind, on that basis, under those frameworks. `incident`: a report of one stands at
its position. `status`: clearance and verdict of each action, by the rules themselves over the shown entries (spec/bundle.md §6).
"""

from collections.abc import Iterable
from typing import Any

from disclosures.claims import answers
from disclosures.incident_claims import incident_claim, incident_claims, incident_reports
from disclosures.needs import lacking
from disclosures.partial import Partial
from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from ledger.events import decision, framework
from ledger.state import State
from policies.answer import AsOf
from policies.divergence import divergence_in
from policies.facts import Fact


def _decisions(shown: Shown) -> list[ShownEntry]:
    """The decisions on the subject that are shown, in order."""
    return [e for e in shown.of_stream(shown.request.subject) if isinstance(e.statement.predicate.body, decision.Made)]


def _decision(shown: Shown, partial: Partial, one: ShownEntry) -> dict[str, Any]:
    body: decision.Made = one.statement.predicate.body
    last = next((s.version for s in shown.streams if s.stream == one.stream), one.version)
    claim: dict[str, Any] = {
        "basis": body.basis,
        "decision": body.decision,
        "frameworks": _frameworks(shown, one.index),
        "index": one.index,
        "kind": "decision",
        "later": max(0, last - one.version),
        "recorded_at": one.recorded_at,
    }
    if any(e.index == body.gate.index for e in shown.entries):
        fact = next((f for _, fs in partial.state.scan("decision") for f in fs if f.index == one.index), None)
        if isinstance(fact, Fact):
            claim["divergent"] = divergence_in(partial.state, fact) is not None
    return claim


def _frameworks(shown: Shown, index: int) -> list[dict[str, str]]:
    """The frameworks adopted before `index` and not superseded by then, as the shown framework streams say."""
    adopted = [
        e.statement.predicate.body
        for e in shown.entries
        if e.index < index and isinstance(e.statement.predicate.body, framework.Adopted)
    ]
    gone = {a.supersedes for a in adopted}
    found = {(a.id, a.digest) for a in adopted if a.digest not in gone}
    return [{"digest": digest, "id": name} for name, digest in sorted(found)]


def status_claim(state: State, subject: str, actions: Iterable[str], as_of: AsOf) -> dict[str, Any]:
    """Clearance and verdict of each action, from a state: of the shown entries, or of all."""
    return {"actions": {action: answers(state, subject, action, as_of) for action in actions}, "kind": "status"}


def claims_for(
    shown: Shown, partial: Partial, kinds: Iterable[str], actions: Iterable[str], whole: State | None = None
) -> tuple[dict[str, Any], ...]:
    """The claims of these kinds that what is shown carries. With the `whole` state, a status is claimed only where the shown
    entries answer as all of them do: what is withheld may matter.
    """
    wanted = tuple(kinds)
    found = [_decision(shown, partial, one) for one in _decisions(shown)] if "decision" in wanted else []
    found += incident_claims(shown) if "incident" in wanted else []
    as_of = AsOf(shown.claims.as_of.size, shown.claims.as_of.time)
    if "status" in wanted:
        named = tuple(actions)
        claim = status_claim(partial.state, shown.request.subject, named, as_of)
        if named and (whole is None or claim == status_claim(whole, shown.request.subject, named, as_of)):
            found.append(claim)
    return tuple(claim for claim in found if lacking(claim, shown, partial) is None)


def recomputed(claim: dict[str, Any], shown: Shown, partial: Partial) -> dict[str, Any] | None:
    """The same claim from what is shown; `None` where nothing shown carries it. Unknown kinds carry nothing."""
    if claim.get("kind") == "decision":
        return next((_decision(shown, partial, e) for e in _decisions(shown) if e.index == claim.get("index")), None)
    if claim.get("kind") == "incident":
        return next((incident_claim(shown, e) for e in incident_reports(shown) if e.index == claim.get("index")), None)
    actions = claim.get("actions")
    if claim.get("kind") == "status" and isinstance(actions, dict) and actions:
        as_of = AsOf(shown.claims.as_of.size, shown.claims.as_of.time)
        return status_claim(partial.state, shown.request.subject, sorted(actions), as_of)
    return None
