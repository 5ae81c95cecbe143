"""Folds of frameworks, models, evaluations, determinations, safeguards and documents."""

from dataclasses import replace

from ledger.event import Event
from ledger.events import document, evaluation, framework, model, reassessment, safeguard, threshold
from ledger.state import State
from policies.facts import Adopted, Fact, Published, holds
from policies.framework import parse_pack


def fold_framework(state: State, event: Event, fact: Fact) -> None:
    """`framework.*`."""
    match event.body:
        case framework.Published() as said:
            pack = parse_pack(said.pack)
            state.put("published", said.digest, Published(pack, said.digest, event.index))
            state.append("packs", f"id:{pack.id}", said.digest)
            known: tuple[str, ...] = state.get("packs", "ids") or ()
            if pack.id not in known:
                state.put("packs", "ids", (*known, pack.id))
                if pack.binds == "law":
                    state.append("packs", "laws", pack.id)
        case framework.Adopted() as said:
            if said.supersedes is not None:
                old: Adopted | None = state.get("adopted", said.supersedes)
                if old is not None:
                    state.put("adopted", said.supersedes, replace(old, until=said.effective))
            if state.get("adopted", said.digest) is None:
                state.append("packs", "adopted", said.digest)
            state.put("adopted", said.digest, Adopted(said.digest, said.id, said.effective, event.index))
        case framework.ScopeDetermined() as said:
            state.append("scope", said.id, fact)
        case framework.SourceDrifted() as said:
            state.append("drifted", said.digest, fact)
        case framework.Interpreted() as said:
            state.append("interpreted", said.digest, fact)
        case _:
            pass


def fold_model(state: State, event: Event, fact: Fact) -> None:
    """`model.*` and `reassessment.*`; a reference that the engine derives says nothing of its own."""
    match event.body:
        case model.Registered():
            state.put("model", event.stream, fact)
            state.put("measured", str(event.index), fact)
        case model.ComputeReached() as said:
            name = said.fact or "effective_compute_ratio"
            state.append("compute", f"{event.stream}|{name}", fact)
            state.put("measured", str(event.index), fact)
        case reassessment.Triggered():
            state.append("reassess", event.stream, fact)
        case _:
            pass


def fold_evaluation(state: State, event: Event, fact: Fact) -> None:
    """`evaluation.*`."""
    match event.body:
        case evaluation.Preregistered() as said:
            state.put("prereg", str(event.index), fact)
            state.append("promised", f"{event.stream}|{said.framework}|{said.threshold}", event.index)
        case evaluation.Recorded() as said:
            state.put("evaluation", str(event.index), fact)
            state.put("run", f"{event.stream}|{said.run}|{said.task}", event.index)
            if said.preregistration is not None:
                state.append("runs", str(said.preregistration.entry.index), event.index)
        case evaluation.Amended() as said:
            state.append("amended", str(said.amends.index), event.index)
            state.put("amendment", str(event.index), said)
        case evaluation.Invalidated() as said:
            state.put("ended", str(said.evaluation.index), event.index)
        case _:
            pass


def fold_threshold(state: State, event: Event, fact: Fact) -> None:
    """`threshold.*`."""
    match event.body:
        case threshold.Determined() as said:
            state.put("determined", str(event.index), fact)
            for stream in dict.fromkeys((event.stream, *said.subjects)):
                state.append("determination", f"{stream}|{said.framework}|{said.threshold}", fact)
            if said.made == "rule":
                for reference in said.evidence:
                    state.append("ruled", str(reference.index), event.index)
        case threshold.Retracted() as said:
            state.put("retracted", str(said.determination.index), event.index)
        case _:
            pass


def fold_safeguard(state: State, event: Event, fact: Fact) -> None:
    """`safeguard.*`."""
    match event.body:
        case safeguard.Attested() as said:
            state.put("attested", str(event.index), fact)
            for stream in said.scope.subjects:
                for name in said.safeguards:
                    state.append("attestation", f"{stream}|{said.framework}|{name}", fact)
        case safeguard.Degraded() as said:
            state.append("degraded", str(said.attestation.index), fact)
        case safeguard.Withdrawn() as said:
            state.put("ended", str(said.attestation.index), event.index)
        case _:
            pass


def fold_document(state: State, event: Event, fact: Fact) -> None:
    """`document.*`."""
    match event.body:
        case document.Submitted() as said:
            state.put("submitted", str(event.index), fact)
            for stream in said.covers:
                state.append("document", f"{stream}|{said.kind}", fact)
        case document.Confirmed() as said:
            state.append("confirmed", str(said.document.index), fact)
            held = (pack for pack in state.get("packs", "ids") or () if holds(state, event, pack, said.role))
            state.put("acted_as", str(event.index), tuple(f"{pack}|{said.role}" for pack in held))
        case document.Published() as said:
            state.append("published_doc", str(said.document.index), fact)
        case _:
            pass
