"""A regime's incident report, filled from recorded facts: what nobody recorded is missing, what is withheld is said to be.

Nothing is invented: a field that no fact fills waits for a person. A field that the form lacks although a period runs from it
(the EU form's awareness and submission) is filled beside the form.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from ledger.events import incident
from ledger.fields import UNSET
from ledger.state import State
from policies.facts import Fact, Published, tainted
from policies.incidents import Incident
from policies.pack_duties import ReportField

Kind = Literal["initial", "intermediate", "final", "amended"]
FieldState = Literal["filled", "stated", "withheld", "missing"]
INTERNAL = "internal"
"""The surface that `incident.observed` names where the incident was associated with internal use."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """One field: `filled` by a recorded fact (`indexes`), `stated` now by a person, `withheld` here, or `missing`."""

    id: str
    number: int | None
    title: str
    ref: str
    of_the_form: bool
    state: FieldState
    value: str | None
    indexes: tuple[int, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What would be filed under one regime. `fields_missing` are ids; a report may be incomplete, and says so."""

    incident: str
    pack: str
    framework: str
    kind: Kind
    category: str | None
    reportable: str
    fields: tuple[Filled, ...]
    fields_missing: tuple[str, ...]
    fields_withheld: tuple[str, ...]


Found = tuple[str | None, tuple[int, ...]]
Source = Callable[["_Case"], Found]


class _Case:
    """What is recorded of an incident, as one regime's form asks for it; facts that a compromised key signed are left out."""

    def __init__(self, state: State, found: Incident, pack: str, kind: Kind) -> None:
        said: tuple[Fact, ...] = state.get("incident", found.stream) or ()
        self.facts = [f for f in said if tainted(state, f) is None]
        self.found = found
        self.regime = next((r for r in found.regimes if r.pack == pack), None)
        sound = {f.index for f in self.facts}
        self.reports = [r for r in found.reports if (r.pack, r.kind) == (pack, kind) and r.index in sound]

    def of(self, kind: type[Any]) -> list[Fact]:
        """The facts of one type, in order."""
        return [f for f in self.facts if isinstance(f.body, kind)]

    def text(self, kind: type[Any], member: str) -> tuple[FieldState, Found]:
        """A text that may be withheld: the newest entry's, or that there is only a digest of it, if anything."""
        facts = self.of(kind)
        if not facts:
            return "missing", (None, ())
        value = getattr(facts[-1].body, member)
        if value is UNSET:
            return "withheld", (None, (facts[-1].index,))
        return "filled", (value, (facts[-1].index,))

    def awareness(self) -> Found:
        """When the model's involvement was known first."""
        known = min(self.of(incident.InvolvementKnown), key=lambda f: f.known_at or f.occurred_at, default=None)
        if known is None:
            return None, ()
        return known.known_at or known.occurred_at, (known.index,)


def fill(
    state: State, found: Incident, published: Published, kind: Kind, stated: Mapping[str, str] | None = None
) -> Report:  # fmt: skip
    """The report of `kind` under a pack. `stated` are fields that a person fills now, by id."""
    case = _Case(state, found, published.pack.id, kind)
    asked = [f for f in published.pack.report_fields if not f.final_only or kind == "final"]
    fields = tuple(_field(case, f, (stated or {}).get(f.id)) for f in asked)
    return Report(
        incident=found.stream, pack=published.pack.id, framework=published.digest, kind=kind,
        category=None if case.regime is None else case.regime.category,
        reportable="unclassified" if case.regime is None else case.regime.reportable, fields=fields,
        fields_missing=tuple(f.id for f in fields if f.state == "missing"),
        fields_withheld=tuple(f.id for f in fields if f.state == "withheld"),
    )  # fmt: skip


def _field(case: _Case, asked: ReportField, stated: str | None) -> Filled:
    state, (value, indexes) = _found(case, asked)
    if stated is not None:
        state, value, indexes = "stated", stated, ()
    return Filled(
        id=asked.id, number=asked.number, title=asked.title, ref=asked.ref, of_the_form=asked.of_the_form, state=state,
        value=value, indexes=indexes,
    )  # fmt: skip


def _found(case: _Case, asked: ReportField) -> tuple[FieldState, Found]:
    match asked.filled_by:
        case "observed.summary":
            return case.text(incident.Observed, "summary")
        case "resolved.root_cause":
            return case.text(incident.Resolved, "root_cause")
        case None:
            return "missing", (None, ())
        case source:
            value, indexes = _SOURCES[source](case)
            return ("missing" if value is None else "filled"), (value, indexes)


def _period(case: _Case) -> Found:
    found = case.of(incident.Observed)
    if not found:
        return None, ()
    said = found[-1].body
    return f"{said.first_at} to {said.last_at or 'an end that is not known'}", (found[-1].index,)


def _observed(name: str) -> Source:
    def read(case: _Case) -> Found:
        found = case.of(incident.Observed)
        value = getattr(found[-1].body, name) if found else None
        text = ", ".join(value) if isinstance(value, tuple) else value
        return text or None, tuple(f.index for f in found[-1:])

    return read


def _internal(case: _Case) -> Found:
    """Yes where a surface of that name is recorded, no where only others are, unknown where none is."""
    found = case.of(incident.Observed)
    if not found or not found[-1].body.surfaces:
        return None, ()
    return "yes" if INTERNAL in found[-1].body.surfaces else "no", (found[-1].index,)


def _classified(case: _Case) -> Found:
    regime = case.regime
    return (None, ()) if regime is None or regime.index is None else (regime.reason or None, (regime.index,))


def _category(case: _Case) -> Found:
    regime = case.regime
    return (None, ()) if regime is None or regime.index is None else (regime.category, (regime.index,))


def _basis(case: _Case) -> Found:
    found = case.of(incident.InvolvementKnown)
    return ("; ".join(f"{f.body.certainty}: {f.body.basis}" for f in found) or None), tuple(f.index for f in found)


def _corrective(case: _Case) -> Found:
    found = case.of(incident.Resolved)
    return ("; ".join(found[-1].body.corrective) or None if found else None), tuple(f.index for f in found[-1:])


def _submission(case: _Case) -> Found:
    """Of the newest report of this kind filed under this regime; before that it is a person's to say."""
    newest = case.reports[-1] if case.reports else None
    return (None, ()) if newest is None else (newest.submitted_at, (newest.index,))


_SOURCES: dict[str, Source] = {
    "awareness": _Case.awareness,
    "classified.category": _category,
    "classified.reason": _classified,
    "involvement.basis": _basis,
    "observed.internal": _internal,
    "observed.kind": _observed("kind"),
    "observed.models": _observed("models"),
    "observed.period": _period,
    "observed.surfaces": _observed("surfaces"),
    "resolved.corrective": _corrective,
    "submission": _submission,
}
"""Total over `pack_duties.ReportSource`, but for the two that may be withheld (a test compares them)."""
