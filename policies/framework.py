"""Framework packs (domain.md §4): one version of an issuer's document or a law, as strict data.

TOML is for authors; what is published and digested is the JSON object of the same content (`pack_object`, RFC 8785). The
loader is strict: unknown, missing, duplicate or contradictory is an error that names the line or the place. No floats:
numbers are decimal strings. Texts are our paraphrase, and each clause carries its reference.
"""

import tomllib
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ledger.canonical import dumps
from ledger.errors import Malformed
from ledger.fields import Closed, Comparator, Count, Decimal, Digest, Line, Name, Text

Effect = Literal[
    "block", "halt_development", "pause_training", "pause_development_and_deployment", "delay", "statutory_violation",
    "penalty", "interim_measures_or_block", "interim_measures_or_delete_weights", "more_mitigation", "not_accepted",
    "risk_not_accepted", "non_conformance", "block_standard_undefined",
]  # fmt: skip
Action = Literal[
    "train", "continue_development", "store_weights", "internal_deploy", "controlled_deploy", "external_deploy",
    "release_weights", "publish_report",
]  # fmt: skip


class Source(Closed, frozen=True):
    """What the pack was written from; a pack with unread parts never permits alone."""

    citation: Text
    digest: Digest
    sourcing: Line
    unread_parts: tuple[Line, ...] = ()


class StateToken(Closed, frozen=True):
    """A state that a threshold can be in. `rank` orders them: higher is worse; 0 alone is favourable."""

    id: Name
    rank: Annotated[int, Meta(ge=0, le=9)]


class Level(Closed, frozen=True):
    """A named set of requirements; `undefined` = announced, its contents not written by the issuer."""

    id: Name
    order: Count
    undefined: bool = False


class NumberRule(Closed, frozen=True):
    """Where the pack lets a number decide: `metric comparator value` holds → state `holds`, else `fails`."""

    comparator: Comparator
    fails: Name
    holds: Name
    metric: Line
    value: Decimal


class RulesOut(Closed, frozen=True):
    """A determination of this threshold in `state` is enough to determine `thresholds` in that state too."""

    state: Name
    thresholds: tuple[Name, ...]


class Threshold(Closed, frozen=True):
    """What is watched."""

    domain: Name
    id: Name
    kind: Literal["capability", "checkpoint", "watch", "criterion"]
    ref: Line
    summary: Text
    on_reach: tuple[Line, ...] = ()
    requires_sets: tuple[Name, ...] = ()
    rule: NumberRule | None = None
    rules_out: RulesOut | None = None


class SafeguardSet(Closed, frozen=True):
    """An empty `safeguards` is a standard announced but undefined: it can never be satisfied."""

    id: Name
    safeguards: tuple[Name, ...]
    operator: Literal["all"] = "all"


class Safeguard(Closed, frozen=True):
    """What lowers the risk."""

    id: Name
    kind: Literal["deployment", "security", "governance"]
    ref: Line
    summary: Text


class When(Closed, frozen=True):
    """Exactly one of: `always` · `any_of` + `state_in` · `all_of_kind` + `state` · `fact` + `comparator` + `value`."""

    all_of_kind: Literal["capability"] | None = None
    always: bool = False
    any_of: tuple[Name, ...] = ()
    comparator: Comparator | None = None
    fact: Name | None = None
    state: Name | None = None
    state_in: tuple[Name, ...] = ()
    value: Decimal | None = None


class Gate(Closed, frozen=True):
    """What an action needs, who decides it, who is informed before it, and what follows where something is unmet."""

    actions: Annotated[tuple[Action, ...], Meta(min_length=1)]
    effect: Effect
    id: Name
    ref: Line
    when: When
    condition: Text | None = None
    decision_by: tuple[Name, ...] = ()
    inform_before: tuple[Name, ...] = ()
    note: Text | None = None
    requires_documents: tuple[Name, ...] = ()
    requires_metrics: tuple[Name, ...] = ()
    requires_safeguards: tuple[Name, ...] = ()
    requires_sets: tuple[Name, ...] = ()


class Role(Closed, frozen=True):
    """A holder with verbs."""

    acts: tuple[Name, ...]
    id: Name
    title: Line | None = None


class Fallback(Closed, frozen=True):
    """A way on when something is unmet, and who approves it."""

    id: Name
    summary: Text
    approved_by: tuple[Name, ...] = ()
    inform: tuple[Name, ...] = ()


class Reassess(Closed, frozen=True):
    """What makes a favourable determination stale."""

    compute_fact: Name | None = None
    compute_ratio: Decimal | None = None
    max_age_months: Count | None = None


class Obligation(Closed, frozen=True):
    """What must follow. `trigger_event` is an event type, `calendar`, or `not_tracked` with the reason in `trigger`."""

    form: Line
    id: Name
    recipient: Line
    ref: Line
    trigger: Line
    trigger_event: Name
    deadline: Line | None = None
    every: Line | None = None


class Statutory(Closed, frozen=True):
    """The law that makes this own framework binding, and the clauses."""

    clauses: tuple[Line, ...]
    law: Name


class Pack(Closed, frozen=True):
    """One framework version."""

    binds: Literal["own", "code", "law"]
    gates: tuple[Gate, ...]
    id: Name
    in_force_from: Line
    publisher: Line
    roles: tuple[Role, ...]
    safeguards: tuple[Safeguard, ...]
    sets: tuple[SafeguardSet, ...]
    source: Source
    states: Annotated[tuple[StateToken, ...], Meta(min_length=2)]
    style: Literal["hard_gate", "reasoned_case", "risk_acceptance", "metric_gate", "obligation"]
    thresholds: tuple[Threshold, ...]
    title: Line
    version: Line
    documents: tuple[Name, ...] = ()
    exceptions: tuple[Fallback, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    in_force_until: Line | None = None
    levels: tuple[Level, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    quorum: Annotated[int, Meta(ge=2, le=9)] = 2
    reassess: Reassess | None = None
    statutory: Statutory | None = None
    superseded_by: Name | None = None
    supersedes: Name | None = None

    def threshold(self, name: str) -> Threshold | None:
        """The threshold of that id."""
        return next((t for t in self.thresholds if t.id == name), None)

    def gate(self, name: str) -> Gate | None:
        """The gate of that id."""
        return next((g for g in self.gates if g.id == name), None)

    def safeguard_set(self, name: str) -> SafeguardSet:
        """The set of that id; the loader made sure that it exists."""
        return next(s for s in self.sets if s.id == name)

    def rank(self, state: str) -> int | None:
        """How bad a state is; `None` where the pack does not declare it."""
        return next((s.rank for s in self.states if s.id == state), None)


def _bad(place: str, rule: str) -> Malformed:
    return Malformed("pack", place, rule)


def load_toml(text: str, name: str) -> Pack:
    """Read an author's TOML. Raises `Malformed`; its place is `name:line` where the line can be told."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise _bad(f"{name}: {err}", "pack-toml") from None
    try:
        return parse_pack(values)
    except Malformed as err:
        raise _bad(f"{name}:{_line(text, err.place)} {err.place}", err.rule) from None


def _line(text: str, place: str) -> str:
    """The line of the table that a place such as `gates G-TRAIN when` speaks of; `?` where it can't be told."""
    for word in reversed(place.split()):
        for number, line in enumerate(text.split("\n"), 1):
            if f'"{word}"' in line and line.lstrip().startswith("id"):
                return str(number)
    return "?"


def pack_object(pack: Pack) -> dict[str, Any]:
    """The JSON object that is published and digested."""
    value: dict[str, Any] = msgspec.to_builtins(pack)
    return value


def pack_digest(value: Pack | dict[str, Any]) -> str:
    """`sha256:` over the RFC 8785 bytes of the pack's object."""
    return "sha256:" + sha256(dumps(pack_object(value) if isinstance(value, Pack) else value)).hexdigest()


def parse_pack(value: Any) -> Pack:
    """Read a pack's object strictly, and check that everything it names exists, once. Raises `Malformed`."""
    try:
        pack = msgspec.convert(value, Pack, strict=True)
    except msgspec.ValidationError as err:
        raise _bad(str(err).rpartition(" - at ")[2][:200] or "$", "pack-schema") from None
    _unique(pack)
    _resolve(pack)
    if dumps(pack_object(pack)) != dumps(value):
        raise _bad("$", "pack-not-canonical")
    return pack


def _unique(pack: Pack) -> None:
    for part in ("thresholds", "sets", "safeguards", "gates", "roles", "fallbacks", "obligations", "states", "levels"):
        ids = [item.id for item in getattr(pack, part)]
        for item in ids:
            if ids.count(item) > 1:
                raise _bad(f"{part} {item}", "pack-duplicate")
    ranks = sorted(s.rank for s in pack.states)
    if ranks[0] != 0 or ranks.count(0) != 1:
        raise _bad("states", "pack-states")


def _known(place: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise _bad(f"{place} {name}", "pack-unknown-name")


def _resolve(pack: Pack) -> None:
    thresholds, sets = {t.id for t in pack.thresholds}, {s.id for s in pack.sets}
    safeguards, roles = {s.id for s in pack.safeguards}, {r.id for r in pack.roles}
    states = {s.id for s in pack.states}
    for one in pack.sets:
        _known(f"sets {one.id}", one.safeguards, safeguards)
    for t in pack.thresholds:
        _known(f"thresholds {t.id}", t.requires_sets, sets)
        if t.rule is not None:
            _known(f"thresholds {t.id} rule", (t.rule.holds, t.rule.fails), states)
        if t.rules_out is not None:
            _known(f"thresholds {t.id} rules_out", t.rules_out.thresholds, thresholds)
            _known(f"thresholds {t.id} rules_out", (t.rules_out.state,), states)
    for gate in pack.gates:
        place = f"gates {gate.id}"
        _known(place, gate.requires_sets, sets)
        _known(place, gate.requires_safeguards, safeguards)
        _known(place, gate.requires_documents, set(pack.documents))
        _known(place, gate.requires_metrics, thresholds)
        _known(place, (*gate.decision_by, *gate.inform_before), roles)
        _when(place, gate.when, thresholds, states)
    for fallback in pack.fallbacks:
        _known(f"fallbacks {fallback.id}", (*fallback.approved_by, *fallback.inform), roles)


def _when(place: str, when: When, thresholds: set[str], states: set[str]) -> None:
    forms = (
        when.always,
        bool(when.any_of) and bool(when.state_in),
        when.all_of_kind is not None and when.state is not None,
        when.fact is not None and when.comparator is not None and when.value is not None,
    )
    members = sum(
        bool(x) for x in (when.always, when.any_of, when.state_in, when.all_of_kind, when.state, when.fact,
                          when.comparator, when.value)
    )  # fmt: skip
    if sum(forms) != 1 or members != {0: 1, 1: 2, 2: 2, 3: 3}[forms.index(True)]:
        raise _bad(f"{place} when", "pack-when")
    _known(f"{place} when", when.any_of, thresholds)
    _known(f"{place} when", (*when.state_in, *((when.state,) if when.state else ())), states)
