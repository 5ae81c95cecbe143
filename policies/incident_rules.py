"""Admission rules of incidents: one stream, one incident; what follows names its observation, and packs that know the words."""

from ledger.event import Event
from ledger.events import incident
from ledger.fields import Reference
from ledger.reasons import Reason, Refused
from ledger.state import State
from policies.facts import Fact
from policies.references import declared, happened, models_known, published_of, refers, revises, said_already


def incident_rule(state: State, event: Event) -> Refused | None:
    """The rule of an `incident.*` event that does not hold, or `None`."""
    match event.body:
        case incident.Observed() as said:
            first = next(iter(state.get("incident", event.stream) or ()), None)
            refusal = said_already(first, "another incident was observed in this stream")
            times = happened(event, first_at=said.first_at, last_at=said.last_at)
            return refusal or models_known(state, said.models) or times
        case incident.InvolvementKnown() as said:
            return refers(state, "observed", said.incident, event.stream)
        case incident.Classified() as said:
            return refers(state, "observed", said.incident, event.stream) or _classified(state, event, said)
        case incident.ReportFiled() as said:
            return refers(state, "observed", said.incident, event.stream) or _reported(state, event, said)
        case incident.Resolved() as said:
            refusal = refers(state, "observed", said.incident, event.stream)
            return refusal or _resolved(state, event, said)
        case _:
            return None


def _classified(state: State, event: Event, said: incident.Classified) -> Refused | None:
    published = published_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    if said.category is not None:
        refusal = declared(published.pack, "incident_categories", (said.category,))
        if refusal is not None:
            return refusal
    if said.imminent != (said.imminent_known_at is not None):
        return Refused(Reason.CONTRADICTION, "imminent_known_at stands where the risk is imminent, and nowhere else")
    refusal = happened(event, imminent_known_at=said.imminent_known_at) or happened(event, believed_at=said.believed_at)
    earlier: tuple[Fact, ...] = state.get("classified", event.stream) or ()
    return refusal or revises(event, _newest(earlier, said.framework))


def _newest(facts: tuple[Fact, ...], framework: str) -> Fact | None:
    return next((f for f in reversed(facts) if f.body.framework == framework), None)


def _reported(state: State, event: Event, said: incident.ReportFiled) -> Refused | None:
    published = published_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    pack = published.pack
    if said.obligation is not None:
        refusal = declared(pack, "obligations", (said.obligation,))
        if refusal is not None:
            return refusal
    if pack.report_fields:  # a pack without a form says nothing of its fields
        refusal = declared(pack, "report_fields", said.fields_missing)
        if refusal is not None:
            return refusal
    return happened(event, awareness_at=said.awareness_at, submitted_at=said.submitted_at)


def _resolved(state: State, event: Event, said: incident.Resolved) -> Refused | None:
    observed = _observed(state, said.incident)
    earlier: tuple[Fact, ...] = state.get("incident", event.stream) or ()
    over = next((f for f in reversed(earlier) if isinstance(f.body, incident.Resolved)), None)
    return happened(event, first_at=observed.first_at, resolved_at=said.resolved_at) or revises(event, over)


def _observed(state: State, reference: Reference) -> incident.Observed:
    fact: Fact = state.get("observed", str(reference.index))
    body: incident.Observed = fact.body
    return body
