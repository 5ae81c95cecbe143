"""Who may do what by a framework's own word: the verbs of the pack roles that a principal holds (domain.md §4, access.md §2).

Admission asks while it looks at the event, so a role counts as of that index: one lost later takes nothing back, and one given
later heals nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.event import Event
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.trust import live_pack_role
from policies.facts import Fact, Published
from policies.pack import Pack

APPROVING: Final = frozenset({"decide", "approve", "accept"})
"""Verbs of an approval. To recommend, to be consulted or to be informed is not to approve."""
TOLD: Final = frozenset({"inform-before", "consult", "oversee", "receive", "request-review", "may-reverse"})
"""Verbs of bodies that may be told of a request or a decision."""
WITHOUT: Final = "decide_without_"
"""An act of a deciding role (in the pack's words) by which it may decide though the role named behind it has not recommended."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """The index of the decision that reversed another, and the role (pack id, role) with the verb may-reverse behind it."""

    index: int
    pack: str
    role: str


def reversing_role(state: State, event: Event) -> tuple[str, str] | None:
    """The role with the verb may-reverse that a signer of a superseding decision holds at its index, where one does.

    Of a pack that the request of the superseded decision names. Folded, since nobody can say later who held a role then.
    """
    over = event.body.supersedes.index
    old: Fact | None = next((f for f in state.get("decision", event.stream) or () if f.index == over), None)
    request: Fact | None = None if old is None else state.get("request", old.body.request)
    if request is None:
        return None
    packs: dict[str, Published] = {
        p.pack.id: p for d in request.body.packs if (p := state.get("published", d)) is not None
    }
    for who in event.principals:
        for pack, role in held(state, packs.values(), who, event.recorded_at, event.stream):
            if "may-reverse" in verbs_of(packs[pack].pack, role):
                return pack, role
    return None


def verbs_of(pack: Pack, role: str) -> frozenset[str]:
    """The verbs of a role of the pack; none where it names no such role."""
    return frozenset(v for r in pack.roles if r.id == role for v in r.verbs)


def roles_with(pack: Pack, *verbs: str) -> tuple[str, ...]:
    """The roles of a pack that have one of the verbs, in the pack's order."""
    return tuple(r.id for r in pack.roles if set(verbs) & set(r.verbs))


def bodies_of(pack: Pack) -> tuple[str, ...]:
    """Whom a pack wants told: roles with such a verb, and those that a gate or a fallback names."""
    named = (r for g in pack.gates for r in g.inform_before)
    return tuple(dict.fromkeys((*roles_with(pack, *TOLD), *named, *(r for f in pack.fallbacks for r in f.inform))))


def held(
    state: State, packs: Iterable[Published], who: str, at: str, stream: str, action: str | None = None
) -> tuple[tuple[str, str], ...]:
    """The roles (pack id, role) of `packs` that `who` holds at `at`, and that reach the stream and the action."""
    found: list[tuple[str, str]] = []
    for published in packs:
        for role in published.pack.roles:
            grant = live_pack_role(state, published.pack.id, role.id, who, at)
            if grant is not None and grant.covers(stream) and (action is None or action in grant.actions):
                found.append((published.pack.id, role.id))
    return tuple(found)


def may(
    state: State, packs: Iterable[Published], who: str, verb: str, at: str, stream: str, action: str | None = None
) -> bool:
    """Whether one of the pack roles that `who` holds has the verb."""
    named = {p.pack.id: p for p in packs}
    return any(verb in verbs_of(named[p].pack, r) for p, r in held(state, named.values(), who, at, stream, action))


def approval_refusal(
    state: State, packs: Iterable[Published], who: str, verb: str, at: str, stream: str, action: str
) -> Refused | None:
    """May `who` approve with this verb? By a pack role that has it; whoever is bound to none of the packs only approves.

    An approver without a pack role is a second pair of eyes, and never one of the roles that a framework names.
    """
    if verb not in APPROVING:
        detail = f"{verb} is no approval; a recommendation is recommendation.issued, telling a body is body.informed"
        return Refused(Reason.VERB_MISSING, detail)
    found = tuple(packs)
    bound = held(state, found, who, at, stream, action)
    if may(state, found, who, verb, at, stream, action) if bound else verb == "approve":
        return None
    roles = ", ".join(f"{role} ({pack})" for pack, role in bound) or "no role of the packs that the request names"
    return Refused(Reason.VERB_MISSING, f"{who} holds {roles}: not with the verb {verb}", (("principal", who),))
