"""The facts that packs are judged on, folded from events into tables of `State` (domain.md §2, §3).

Each fact keeps its index, so that every finding can cite it, and its signers, so that a compromised key taints it.
`published` digest → `Published` · `adopted` digest → `Adopted` · `model` stream → `Fact` · `compute` "stream|fact" → tuple ·
`prereg`, `evaluation`, `determined`, `attested`, `submitted` index → `Fact` · `promised` "stream|digest|threshold" → indexes of
pre-registrations · `runs` index of a pre-registration → indexes · `run` "stream|run|task" → index · `amended` index → indexes ·
`determination` "stream|digest|threshold" → tuple, newest last · `attestation` "stream|digest|safeguard" → tuple · `ended` index →
index · `document` "stream|kind" → tuple · `confirmed` index → tuple · `request`, `gate`, `approval`, `decided` by statement
digest · `gate_at` index → answer · `approvals` request → digests · `approval_ended` digest → index · `decision`, `interim`,
`deployment` stream → tuple · `informed` digest → tuple.
"""

from dataclasses import dataclass, replace
from typing import Any

from msgspec import Struct

from ledger.event import Event
from ledger.events import (
    action,
    approval,
    body,
    decision,
    deployment,
    document,
    evaluation,
    framework,
    gate,
    interim,
    model,
    safeguard,
    threshold,
)
from ledger.fields import Reference
from ledger.state import State
from policies.framework import Pack, parse_pack


class Fact(Struct, frozen=True, gc=False):
    """An event as a fact: where it stands, when it was recorded, who signed, and what it says."""

    index: int
    leaf: str
    recorded_at: str
    stream: str
    digest: str
    signers: tuple[str, ...]
    principals: tuple[str, ...]
    body: Any
    back_recorded: bool = False
    occurred_at: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A pack as published."""

    pack: Pack
    digest: str
    index: int


@dataclass(frozen=True, slots=True)
class Adopted:
    """An adoption; `until` is set when another adoption supersedes it."""

    digest: str
    id: str
    effective: str
    index: int
    until: str | None = None


def fact_of(event: Event) -> Fact:
    """The event as a fact."""
    return Fact(
        event.index, event.leaf, event.recorded_at, event.stream, event.digest, event.signers, event.principals,
        event.body, event.back_recorded, event.occurred_at,
    )  # fmt: skip


def tainted(state: State, fact: Fact) -> int | None:
    """The index of the revocation that taints `fact`: a key that signed it is compromised from an index at or before it (T20)."""
    for keyid in fact.signers:
        since: int | None = state.get("taint", keyid)
        if since is not None and fact.index >= since:
            said: int | None = state.get("taint_said", keyid)
            return since if said is None else said
    return None


def fold_facts(state: State, event: Event) -> None:
    """Fold one event; trust events and references leave these tables alone."""
    said, fact = event.body, fact_of(event)
    match said:
        case framework.Published():
            state.put("published", said.digest, Published(parse_pack(said.pack), said.digest, event.index))
        case framework.Adopted():
            if said.supersedes is not None:
                old: Adopted | None = state.get("adopted", said.supersedes)
                if old is not None:
                    state.put("adopted", said.supersedes, replace(old, until=said.effective))
            state.put("adopted", said.digest, Adopted(said.digest, said.id, said.effective, event.index))
        case model.Registered():
            state.put("model", event.stream, fact)
        case model.ComputeReached():
            name = said.fact or "effective_compute_ratio"
            state.append("compute", f"{event.stream}|{name}", fact)
        case evaluation.Preregistered() | evaluation.Recorded() | evaluation.Amended() | evaluation.Invalidated():
            _fold_evaluation(state, event, fact)
        case threshold.Determined():
            state.put("determined", str(event.index), fact)
            for stream in dict.fromkeys((event.stream, *said.subjects)):
                state.append("determination", f"{stream}|{said.framework}|{said.threshold}", fact)
        case safeguard.Attested():
            state.put("attested", str(event.index), fact)
            for stream in said.scope.subjects:
                for name in said.safeguards:
                    state.append("attestation", f"{stream}|{said.framework}|{name}", fact)
        case safeguard.Withdrawn():
            state.put("ended", str(said.attestation.index), event.index)
        case document.Submitted():
            state.put("submitted", str(event.index), fact)
            for stream in said.covers:
                state.append("document", f"{stream}|{said.kind}", fact)
        case document.Confirmed():
            state.append("confirmed", str(said.document.index), fact)
        case _:
            _fold_decision(state, event, fact)


def _fold_evaluation(state: State, event: Event, fact: Fact) -> None:
    said = event.body
    match said:
        case evaluation.Preregistered():
            state.put("prereg", str(event.index), fact)
            state.append("promised", f"{event.stream}|{said.framework}|{said.threshold}", event.index)
        case evaluation.Recorded():
            state.put("evaluation", str(event.index), fact)
            state.put("run", f"{event.stream}|{said.run}|{said.task}", event.index)
            if said.preregistration is not None:
                state.append("runs", str(said.preregistration.entry.index), event.index)
        case evaluation.Amended():
            state.append("amended", str(said.amends.index), event.index)
            state.put("amendment", str(event.index), said)
        case evaluation.Invalidated():
            state.put("ended", str(said.evaluation.index), event.index)
        case _:
            pass


def _fold_decision(state: State, event: Event, fact: Fact) -> None:
    said = event.body
    match said:
        case action.Requested():
            state.put("request", event.digest, fact)
        case gate.Evaluated():
            state.put("gate", said.request, fact)
            state.put("gate_at", str(event.index), said.answer)
        case approval.Given() | approval.Refused():
            state.put("approval", event.digest, fact)
            state.append("approvals", said.request, event.digest)
        case approval.Withdrawn():
            state.put("approval_ended", said.approval, event.index)
        case decision.Made():
            state.append("decision", event.stream, fact)
            state.put("decided", event.digest, fact)
        case body.Informed():
            state.append("informed", said.of, fact)
        case interim.Approved():
            state.append("interim", event.stream, fact)
        case deployment.Started():
            state.append("deployment", event.stream, fact)
        case _:
            pass


def named_models(state: State, event: Event) -> tuple[str, ...]:
    """Model streams that an entry names from outside them: each gets a derived `model.referenced` (domain.md §2)."""
    said = event.body
    named: tuple[str, ...] = ()
    match said:
        case safeguard.Attested():
            named = said.scope.subjects
        case safeguard.Withdrawn():
            named = _subjects(state, "attested", said.attestation)
        case document.Submitted():
            named = said.covers
        case document.Confirmed():
            named = _subjects(state, "submitted", said.document)
        case threshold.Determined():
            named = said.subjects
        case _:
            pass
    return tuple(sorted({s for s in named if s != event.stream}))


def _subjects(state: State, table: str, reference: Reference) -> tuple[str, ...]:
    fact: Fact | None = state.get(table, str(reference.index))
    if fact is None:
        return ()
    said = fact.body
    subjects: tuple[str, ...] = said.scope.subjects if table == "attested" else said.covers
    return subjects


def binding_packs(state: State, at: str) -> tuple[Published, ...]:
    """The packs that bind at time `at`: adopted, effective, not superseded; in order of adoption."""
    standing = [a for _, a in state.scan("adopted") if a.effective <= at and (a.until is None or at < a.until)]
    return tuple(state.get("published", a.digest) for a in sorted(standing, key=lambda a: a.index))
