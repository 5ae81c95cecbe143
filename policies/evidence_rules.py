"""Admission rules of evidence: models, evaluations, determinations, attestations, documents (domain.md §2, §3)."""

from typing import Any

from ledger.event import Event
from ledger.events import document, evaluation, model, reassessment, safeguard, threshold
from ledger.fields import Reference
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.trust import live_pack_role
from policies.facts import Fact
from policies.references import declared, happened, models_known, pack_of, published_of, refers, speaks_as
from policies.settling import relation_of


def evidence_rule(state: State, event: Event) -> Refused | None:
    """The rule that does not hold, or `None`; events of other kinds pass."""
    match event.body:
        case model.Registered() as said:
            return _registered(state, said)
        case model.ComputeReached() as said:
            return models_known(state, (said.of,))
        case evaluation.Preregistered() as said:
            return _preregistered(state, said)
        case evaluation.Recorded() as said:
            return _recorded(state, event, said)
        case evaluation.Amended() as said:
            return refers(state, "evaluation", said.amends, event.stream) or _encoding(state, said)
        case evaluation.Invalidated() as said:
            return refers(state, "evaluation", said.evaluation, event.stream) or _ends_once(state, said.evaluation)
        case threshold.Determined() as said:
            return _determined(state, event, said)
        case safeguard.Attested() as said:
            return _attested(state, said)
        case reassessment.Triggered() as said:
            return _reassess(state, event, said)
        case safeguard.Degraded() as said:
            return refers(state, "attested", said.attestation, event.stream) or _degraded(state, event, said)
        case safeguard.Withdrawn() as said:
            return refers(state, "attested", said.attestation, event.stream) or _ends_once(state, said.attestation)
        case document.Submitted() as said:
            return models_known(state, said.covers)
        case document.Confirmed() as said:
            return _confirmed(state, event, said)
        case document.Published() as said:
            return refers(state, "submitted", said.document, event.stream) or _put_up(state, said)
        case _:
            return None


def _ends_once(state: State, what: Reference) -> Refused | None:
    """A result or an attestation ends once: a second word would move the entry that every finding on it names."""
    ended: int | None = state.get("ended", str(what.index))
    if ended is None:
        return None
    return Refused(
        Reason.SAID_ALREADY, f"entry {what.index} was ended at index {ended}", (("first_index", str(ended)),)
    )


def _registered(state: State, said: model.Registered) -> Refused | None:
    if said.relation is not None and said.parent is None:
        return Refused(Reason.SUBJECT_UNKNOWN, "a relation names the model that it is to, as parent")
    grown = () if said.effective_compute is None else (said.effective_compute.of,)
    return models_known(state, (*(() if said.parent is None else (said.parent,)), *grown))


def _encoding(state: State, said: evaluation.Amended) -> Refused | None:
    """`only_encoding` says that nothing but format, digest and size differ: what is open must bear that out."""
    fact: Fact = state.get("evaluation", str(said.amends.index))
    first = fact.body
    before, now = evaluation.metrics_of(first.scores), evaluation.metrics_of(said.scores)
    differ = (None not in (before, now) and before != now) or first.edits_detected != said.edits_detected
    if said.only_encoding and (differ or first.log_sha256 == said.log_sha256):
        return Refused(Reason.REFERENCE_WRONG, "scores or edits differ, or nothing does: that is no other encoding")
    return None


def _preregistered(state: State, said: evaluation.Preregistered) -> Refused | None:
    published = pack_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    watched = published.pack.threshold(said.threshold)
    if watched is None:
        return Refused(Reason.THRESHOLD_UNKNOWN, f"{published.pack.id} has no threshold {said.threshold}")
    rule = watched.rule
    if rule is not None and (rule.comparator, rule.value) != (said.comparator, said.value):
        return Refused(Reason.THRESHOLD_UNKNOWN, f"{watched.id} decides by {rule.comparator} {rule.value}")
    return None


def preregistration_outcome(promised: Any, said: Any) -> str:
    """How a result fits its pre-registration, from open fields alone; `said` is an `evaluation.recorded` body."""
    if said.status != "success":
        return "not-successful"
    if said.task != promised.task or (said.task_hash is not None and said.task_hash != promised.task_digest):
        return "task-changed"
    if said.edits_detected:
        return "edited"
    scores = evaluation.metrics_of(said.scores)
    if scores is not None:
        named = [s for s in scores if s.name == promised.metric]
        if not named:
            return "metric-absent"
        if all(s.scorer != promised.scorer for s in named):
            return "scorer-changed"
    run, declared = said.dataset.samples_run, said.dataset.samples_declared
    if run is None or run < promised.min_samples or (declared is not None and run < declared):
        return "too-few-samples"
    return "matches"


def _recorded(state: State, event: Event, said: evaluation.Recorded) -> Refused | None:
    first = state.get("run", f"{event.stream}|{said.run}|{said.task}")
    if first is not None:
        facts = (("first_index", str(first)),)
        return Refused(Reason.DUPLICATE_EVALUATION, f"this run and task stand at index {first}: amend it", facts)
    if said.preregistration is None:
        return None
    wrong = refers(state, "prereg", said.preregistration.entry, event.stream)
    if wrong is not None:
        return wrong
    promised: Fact = state.get("prereg", str(said.preregistration.entry.index))
    outcome = preregistration_outcome(promised.body, said)
    if outcome != said.preregistration.outcome:
        return Refused(Reason.REFERENCE_WRONG, f"against its pre-registration the result is {outcome}")
    return None


def _determined(state: State, event: Event, said: threshold.Determined) -> Refused | None:
    published = pack_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    if published.pack.threshold(said.threshold) is None:
        return Refused(Reason.THRESHOLD_UNKNOWN, f"{published.pack.id} has no threshold {said.threshold}")
    if published.pack.rank(said.state) is None:
        return Refused(Reason.STATE_NOT_DECLARED, f"{published.pack.id} declares no state {said.state}")
    if event.stream not in said.subjects:
        return Refused(Reason.SUBJECT_MISMATCH, "a determination names the model of its own stream among its subjects")
    if said.covered_by is not None:
        earlier: Fact | None = state.get("determined", str(said.covered_by.index))
        same = earlier is not None and (
            (earlier.body.framework, earlier.body.threshold, earlier.body.state, earlier.body.covered_by)
            == (said.framework, said.threshold, said.state, None)
        )
        if not same or published.pack.rank(said.state) != 0:
            detail = "covered_by names a favourable determination of the same threshold, itself not covered by another"
            return Refused(Reason.REFERENCE_WRONG, detail)
    return models_known(state, said.subjects) or _evidence(state, said)


def _evidence(state: State, said: threshold.Determined) -> Refused | None:
    """A run of another model is evidence only through a registered relation (T24); the finding then says so. Nor does naming
    both models as subjects let a run of one speak for the other."""
    runs: list[Fact] = [f for r in said.evidence if (f := state.get("evaluation", str(r.index))) is not None]

    def speaks(run: Fact, subject: str) -> bool:
        return run.stream == subject or relation_of(state, run.stream, subject) is not None

    for run in runs:
        if not any(speaks(run, s) for s in said.subjects):
            detail = f"entry {run.index} is a run of another model, which no registered relation ties to this one"
            return Refused(Reason.SUBJECT_MISMATCH, detail)
    for subject in said.subjects if runs else ():
        if not any(speaks(run, subject) for run in runs):
            return Refused(
                Reason.SUBJECT_MISMATCH, f"no run cited is of {subject}, or of a model that a relation ties to it"
            )
    return None


def _attested(state: State, said: safeguard.Attested) -> Refused | None:
    published = pack_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    known = {s.id for s in published.pack.safeguards}
    unknown = [s for s in said.safeguards if s not in known]
    if unknown:
        return Refused(Reason.THRESHOLD_UNKNOWN, f"{published.pack.id} has no safeguard {', '.join(unknown)}")
    if said.valid_until <= said.valid_from:
        return Refused(Reason.SCOPE_MISMATCH, "an attestation ends after it begins")
    return models_known(state, said.scope.subjects)


def _confirmed(state: State, event: Event, said: document.Confirmed) -> Refused | None:
    wrong = refers(state, "submitted", said.document, event.stream)
    if wrong is not None:
        return wrong
    submitted: Fact = state.get("submitted", str(said.document.index))
    if submitted.body.digest != said.digest:
        return Refused(Reason.REFERENCE_WRONG, "the digest is not that of the document submitted")
    if set(submitted.principals) & set(event.principals):
        return Refused(Reason.SELF_APPROVAL, "who submitted a document does not confirm it")
    packs: set[str] = {adopted.id for _, adopted in state.scan("adopted")}
    grants = (live_pack_role(state, p, said.role, w, event.recorded_at) for p in packs for w in event.principals)
    if not any(g is not None and g.covers(event.stream) for g in grants):
        facts = (("role", said.role),)
        return Refused(Reason.ROLE_MISSING, "who confirms holds the role named, of an adopted framework", facts)
    return None


def _reassess(state: State, event: Event, said: reassessment.Triggered) -> Refused | None:
    published = published_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    known = declared(published.pack, "thresholds", said.thresholds)
    return known or speaks_as(state, event, published.pack, said.role)


def _degraded(state: State, event: Event, said: safeguard.Degraded) -> Refused | None:
    attested: Fact = state.get("attested", str(said.attestation.index))
    foreign = [s for s in said.safeguards if s not in attested.body.safeguards]
    if foreign:
        return Refused(Reason.REFERENCE_WRONG, f"that attestation claims nothing of {', '.join(foreign)}")
    if state.get("ended", str(said.attestation.index)) is not None:
        return Refused(Reason.REFERENCE_WRONG, "that attestation is withdrawn: nothing of it can fall further")
    return happened(event, since=said.since)


def _put_up(state: State, said: document.Published) -> Refused | None:
    """What is published as it was submitted is the same bytes; other bytes say what was left out of them."""
    submitted: Fact = state.get("submitted", str(said.document.index))
    same = submitted.body.digest == said.digest
    if same == bool(said.redactions):
        what = "the digest is that of the whole document" if same else "another digest, and no redaction is named"
        return Refused(Reason.CONTRADICTION, f"{what}: redactions make another document, and nothing else does")
    return None
