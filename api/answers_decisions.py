"""The shapes of answers about decisions, and about the life of one."""

from typing import Literal

from api.answers import Answer, AsOf, BreakGlass, Hex
from api.answers_models import Answered

Phase = Literal[
    "requested", "recommended", "approved", "refused", "decided", "carried-out", "reversed", "superseded", "lapsed"
]


class Decision(Answer):
    """One decision; `divergence` where it differs from the policy verdict. `flags`: stable codes, the gravest first."""

    basis: str
    decision: str
    divergence: str | None
    flags: list[str]
    index: int
    phase: Phase
    request: str = Hex
    stream: str
    verdict: Answered


class Undecided(Answer):
    """Something that was begun while no decision stood for it."""

    event: str
    index: int
    stream: str


class Seen(Answer):
    """An entry that a step rests on: `/v1/entries/INDEX/receipt` proves it."""

    event: str
    index: int
    note: str
    principals: list[str]
    recorded_at: str


class Step(Answer):
    """A step: done, still open, asked for by nobody, or against what was wanted."""

    name: str
    note: str
    seen: list[Seen]
    state: Literal["done", "open", "none", "against"]


class Move(Answer):
    """What is missing next: by which role, who holds it now (for who may read the ledger's own stream), and the command."""

    command: str
    holders: list[str]
    note: str
    pack: str
    role: str
    what: str


class DecisionLife(Answer):
    """One request's life; `moves` is empty where nothing is missing."""

    action: str
    as_of: AsOf
    basis: str | None
    break_glass: list[BreakGlass]
    carried_out: list[int]
    clearance: Answered | None
    conditions: list[str]
    decision: int | None
    divergence: str | None
    flags: list[str]
    index: int
    moves: list[Move]
    phase: Phase
    request: str = Hex
    steps: list[Step]
    stream: str
    verdict: Answered


class Decisions(Answer):
    """A page, the diverging ones first."""

    break_glass: list[BreakGlass]
    decisions: list[Decision]
    without_decision: list[Undecided]
