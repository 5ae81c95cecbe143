"""Which decision stands for a question, and the scope that a question without context is about (domain.md §5)."""

from dataclasses import replace

from ledger.state import State
from policies.answer import Request
from policies.divergence import PERMITTING
from policies.facts import Fact, tainted

LISTS = ("surfaces", "hosts", "jurisdictions")


def standing_decision(state: State, request: Request, at: str) -> tuple[Fact, Fact] | None:
    """The decision that stands for `request` at time `at`, and what it was asked; `None` where nobody decided on this action.

    The newest permission whose scope covers the question, unless a withholding overlaps the question that no later permission
    covers in full: who narrows access to a few does not thereby open what was withheld from all. Where neither is found, the
    newest decision, so that the answer can say what lies outside it.
    """
    pairs = _decided(state, request)
    permissions: list[Fact] = []
    covering: tuple[Fact, Fact] | None = None
    for fact, asked in reversed(pairs):
        if fact.body.decision in PERMITTING:
            if _sound(state, fact, at):
                permissions.append(asked)
            if covering is None and not outside(asked, request):
                covering = fact, asked
        elif _overlaps(asked, request) and not any(_covers(p, asked) for p in permissions):
            return fact, asked
    if covering is not None:
        return covering
    return pairs[-1] if pairs else None


def _decided(state: State, request: Request) -> list[tuple[Fact, Fact]]:
    """Decisions on this action of this model that no later one supersedes, oldest first, each with its request."""
    found: tuple[Fact, ...] = state.get("decision", request.stream) or ()
    over = [(f.body.supersedes.index, f) for f in found if f.body.supersedes is not None]
    ended = {index for index, _ in over}
    # What a compromised key or a history entry says ends a permission, and never a withholding.
    soundly = {index for index, f in over if not f.back_recorded and tainted(state, f) is None}
    standing = [f for f in found if f.index not in (ended if f.body.decision in PERMITTING else soundly)]
    pairs = [(f, state.get("request", f.body.request)) for f in standing]
    return [(f, asked) for f, asked in pairs if asked is not None and asked.body.action == request.action]


def _sound(state: State, fact: Fact, at: str) -> bool:
    """Whether a permission may end an earlier withholding: in force, and signed by nobody since found compromised."""
    until = fact.body.valid_until
    return not fact.back_recorded and tainted(state, fact) is None and (until is None or at <= until)


def outside(asked: Fact, request: Request) -> tuple[str, ...]:
    """What of the question lies outside what was decided on."""
    body = asked.body
    found: list[str] = []
    if request.artifact is not None and request.artifact != body.artifact:
        found.append("artifact")
    if request.audience is not None and request.audience != body.audience:
        found.append("audience")
    return (*found, *(n for n in LISTS if not set(getattr(request, n)) <= set(getattr(body, n))))


def _overlaps(asked: Fact, request: Request) -> bool:
    """Whether any part of the question is about what was asked: what either leaves open may be about it."""
    body = asked.body
    if request.audience is not None and request.audience != body.audience:
        return False
    for name in LISTS:
        mine, theirs = set(getattr(request, name)), set(getattr(body, name))
        if mine and theirs and not mine & theirs:
            return False
    return True


def _covers(permission: Fact, withheld: Fact) -> bool:
    wide, narrow = permission.body, withheld.body
    return (wide.audience, wide.artifact) == (narrow.audience, narrow.artifact) and all(
        set(getattr(narrow, n)) <= set(getattr(wide, n)) for n in LISTS
    )


def in_context(state: State, request: Request, at: str) -> Request:
    """A question that states no audience is about what was decided: its scope is that of the standing decision.

    Without this, evidence for one host could answer for a permission that was given for another. Where it states no facts either
    and lies within that scope, the facts that the decision's request stated are part of it: it is then that request's question.
    """
    standing = None if request.audience is not None else standing_decision(state, request, at)
    if standing is None:
        return request
    made, asked = standing
    body, facts = asked.body, request.facts
    # A lapsed or compromised word states nothing: what it said of the facts would answer for a decision that does not stand.
    if not facts and not outside(asked, request) and _sound(state, made, at) and tainted(state, asked) is None:
        facts = tuple(sorted(body.facts.items()))
    return replace(
        request,
        audience=body.audience,
        surfaces=request.surfaces or body.surfaces,
        hosts=request.hosts or body.hosts,
        jurisdictions=request.jurisdictions or body.jurisdictions,
        facts=facts,
    )
