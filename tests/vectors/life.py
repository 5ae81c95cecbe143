"""What follows a decision, said once: scope, operation, incident, duties, concern, disclosure. For histories that hold every type.

`say(name, body, stream, role)` makes the event, signed by as many holders of the ledger's role as the type asks for;
`first(name)` is the first event of a type so far. Everything is fictional.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ledger.event import Event
from ledger.events.disclosure import erasures_of
from ledger.strict import shift
from policies.framework import Pack, load_toml, pack_digest, pack_object

ACT = Path(__file__).parent / "fictional-act-1.toml"
ZERO = "sha256:" + "0" * 64
Say = Callable[[str, Mapping[str, Any], str, str], Event]
First = Callable[[str], Event]
PERIOD = "2026-01-01"
EVIDENCE = [{"digest": ZERO, "label": "fictional note", "media_type": "text/plain", "size": 12}]


@lru_cache(maxsize=1)
def act() -> Pack:
    """A fictional law, for tests."""
    return load_toml(ACT.read_text(), ACT.stem)


def reference(event: Event) -> dict[str, Any]:
    return {"index": event.index, "leaf": event.leaf}


def live(say: Say, first: First, pack: Pack, digest: str, model: str, advice: Mapping[str, str] | None = None) -> None:
    """Every event type that is said after `decision.made` and `deployment.started`.

    `advice`: framework, role and request of the recommendation, where these are looked at.
    """
    _framework(say, first, pack, digest)
    _law(say, first)
    _model(say, first, pack, digest, model)
    request = first("action.requested").digest
    said = {"conditions": ["rate limits stay on"], "rationale": "fictional", "recommendation": "restrict"}
    by = advice or {"framework": digest, "request": request, "role": "RSO"}
    say("recommendation.issued", {**said, **by}, model, "assessor")
    _operation(say, first, model)
    _incident(say, model)
    _obligations(say, first, pack, digest)
    _concern(say, digest)
    _disclosure(say, first)


def _framework(say: Say, first: First, pack: Pack, digest: str) -> None:
    said, stream = {"digest": digest, "id": pack.id}, f"framework/{pack.id}"
    at = first("framework.adopted").recorded_at
    seen = {"expected": pack.source.digest, "found": ZERO, "place": "https://frameworks.example/policy", "seen_at": at}
    say("framework.source-drifted", {**said, **seen}, stream, "framework-admin")
    reading = {"clause": pack.gates[0].id, "reading": "a partner's pilot is an external deployment", "role": "RSO"}
    say("framework.interpreted", {**said, **reading}, stream, "framework-admin")


def _law(say: Say, first: First) -> None:
    """A law needs no adoption: it binds from its date wherever nobody has determined that it does not."""
    law = act()
    said, stream = {"digest": pack_digest(law), "id": law.id}, f"framework/{law.id}"
    published = {**said, "pack": pack_object(law), "source_digest": law.source.digest}
    say("framework.published", published, stream, "framework-admin")
    at = first("framework.adopted").recorded_at
    scope = {"applies": True, "binds_as": ["careful_developer"], "effective": at, "reason": "it trains such models"}
    say("framework.scope-determined", {**said, **scope}, stream, "framework-admin")


def _model(say: Say, first: First, pack: Pack, digest: str, model: str) -> None:
    again = {
        "cause": "discretion", "evidence": [], "framework": digest, "reason": "a partner saw more than we did", "role": "RSO",
        "thresholds": [pack.thresholds[0].id],
    }  # fmt: skip
    say("reassessment.triggered", again, model, "assessor")
    attested, submitted = first("safeguard.attested"), first("document.submitted")
    degraded = {
        "attestation": reference(attested), "reason": "a classifier's recall fell", "safeguards": [attested.body.safeguards[0]],
        "since": attested.recorded_at,
    }  # fmt: skip
    say("safeguard.degraded", degraded, attested.stream, "attester")
    left_out = {"class": "security", "ground": "security-sensitive", "justification": "names a monitor"}
    published = {
        "audience": "public", "digest": "sha256:" + "1" * 64, "document": reference(submitted), "place": "https://reports.example/1",
        "redactions": [left_out],
    }  # fmt: skip
    say("document.published", published, submitted.stream, "discloser")
    request = first("action.requested").digest
    conditions = getattr(pack.exceptions[0], "conditions", ())
    invoked = {
        "exception": pack.exceptions[0].id, "framework": digest, "reason": "fictional", "request": request,
        "shown": [{"condition": c, "evidence": EVIDENCE} for c in conditions], "valid_until": shift(first("action.requested").recorded_at, days=365),
    }  # fmt: skip
    say("exception.invoked", invoked, model, "decider")


def _operation(say: Say, first: First, model: str) -> None:
    made, deployed = reference(first("decision.made")), reference(first("deployment.started"))
    plan = {"compute_planned": "2" + "0" * 25, "decision": made, "purpose": "fine-tuning for partners"}
    began = say("training.started", plan, model, "deployer")
    pause = {
        "because": reference(first("safeguard.degraded")),
        "reason": "the weights are less well kept than attested",
    }
    paused = say("training.paused", pause, model, "deployer")
    say("training.resumed", {"decision": made, "paused": reference(paused)}, model, "deployer")
    over = {"outcome": "abandoned", "reason": "fictional", "started": reference(began)}
    say("training.ended", over, model, "deployer")
    narrowed = {
        "audience": "trusted-partners", "decision": made, "deployment": deployed, "hosts": ["own-cloud"], "reason": "while it is degraded",
        "state": "restricted", "surfaces": ["api"],
    }  # fmt: skip
    say("deployment.changed", narrowed, model, "deployer")
    say("deployment.ended", {"decision": made, "deployment": deployed, "reason": "fictional"}, model, "deployer")


def _incident(say: Say, model: str) -> None:
    digest = pack_digest(act())
    stream, begun = "incident/2026-001", "2026-01-05T10:00:00.000000Z"
    seen = {
        "first_at": begun, "jurisdictions": ["eu", "us-ca"], "kind": "unauthorised use", "last_at": shift(begun, days=1), "models": [model],
        "summary": "test-only summary", "surfaces": ["api"],
    }  # fmt: skip
    observed = say("incident.observed", seen, stream, "responder")
    said = {"incident": reference(observed)}
    say("incident.involvement-known", {**said, "basis": "logs", "certainty": "suspected"}, stream, "responder")
    judged = {
        "believed_at": shift(begun, days=1), "category": "RUNAWAY", "framework": digest, "imminent": True,
        "imminent_known_at": shift(begun, days=2), "reason": "fictional", "recipient_authority": "Fictional Office",
    }  # fmt: skip
    say("incident.classified", {**said, **judged}, stream, "responder")
    report = {
        "awareness_at": shift(begun, days=1), "digest": ZERO, "fields_missing": ["root_cause"], "framework": digest, "kind": "initial",
        "obligation": "A-REPORT", "recipient": "Fictional Office", "submitted_at": shift(begun, days=3),
    }  # fmt: skip
    say("incident.report-filed", {**said, **report}, stream, "responder")
    over = {"corrective": ["keys were changed"], "resolved_at": shift(begun, days=9), "root_cause": "test-only cause"}
    say("incident.resolved", {**said, **over}, stream, "responder")


def _obligations(say: Say, first: First, pack: Pack, digest: str) -> None:
    opened = first("deployment.started")
    on_event = next(o.id for o in pack.obligations if o.trigger_event == "deployment.started")
    yearly = next(o.id for o in pack.obligations if o.trigger_event == "calendar")
    duty = {"framework": digest, "obligation": on_event, "opened_by": reference(opened)}
    stream = f"obligation/{pack.id}/{on_event.lower()}/{opened.index}"
    tolled = {
        "by": "fictional authority",
        "reason": "more time was granted",
        "until": shift(opened.recorded_at, days=30),
    }
    say("obligation.tolled", {**duty, **tolled}, stream, "responder")
    done = {"evidence": EVIDENCE, "fulfilled_at": opened.recorded_at, "note": "summaries were put up"}
    say("obligation.fulfilled", {**duty, **done}, stream, "responder")
    calendar = {"framework": digest, "obligation": yearly, "period": PERIOD, "reason": "nothing was done in it"}
    stream = f"obligation/{pack.id}/{yearly.lower()}/{PERIOD}"
    say("obligation.not-applicable", calendar, stream, "responder")


def _concern(say: Say, digest: str) -> None:
    stream = "concern/2026-001"
    raised = say("concern.raised", {"channel": "anonymous", "digest": ZERO, "framework": digest}, stream, "responder")
    said = {"concern": reference(raised), "digest": ZERO}
    say("concern.assigned", said, stream, "responder")
    say("concern.found", {**said, "material": False, "outcome": "not-substantiated"}, stream, "responder")


def _disclosure(say: Say, first: First) -> None:
    seen, stream = first("approval.given").body.checkpoint, "disclosure/2026-001"
    checkpoint = {"root": seen.root, "size": seen.size}
    handed = {
        "bundle_digest": ZERO, "checkpoint": checkpoint, "first": 0, "last": seen.size - 1, "profile": "regulator",
        "recipient": "fictional authority",
    }  # fmt: skip
    say("disclosure.made", handed, stream, "discloser")
    decided = first("decision.made")
    erased = {
        "classes": [{"fields": ["reason"], "type": "decision.made"}], "first": 0, "ground": "fictional: its retention has passed",
        "last": decided.index, "stream": decided.stream,
    }  # fmt: skip
    say("disclosure.erased", erased, erasures_of(decided.stream), "discloser")
    looked = {
        **checkpoint, "claims_digest": ZERO, "note": "fictional", "rules": "holdpoint-rules/1", "tool": "holdpoint verify",
        "verdict": "VALID_UNWITNESSED",
    }  # fmt: skip
    say("replay.performed", looked, stream, "auditor")
