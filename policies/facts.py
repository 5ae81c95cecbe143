"""The facts that packs are judged on, and the tables of `State` that hold them (domain.md §2, §3). `policies.fold` fills them.

Each fact keeps its index, so that every finding can cite it, and its signers, so that a compromised key taints it.
"tuple" is one of `Fact`, newest last, where nothing else is said; keys that are an index are decimal, in texts.

Frameworks and evidence (`policies.folds.evidence`)
`published` digest → `Published` · `adopted` digest → `Adopted` · `packs` "id:<id>", `adopted` → digests; `ids`, `laws` → ids ·
`scope` pack id → tuple (see `policies.binding`) · `drifted`, `interpreted` digest → tuple · `model` stream → `Fact` ·
`measured` index of a registration or compute fact → `Fact` · `compute` "stream|fact" → tuple · `reassess` stream → tuple ·
`prereg`, `evaluation`, `determined`, `attested`, `submitted` index → `Fact` · `promised` "stream|digest|threshold" → indexes of
pre-registrations · `runs` index of a pre-registration → indexes · `run` "stream|run|task" → index · `amended` index → indexes ·
`determination` "stream|digest|threshold" → tuple · `ruled` index of an evaluation → indexes of the determinations by rule on it ·
`retracted` index of a determination → index of the retraction · `attestation` "stream|digest|safeguard" → tuple ·
`degraded` index of an attestation → tuple · `ended` index → index · `document` "stream|kind" → tuple ·
`confirmed`, `published_doc` index of a submission → tuple · `acted_as` index of one or of an exception → the "pack|role" that
its signers held then

By the clock (`policies.folds.ends`)
`ends` model stream → times at which something said of it begins, or (with `~`) holds for the last time, in order

Decisions (`policies.folds.decisions`)
`request`, `gate`, `approval`, `decided` by statement digest · `cited` digest of a decision → the gate answer that it cites ·
`gate_at` index → answer · `gate_laws` index → laws that it names ·
`approvals` request → digests · `approval_ended` digest → index · `recommended` request → tuple · `superseded` index of a
decision → tuple · `reversed` index of a decision → `policies.verbs.Reversal` · `decision`, `interim`, `exception` stream →
tuple · `informed` digest → tuple

Operation and duties (`policies.folds.operations`)
`deployment` stream → tuple (started, changed, ended) · `training` stream → tuple (started, paused, resumed, ended) ·
`relying` index of a decision → tuple (operations that name it) ·
`observed`, `raised` index → `Fact` · `incident` stream → tuple (all that was said in it) · `incidents_of` model stream → tuple of
`incident.observed` · `classified`, `report` stream → tuple · `obligation_said` "digest|obligation|opened" → tuple, where
opened is an index or a period (`opened_of`) · `concern` stream → tuple · `disclosed`, `replayed` stream → tuple
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from ledger.event import Event
from ledger.state import State
from ledger.trust import live_pack_role
from policies.framework import Pack


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
    known_at: str | None = None


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
        event.body, event.back_recorded, event.occurred_at, event.known_at,
    )  # fmt: skip


def holds(state: State, event: Event, pack: str, role: str) -> bool:
    """Whether a signer of `event` holds a role of a pack as of its index, for its stream: a role counts as of then."""
    grants = (live_pack_role(state, pack, role, who, event.recorded_at) for who in event.principals)
    return any(g is not None and g.covers(event.stream) for g in grants)


def tainted(state: State, fact: Fact) -> int | None:
    """The index of the revocation that taints `fact`: a key that signed it is compromised from an index at or before it (T20)."""
    return taint(state, fact.index, fact.signers)


def taint(state: State, index: int, signers: Sequence[str]) -> int | None:
    """The same, of an entry by its index and the keys that signed it."""
    for keyid in signers:
        since: int | None = state.get("taint", keyid)
        if since is not None and index >= since:
            said: int | None = state.get("taint_said", keyid)
            return since if said is None else said
    return None


def opened_of(said: Any) -> str:
    """What opened the duty that an `obligation.*` body speaks of: the index of an entry, or the first day of a period."""
    return str(said.opened_by.index) if said.opened_by is not None else said.period or ""
