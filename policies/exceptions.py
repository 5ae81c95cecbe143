"""A framework's own exception, invoked: all its conditions shown, by who the pack says, for this question (domain.md §2)."""

from policies.asked import Asked
from policies.facts import Fact, tainted
from policies.standing import outside

QUORUM = 2


def exception_cover(asked: Asked) -> str | None:
    """`<id>:<index>` of a valid exception of this pack for the question, the newest; `None` where none stands.

    A law knows no exception that its subject invokes, and one that names no condition can't be shown to hold.
    """
    if asked.pack.binds == "law":
        return None
    for fact in reversed(asked.facts("exception", asked.request.stream)):
        if fact.body.framework == asked.published.digest and _holds(asked, fact):
            return f"{fact.body.exception}:{fact.index}"
    return None


def _holds(asked: Asked, fact: Fact) -> bool:
    said = fact.body
    declared = next((e for e in asked.pack.exceptions if e.id == said.exception), None)
    if declared is None or not declared.conditions or fact.back_recorded or tainted(asked.state, fact) is not None:
        return False
    if len(set(fact.principals)) < QUORUM or (said.valid_until is not None and asked.as_of.time > said.valid_until):
        return False
    shown = {s.condition for s in said.shown if s.evidence}
    held: tuple[str, ...] = asked.state.get("acted_as", str(fact.index)) or ()
    named = {f"{asked.pack.id}|{role}" for role in declared.approved_by}
    return set(declared.conditions) <= shown and named <= set(held) and _asked_for(asked, said.request)


def _asked_for(asked: Asked, digest: str | None) -> bool:
    """Whether the question lies within the request that the exception is for, where it is for one."""
    if digest is None:
        return True
    request: Fact | None = asked.state.get("request", digest)
    return (
        request is not None
        and request.stream == asked.request.stream
        and request.body.action == asked.request.action
        and not outside(request, asked.request)
    )
