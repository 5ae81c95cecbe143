"""A simulated lab's log as a builder reads it: no database, real keys."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from msgspec import to_builtins

from api.founding import ENGINE
from disclosures.builder import Asked, Log, build_bundle
from disclosures.closure import read_found
from disclosures.profile import Profile
from ledger.entry import leaf_hash
from ledger.stream_index import Head
from ledger.tree import hash_children
from ledger.withheld import place_held
from tests.disclosures.forger import MODEL, heads_at, streams_of
from tests.simulator import Lab


class LabSource:
    """`disclosures.closure.Source` over a lab's list of entries. `held`: event id → field disclosures."""

    def __init__(self, lab: Lab, held: Mapping[str, tuple[str, ...]]) -> None:
        self._lab, self._held = lab, held
        self._streams = streams_of(lab)

    def entry(self, index: int) -> bytes:
        return self._lab.entries[index]

    def of_stream(self, stream: str) -> Iterator[tuple[int, bytes]]:
        return ((n, raw) for n, raw in enumerate(self._lab.entries) if self._streams[n] == stream)

    def heads(self, size: int) -> list[Head]:
        return heads_at(self._lab, size)

    def node(self, level: int, index: int) -> bytes:
        if level == 0:
            return leaf_hash(self._lab.entries[index])
        return hash_children(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))

    def disclosures(self, index: int, names: AbstractSet[str]) -> tuple[str, ...]:
        found = read_found(index, self.entry(index))
        held = self._held.get(found.statement.predicate.event_id, ())
        return tuple(p.disclosure.text for p in place_held(to_builtins(found.body), held) if p.member in names)


def built(
    lab: Lab,
    profile: Profile,
    held: Mapping[str, tuple[str, ...]],
    subject: str = MODEL,
    note: str | None = None,
    **asked: object,
) -> dict[str, bytes]:
    """The bundle of a lab that has committed to its stream index. `note`: its checkpoint, which is signed by chance."""
    state = lab.replay.state
    log = Log(
        source=LabSource(lab, held), note=note or lab.note(), state=state, committed=state.get("meta", "committed"),
        vkeys=state.get("meta", "vkeys"), founding=lab.founding,
    )  # fmt: skip
    what = Asked(subject, "a fictional authority", profile, **asked)  # type: ignore[arg-type]  # as named
    return build_bundle(log, what, lab.keys[ENGINE], {"VERIFY.md": b"how\n"})
