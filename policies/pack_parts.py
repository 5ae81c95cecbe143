"""The parts of a framework pack that are watched, kept and held: thresholds, safeguards, roles (spec/framework-pack.md).

No floats: numbers are decimal strings. Gates are in pack_gate.py, duties in pack_duties.py.
"""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.fields import Closed, Comparator, Count, Decimal, Digest, Line, Name, Text
from policies.pack_gate import Sourced, Statistic

Verb = Literal[
    "decide", "recommend", "approve", "accept", "confirm", "inform-before", "consult", "oversee", "receive", "may-reverse",
    "request-review",
]  # fmt: skip
"""What a role does, in one vocabulary for all packs; its `acts` say it in the source's words. Informing is not approving."""


class Source(Closed, frozen=True):
    """What the pack was written from; a pack with unread parts never permits alone.

    `variants` are digests of other texts that the publisher put out under the same label. A source without a document of its
    own (a law read in reproductions) carries the digest of its citation's bytes, and `sourcing` says so.
    """

    citation: Text
    digest: Digest
    sourcing: Line
    sourced: Sourced = "primary"
    unconfirmed: tuple[Line, ...] = ()
    unread_parts: tuple[Line, ...] = ()
    variants: tuple[Digest, ...] = ()


class StateToken(Closed, frozen=True):
    """A state that a threshold can be in. `rank` orders them: higher is worse; those of rank 0 are favourable.

    `alert` = an early warning below the critical state · `provisional` = a screen's result, until the full suite settles it.
    """

    id: Name
    rank: Annotated[int, Meta(ge=0, le=9)]
    alert: bool = False
    provisional: bool = False
    summary: Text | None = None


class Level(Closed, frozen=True):
    """A named step; `undefined` = announced, its contents not written by the issuer."""

    id: Name
    order: Count
    summary: Text | None = None
    undefined: bool = False


class NumberRule(Closed, frozen=True):
    """Where the pack lets a number decide: `metric comparator value` holds → state `holds`, else `fails`."""

    comparator: Comparator
    fails: Name
    holds: Name
    metric: Line
    value: Decimal


class Determination(Closed, frozen=True):
    """How the issuer says that a threshold is determined, for people; only `rule` lets a number decide.

    `expert_case` an attested judgement with evidence · `quantitative` a number is named · `hybrid` both. `confirm` is the second
    step after a screen: a person assigns the state that it shows.
    """

    kind: Literal["quantitative", "hybrid", "expert_case"]
    any_of: tuple[Statistic, ...] = ()
    baseline: Text | None = None
    comparator: Comparator | None = None
    confirm: Statistic | None = None
    derivation: Text | None = None
    metric: Line | None = None
    proxies: Text | None = None
    upper: Decimal | None = None
    value: Decimal | None = None


class RulesOut(Closed, frozen=True):
    """A determination of this threshold in `state` is enough to determine `thresholds` in that state too."""

    state: Name
    thresholds: tuple[Name, ...]


class Threshold(Closed, frozen=True):
    """What is watched. `scope` decides who is bound; `checkpoint` and `watch` call for `on_reach`; others carry safeguards."""

    determination: Determination
    domain: Name
    id: Name
    kind: Literal["capability", "checkpoint", "watch", "criterion", "scope"]
    ref: Line
    summary: Text
    defines: Name | None = None
    exploratory: bool = False
    level: Name | None = None
    on_reach: tuple[Line, ...] = ()
    requires_sets: tuple[Name, ...] = ()
    rule: NumberRule | None = None
    rules_out: RulesOut | None = None
    security_level: Line | None = None
    sourced: Sourced | None = None


class SafeguardSet(Closed, frozen=True):
    """An empty `safeguards` is a standard announced but undefined: it can never be satisfied.

    `all` = each of them · `claim_per_vector` = for each harm vector that the determination names, one sufficient claim.
    """

    id: Name
    safeguards: tuple[Name, ...]
    operator: Literal["all", "claim_per_vector"] = "all"


class Safeguard(Closed, frozen=True):
    """What lowers the risk."""

    id: Name
    kind: Literal["deployment", "security", "governance"]
    ref: Line
    summary: Text
    sourced: Sourced | None = None


class Role(Closed, frozen=True):
    """A holder: `acts` in the source's words, `verbs` in ours."""

    acts: tuple[Name, ...]
    id: Name
    note: Text | None = None
    sourced: Sourced | None = None
    title: Line | None = None
    verbs: tuple[Verb, ...] = ()


class Fallback(Closed, frozen=True):
    """A way on when something is unmet, or an exception, and who approves it."""

    id: Name
    ref: Line
    summary: Text
    approved_by: tuple[Name, ...] = ()
    conditions: tuple[Line, ...] = ()
    inform: tuple[Name, ...] = ()
    sourced: Sourced | None = None


class Reassess(Closed, frozen=True):
    """What makes a favourable determination stale."""

    ref: Line
    compute_fact: Name | None = None
    compute_ratio: Decimal | None = None
    max_age_months: Count | None = None


class ChangeControl(Closed, frozen=True):
    """How the framework itself may change."""

    approved_by: tuple[Name, ...]
    proposed_by: tuple[Name, ...]
    ref: Line
    consulted: tuple[Name, ...] = ()
    publish: Line | None = None


class Statutory(Closed, frozen=True):
    """The law that makes this own framework binding, and the clauses."""

    clauses: tuple[Line, ...]
    law: Name


class Difference(Closed, frozen=True):
    """One difference to the neighbour: `target` is section/id in the base; what stands here, and what stood there."""

    base: Text
    change: Literal["changed", "added", "removed", "absent", "same", "renamed"]
    here: Text
    ref: Line
    target: Line


class Base(Closed, frozen=True):
    """The neighbour that this pack was written from, where only the difference to it is known.

    Clauses that no difference names are presumed to be as in the base (`sourced = "presumed"`).
    """

    differences: Annotated[tuple[Difference, ...], Meta(min_length=1)]
    id: Name
    relation: Line


class Scope(Closed, frozen=True):
    """A code that binds only where another pack's threshold is in one of these states for the model."""

    pack: Name
    state_in: tuple[Name, ...]
    threshold: Name
