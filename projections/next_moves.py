"""What a request or decision waits for, and whose move it is: the role of the pack, and who holds it now (access.md §3)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ledger.reasons import Refused
from ledger.state import State
from ledger.trust import Grant
from policies.answer import AsOf, Clearance, PolicyVerdict
from policies.binding import binding_packs
from policies.clear import uninformed
from policies.decide import packs_of
from policies.divergence import PERMITTING, POSITIVE
from policies.facts import Fact
from policies.quorum import Tally, evidence_authors, headcount_refusal, reaches, veto_of
from policies.recommend import may_go_without, unadvised
from policies.recorded import recorded_reasons

LEDGER_ROLES: Final = {
    "request": "deployer", "recommend": "assessor", "approve": "approver", "decide": "decider", "inform": "deployer",
    "carry-out": "deployer", "withdraw": "approver", "evidence": "",
}  # fmt: skip
"""The ledger's own role for each move; what evidence needs depends on the finding, and the gate's screen says it."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that has to happen: `what`, by a role of a pack (empty: by the ledger's role alone), and who could do it now."""

    what: str
    pack: str
    role: str
    holders: tuple[str, ...]
    note: str = ""


def undecided_moves(state: State, request: Fact, verdict: PolicyVerdict, count: Tally, as_of: AsOf) -> tuple[Move, ...]:
    """What has to happen before a request can be decided to be permitted, in order."""
    at = as_of.time
    if {p.digest for p in binding_packs(state, at)} != set(request.body.packs):
        return (_move(state, request, "request", at, note="other packs bind since: approvals of it count for nothing"),)
    found: list[Move] = []
    if verdict.answer not in POSITIVE:
        note = f"the verdict is {verdict.answer.value}: whoever permits against it says why (--divergence-reason)"
        found.append(Move("evidence", "", "", (), note))
    veto = veto_of(state, request)
    if veto is not None:
        note = f"refused at index {veto.index}: a veto until its author withdraws it"
        found.append(Move("withdraw", "", "approver", veto.principals, note))
    for pack, role in unadvised(state, request, verdict):
        by = may_go_without(state, request, verdict, pack, role)
        note = "" if by is None else f"or decide with --without-recommendation {role}, as {by} may"
        found.append(_move(state, request, "recommend", at, pack, role, note=note))
    approve = list(_approvals(state, request, verdict, count, at))
    found += approve
    if not approve and veto is None:
        found += _answered_anew(state, request, verdict, at)
        authors = evidence_authors(state, request, verdict)
        found.append(_able(_move(state, request, "decide", at), request, authors))
    return tuple(found)


def _approvals(state: State, request: Fact, verdict: PolicyVerdict, count: Tally, at: str) -> Iterator[Move]:
    """Roles that have not approved with the verb decide; then as many people as the quorum still lacks."""
    authors = evidence_authors(state, request, verdict)
    for pack, role in verdict.decision_by:
        if (pack, role) not in count.held:
            yield _able(_move(state, request, "approve", at, pack, role), request, authors)
    short = headcount_refusal(state, count.voters, packs_of(state, request))
    lacking = [p for p in verdict.decision_by if p not in count.held]
    if isinstance(short, Refused) and not lacking:
        move = _able(_move(state, request, "approve", at, note=short.detail), request, authors)
        yield replace(move, holders=tuple(h for h in move.holders if h not in count.voters))


def _answered_anew(state: State, request: Fact, verdict: PolicyVerdict, at: str) -> list[Move]:
    """Where the verdict has changed since the gate answered: an approval, given again, has it answer again."""
    newest: Fact | None = state.get("gate", request.digest)
    now = (verdict.answer.value, recorded_reasons(verdict))
    if newest is not None and (newest.body.answer, newest.body.reasons) == now:
        return []
    note = "the verdict has changed since the gate answered: approve again, and it answers anew"
    return [_move(state, request, "approve", at, note=note)]


def _able(move: Move, request: Fact, authors: frozenset[str]) -> Move:
    """Without those who may not approve here: the requester, and who wrote the evidence."""
    able = tuple(h for h in move.holders if h not in request.principals and h not in authors)
    barred = len(move.holders) - len(able)
    note = "; ".join(n for n in (move.note, f"{barred} asked for it or wrote the evidence" if barred else "") if n)
    return replace(move, holders=able, note=note)


def decided_moves(
    state: State, request: Fact, made: Fact, verdict: PolicyVerdict, clearance: Clearance | None, as_of: AsOf,
    *, ended: bool, begun: bool,
) -> tuple[Move, ...]:  # fmt: skip
    """What follows a decision: bodies are told, it is carried out if it clears; once it has ended, it is asked for again."""
    at = as_of.time
    if made.body.decision not in PERMITTING:
        return ()
    if ended:
        return (_move(state, request, "request", at, note="the decision stands no more"),)
    told = [_move(state, request, "inform", at, *_pack_of(verdict, role), note="before the action")
            for role in uninformed(state, verdict, made, request)]  # fmt: skip
    if told:
        return tuple(told)
    if clearance is not None and clearance.answer not in POSITIVE:
        note = f"the clearance is {clearance.answer.value} now ({', '.join(clearance.reasons)}): nothing is carried out on it"
        return (Move("evidence", "", "", (), note),)
    return () if begun else (_move(state, request, "carry-out", at),)


def _pack_of(verdict: PolicyVerdict, role: str) -> tuple[str, str]:
    return next((pair for pair in verdict.inform_before if pair[1] == role), ("", role))


def _move(state: State, request: Fact, what: str, at: str, pack: str = "", role: str = "", note: str = "") -> Move:
    mine = LEDGER_ROLES[what]
    holders = holders_of(state, request, mine, at)
    if role and what != "inform":  # a body is told; the deployer tells it
        bound: Iterator[tuple[str, Grant]] = state.scan("packrole", f"{pack}|{role}|")
        able = {key.rsplit("|", 1)[1] for key, grant in bound if grant.alive(at) and reaches(grant, request)}
        holders = tuple(h for h in holders if h in able)
    return Move(what, pack, role or mine, holders, note)


def holders_of(state: State, request: Fact, role: str, at: str) -> tuple[str, ...]:
    """Who holds a role of the ledger now, for this model and action."""
    grants: Iterator[tuple[str, Grant]] = state.scan("role")
    return tuple(key.split("|", 1)[0] for key, g in grants if g.role == role and g.alive(at) and reaches(g, request))
