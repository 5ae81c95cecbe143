"""Reports that a gate asks for: the newest that covers the model, and which roles stand behind it with which verb."""

from dataclasses import replace

from policies.answer import Finding
from policies.asked import Asked
from policies.facts import Fact, tainted

CONFIRMING = frozenset({"approve", "confirm", "decide"})
"""Verbs by which a role stands behind a document; to recommend, to be consulted or informed is not to confirm."""


def document_finding(asked: Asked, kind: str) -> Finding:
    """The newest document of a kind that covers the model, confirmed by someone other than who submitted it: by a role that
    decides at this gate, where the gate names any. Informing a body is not its confirmation.
    """
    newest = _newest(asked, kind, kind)
    if isinstance(newest, Finding):
        return newest
    sound = [c for c in _said_of(asked, newest) if c.body.verb in CONFIRMING]
    if asked.gate.decision_by:
        sound = [c for c in sound if c.body.role in asked.gate.decision_by and _as_ours(asked, c)]
    if not sound:
        return asked.finding(kind, "unknown", "document-unconfirmed", (newest.index,))
    return asked.finding(kind, "met", "confirmed", (newest.index, *(c.index for c in sound)))


def approval_findings(asked: Asked) -> list[Finding]:
    """One finding for each role that has to approve the document which the gate names: not the action, the document."""
    kind = asked.gate.approval_of
    if kind is None:
        return []
    return [_by_role(asked, kind, role, "approve", "approval-missing", "approved") for role in asked.gate.approved_by]


def acceptance_finding(asked: Asked, known: int) -> Finding | None:
    """Whether the gate's role accepted the residual risk that was known by entry `known`; `None`: the gate knows no acceptance.

    Who accepts a risk accepts what is known then: a danger determined later is not part of it.
    """
    acceptance = asked.gate.acceptance
    if acceptance is None:
        return None
    found = _by_role(asked, acceptance.document, acceptance.role, "accept", "acceptance-missing", "accepted")
    if found.state == "met" and found.indexes[-1] < known:
        return asked.finding(found.requirement, "unknown", "acceptance-outdated", (*found.indexes, known))
    return found


def _by_role(asked: Asked, kind: str, role: str, verb: str, missing: str, met: str) -> Finding:
    """The newest document of a kind, confirmed with that verb by that role of this pack, held as of the confirmation."""
    requirement = f"{kind} {met} by {role}"
    newest = _newest(asked, kind, requirement)
    if isinstance(newest, Finding):
        return replace(newest, why=missing) if newest.why == "document-missing" else newest
    sound = [
        c for c in _said_of(asked, newest) if (c.body.verb, c.body.role) == (verb, role) and _as_ours(asked, c)
    ]  # fmt: skip
    if not sound:
        return asked.finding(requirement, "unknown", missing, (newest.index,))
    return asked.finding(requirement, "met", met, (newest.index, sound[-1].index))


def _newest(asked: Asked, kind: str, requirement: str) -> Fact | Finding:
    found = asked.facts("document", f"{asked.request.stream}|{kind}")
    if not found:
        return asked.finding(requirement, "unknown", "document-missing")
    newest = found[-1]
    if newest.back_recorded:
        return asked.finding(requirement, "unknown", "back-recorded", (newest.index,))
    compromised = tainted(asked.state, newest)
    if compromised is not None:
        return asked.finding(requirement, "unknown", "tainted", (newest.index, compromised))
    return newest


def _said_of(asked: Asked, submitted: Fact) -> list[Fact]:
    """Sound confirmations of a document, by nobody who submitted it."""
    return [
        c
        for c in asked.facts("confirmed", str(submitted.index))
        if not c.back_recorded
        and tainted(asked.state, c) is None
        and not set(c.principals) & set(submitted.principals)
    ]  # fmt: skip


def _as_ours(asked: Asked, confirmed: Fact) -> bool:
    """Whether the role was one of this pack, held as of the confirmation: another framework may know one of the same name."""
    held: tuple[str, ...] = asked.state.get("acted_as", str(confirmed.index)) or ()
    return f"{asked.pack.id}|{confirmed.body.role}" in held
