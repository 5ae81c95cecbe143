"""What stands as of a position and time, from the facts of the state: thresholds, safeguards, frameworks. Nothing withheld."""

from typing import Any

from ledger.state import State
from policies.answer import AsOf
from policies.binding import binding_packs
from policies.determinations import standing_determination
from policies.facts import Adopted, Fact, Published, tainted
from projections.frameworks import TOLD
from projections.safeguards import shown as shown_attestation
from projections.thresholds import shown as shown_determination

HISTORY = 64
"""Determinations of one threshold that an answer lists, the newest; all of them are in the model's stream."""


def _facts(state: State, table: str, key: str) -> tuple[Fact, ...]:
    found: tuple[Fact, ...] | None = state.get(table, key)
    return found or ()


def thresholds_of(state: State, stream: str, as_of: AsOf) -> list[dict[str, Any]]:
    """Each threshold of each binding pack: in which state it stands for the model and why, its determinations, what they became.

    Sorted by `key`, the pack and the threshold.
    """
    found = [
        _threshold(state, stream, published, name, as_of)
        for published in binding_packs(state, as_of.time)
        for name in (t.id for t in published.pack.thresholds)
    ]
    return sorted(found, key=lambda row: row["key"])


def _threshold(state: State, stream: str, published: Published, name: str, as_of: AsOf) -> dict[str, Any]:
    watched = published.pack.threshold(name)
    standing = standing_determination(state, stream, published, name, as_of)
    said = _facts(state, "determination", f"{stream}|{published.digest}|{name}")
    newest = said[-1] if said else None
    calls = [
        {"cause": c.body.cause, "index": c.index, "role": c.body.role}
        for c in _facts(state, "reassess", stream)
        if c.body.framework == published.digest
        and (not c.body.thresholds or name in c.body.thresholds)
        and (newest is None or c.index > newest.index)
    ]
    return {
        "doubt": None if standing.doubt is None else {"indexes": list(standing.doubt[1]), "why": standing.doubt[0]},
        "framework": published.digest,
        "history": [_became(state, fact) for fact in said[-HISTORY:]],
        "indexes": list(standing.indexes),
        "key": f"{published.pack.id}|{name}",
        "kind": None if watched is None else watched.kind,
        "pack": published.pack.id,
        "reassess": calls,
        "ref": "" if watched is None else watched.ref,
        "standing": standing.finding_state if standing.state is None else "met",
        "state": standing.state,
        "threshold": name,
        "why": standing.why,
    }


def _became(state: State, fact: Fact) -> dict[str, Any]:
    """A determination, and what has become of it."""
    ended = [i for e in fact.body.evidence if (i := state.get("ended", str(e.index))) is not None]
    return {
        **shown_determination(fact),
        "evidence_ended": min(ended, default=None),
        "retracted_at": state.get("retracted", str(fact.index)),
        "tainted_by": tainted(state, fact),
    }


def safeguards_of(state: State, stream: str, as_of: AsOf) -> list[dict[str, Any]]:
    """Each attestation that covers the model, in order: its scope and times, what degraded, and whether it stands now."""
    found: dict[int, Fact] = {}
    for _, facts in state.scan("attestation", f"{stream}|"):
        found.update((f.index, f) for f in facts)
    return [_attestation(state, fact, as_of) for _, fact in sorted(found.items())]


def _attestation(state: State, fact: Fact, as_of: AsOf) -> dict[str, Any]:
    published: Published | None = state.get("published", fact.body.framework)
    withdrawn: int | None = state.get("ended", str(fact.index))
    compromised = tainted(state, fact)
    degraded = [
        {"index": d.index, "safeguards": list(d.body.safeguards), "since": d.body.since}
        for d in _facts(state, "degraded", str(fact.index))
        if d.body.since <= as_of.time
    ]
    worse = {name for d in degraded for name in d["safeguards"]}
    word = _word(fact, withdrawn, compromised, as_of, degraded=bool(worse))
    return {
        **shown_attestation(fact),
        "degraded": degraded,
        "pack": "" if published is None else published.pack.id,
        "standing": [s for s in fact.body.safeguards if s not in worse] if word in ("valid", "degraded") else [],
        "state": word,
        "tainted_by": compromised,
        "withdrawn_at": withdrawn,
    }


def _word(fact: Fact, withdrawn: int | None, compromised: int | None, as_of: AsOf, *, degraded: bool) -> str:
    if withdrawn is not None:
        return "withdrawn"
    if compromised is not None:
        return "tainted"
    if fact.back_recorded:
        return "back-recorded"
    if as_of.time < fact.body.valid_from:
        return "not-yet-valid"
    if as_of.time > fact.body.valid_until:
        return "expired"
    return "degraded" if degraded else "valid"


def frameworks_of(state: State, as_of: AsOf) -> list[dict[str, Any]]:
    """Each published pack in order of publication: adopted from when, its scope, drift and readings, whether it binds."""
    binding = {p.digest for p in binding_packs(state, as_of.time)}
    published: list[Published] = sorted((p for _, p in state.scan("published")), key=lambda p: p.index)
    return [_framework(state, p, binds=p.digest in binding) for p in published]


def _framework(state: State, published: Published, *, binds: bool) -> dict[str, Any]:
    adopted: Adopted | None = state.get("adopted", published.digest)
    scopes = _facts(state, "scope", published.pack.id)
    return {
        **{name: getattr(published.pack, name) for name in TOLD if name != "binds"},
        "adopted": None
        if adopted is None
        else {"effective": adopted.effective, "index": adopted.index, "until": adopted.until},
        "binds": binds,
        "binds_as": published.pack.binds,
        "digest": published.digest,
        "drifted": [
            {"found": f.body.found, "index": f.index, "place": f.body.place, "seen_at": f.body.seen_at}
            for f in _facts(state, "drifted", published.digest)
        ],
        "index": published.index,
        "interpreted": [
            {"clause": f.body.clause, "index": f.index, "reading": f.body.reading, "role": f.body.role}
            for f in _facts(state, "interpreted", published.digest)
        ],
        "scope": [
            {"applies": f.body.applies, "binds_as": list(f.body.binds_as), "effective": f.body.effective, "index": f.index,
             "reason": f.body.reason}
            for f in scopes if f.body.digest == published.digest
        ],
    }  # fmt: skip


def timeline_of(state: State, as_of: AsOf) -> list[dict[str, Any]]:
    """What happened to frameworks, in order of index: `what`, and from when it had effect."""
    rows: list[dict[str, Any]] = []
    for row in frameworks_of(state, as_of):
        named = {"digest": row["digest"], "id": row["id"]}
        rows.append(
            {**named, "from": row["in_force_from"], "index": row["index"], "note": row["title"], "what": "published"}
        )
        said = row["adopted"]
        if said is not None:
            until = "" if said["until"] is None else f"until {said['until']}"
            rows.append({**named, "from": said["effective"], "index": said["index"], "note": until, "what": "adopted"})
        told = [
            *((s, "scope-determined", s["effective"], _reach(s)) for s in row["scope"]),
            *((d, "source-drifted", d["seen_at"], d["place"]) for d in row["drifted"]),
            *((i, "interpreted", None, f"{i['clause']}: {i['reading']}") for i in row["interpreted"]),
        ]
        rows += [
            {**named, "from": since, "index": r["index"], "note": note, "what": what} for r, what, since, note in told
        ]
    return sorted(rows, key=lambda r: r["index"])


def _reach(scope: dict[str, Any]) -> str:
    return ("applies" if scope["applies"] else "does not apply") + "".join(f", as {c}" for c in scope["binds_as"])
