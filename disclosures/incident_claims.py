"""Claims about incidents: that a report was recorded at its position, of which kind, under which pack, at which times
(spec/bundle.md §6).

An incident is the subject's where a shown entry of its stream names the model, or where the model's own stream points at one by
`model.referenced`, which the engine derives in the same commit: so a bad incident can't be left out of the model's stream.
"""

from typing import Any

from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from ledger.events import framework, incident, model


def incident_claims(shown: Shown) -> list[dict[str, Any]]:
    """A claim for each of `incident_reports`."""
    return [incident_claim(shown, one) for one in incident_reports(shown)]


def incident_reports(shown: Shown) -> list[ShownEntry]:
    """The shown reports of incidents that concern the subject, in order of index."""
    about = _incidents(shown)
    reports = (e for e in shown.entries if isinstance(e.statement.predicate.body, incident.ReportFiled))
    return [one for one in reports if one.stream in about]


def _incidents(shown: Shown) -> set[str]:
    """Streams of incidents that concern the subject, as far as what is shown says so."""
    pointed = {
        (b.index, b.leaf)
        for e in shown.of_stream(shown.request.subject)
        if isinstance(b := e.statement.predicate.body, model.Referenced)
    }
    found = {e.stream for e in shown.entries if (e.index, e.leaf) in pointed}
    observed = (e for e in shown.entries if isinstance(e.statement.predicate.body, incident.Observed))
    return found | {e.stream for e in observed if shown.request.subject in e.statement.predicate.body.models}


def incident_claim(shown: Shown, one: ShownEntry) -> dict[str, Any]:
    """What may be claimed of one of `incident_reports`."""
    body: incident.ReportFiled = one.statement.predicate.body
    names = {b.digest: b.id for e in shown.entries if isinstance(b := e.statement.predicate.body, framework.Published)}
    entries = shown.of_stream(one.stream)
    last = next((s.version for s in shown.streams if s.stream == one.stream), one.version)
    seen = next((e for e in entries if isinstance(e.statement.predicate.body, incident.Observed)), None)
    return {
        "awareness_at": body.awareness_at,
        "digest": body.digest,
        "fields_missing": list(body.fields_missing),
        "framework": {"digest": body.framework, "id": names.get(body.framework)},
        "incident": one.stream,
        "index": one.index,
        "kind": "incident",
        "later": max(0, last - one.version),
        "obligation": body.obligation,
        "observed": None if seen is None else _observed(seen),
        "recipient": body.recipient,
        "recorded_at": one.recorded_at,
        "report": body.kind,
        "submitted_at": body.submitted_at,
    }


def _observed(one: ShownEntry) -> dict[str, Any]:
    body: incident.Observed = one.statement.predicate.body
    return {"first_at": body.first_at, "index": one.index, "kind": body.kind, "last_at": body.last_at}
