"""`index.committed`: the one entry of the engine without a cause (formats.md §4, spec/stream-index.md).

Its payload follows from the entries before it and from its own recorded time, so that a replay computes it again and compares
bytes: an engine that commits to a false index is INVALID for every full auditor.
"""

from hashlib import sha256

from ledger.admit import Admitted
from ledger.derived import Seal, place_sealed
from ledger.events import index
from ledger.place import EntryPlace, KnownEntry
from ledger.reasons import Reason, Refused
from ledger.root import frozen_refusal
from ledger.state import State
from ledger.statement import format_statement, stream_subject
from ledger.stream_index import Head, StreamIndex
from ledger.strict import format_uuid7, micros, unhex
from ledger.trust import KeyLife, engine_key


def stream_index(state: State) -> StreamIndex:
    """The index over all streams as `state` has them: its newest, never an earlier one. It hashes every head."""
    places: list[tuple[str, EntryPlace]] = list(state.scan("stream"))
    return StreamIndex(Head(head=place.head, stream=name, version=place.version) for name, place in places)


def index_payload(state: State, size: int, recorded_at: str, engine: KeyLife) -> bytes:
    """The statement of the `index.committed` that stands at index `size`, recorded then, signed by `engine`."""
    before: KnownEntry = state.get("entry", str(size - 1))
    found = stream_index(state)
    return format_statement(
        body=index.Committed(root=found.root.hex(), size=size, streams=found.streams),
        event_id=format_uuid7(micros(recorded_at) // 1000, sha256(unhex(before.leaf)).digest()[:10]),
        founding=state.get("meta", "founding"),
        ledger=state.get("meta", "origin"),
        occurred_at=recorded_at,
        signers=(engine.record.keyid,),
        stream="ledger",
        subject=stream_subject("ledger"),
        predicate_type=index.Committed.event.topic,
    )


def commit_index(state: State, size: int, recorded_at: str, seal: Seal) -> Admitted | Refused:
    """The entry at `size`, sealed and in its place; folded by the caller. Refused without a live engine key."""
    frozen = frozen_refusal(state)
    if frozen is not None:
        return frozen
    engine = engine_key(state, recorded_at)
    if engine is None:
        return Refused(Reason.ENGINE_MISSING, "the stream index needs a live engine key: register one first")
    envelope = seal(index_payload(state, size, recorded_at, engine), engine.record.keyid)
    return place_sealed(state, size, recorded_at, envelope, engine)
