"""The gates of a framework pack: which action, when, what it needs, who acts, and what follows (spec/framework-pack.md)."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.fields import Closed, Comparator, Line, Name, Text

Effect = Literal[
    "block", "halt_development", "pause_training", "pause_development_and_deployment", "delay", "statutory_violation",
    "penalty", "interim_measures_or_block", "interim_measures_or_delete_weights", "more_mitigation", "not_accepted",
    "risk_not_accepted", "non_conformance", "block_standard_undefined",
]  # fmt: skip
Action = Literal[
    "train", "continue_development", "store_weights", "internal_deploy", "controlled_deploy", "external_deploy",
    "release_weights", "publish_report",
]  # fmt: skip
Sourced = Literal["primary", "secondary", "presumed"]
"""How well a clause is sourced: read in the source · told by a secondary source · presumed to be as in the pack's `base`."""


class Condition(Closed, frozen=True):
    """A named fact, compared: a number with a comparator, a token with `=`.

    Three names are not stated facts: `jurisdiction` and `audience` are the request's own members, and `binds_as` asks whether
    the newest `framework.scope-determined` counts the lab among that class.
    """

    comparator: Comparator | Literal["="]
    fact: Name
    value: Line


class When(Closed, frozen=True):
    """At most one of `always` · `any_of` + `state_in` · `all_of_kind` + `state`, and any number of `facts`: all must hold."""

    all_of_kind: Literal["capability"] | None = None
    always: bool = False
    any_of: tuple[Name, ...] = ()
    facts: tuple[Condition, ...] = ()
    state: Name | None = None
    state_in: tuple[Name, ...] = ()


class Acceptance(Closed, frozen=True):
    """Risk acceptance: `role` confirms a document of kind `document` with verb `accept`, and what is unmet is accepted so."""

    document: Name
    role: Name


class Gate(Closed, frozen=True):
    """What an action needs, who acts before it, and what follows where something is unmet.

    `approval_of` is a kind of document: each role of `approved_by` confirms it with verb `approve`. That is an approval of the
    document, never of the action.
    """

    actions: Annotated[tuple[Action, ...], Meta(min_length=1)]
    effect: Effect
    id: Name
    ref: Line
    when: When
    acceptance: Acceptance | None = None
    approval_of: Name | None = None
    approved_by: tuple[Name, ...] = ()
    binds_whom: Name | None = None
    condition: Text | None = None
    decision_by: tuple[Name, ...] = ()
    inform_before: tuple[Name, ...] = ()
    note: Text | None = None
    recommendation_by: tuple[Name, ...] = ()
    requires_documents: tuple[Name, ...] = ()
    requires_metrics: tuple[Name, ...] = ()
    requires_safeguards: tuple[Name, ...] = ()
    requires_sets: tuple[Name, ...] = ()
    sourced: Sourced | None = None


class Statistic(Closed, frozen=True):
    """A number that an issuer names, or with `=` a token such as `true`; `note` says what no evaluation log can show of it."""

    comparator: Comparator | Literal["="]
    metric: Line
    value: Line
    note: Text | None = None
    suite: Line | None = None
