"""That a stream does not exist, as a bundle says it: the two leaves of the stream index between which its name would stand
(spec/bundle.md §3).

The neighbours' names leave with the proof: whoever asks for one is told which (`neighbours`), before anybody signs.
"""

from collections.abc import Iterable

from disclosures.parts import Absent, Completeness, Neighbour, StreamEnd
from ledger.canonical import encode
from ledger.errors import LedgerError, Malformed, Unverified
from ledger.stream_index import Gap, Placed, StreamIndex, check_absent, parse_head
from ledger.strict import unhex


def absences(index: StreamIndex, streams: Iterable[str]) -> tuple[Absent, ...]:
    """The proofs, by name. Raises `Malformed` `absent-exists` for a stream that there is."""
    found: list[Absent] = []
    for stream in sorted(set(streams)):
        gap = index.prove_absent(stream)
        if gap is None:
            raise Malformed("bundle", f"absent {stream}", "absent-exists")
        found.append(Absent(left=_neighbour(gap.left), right=_neighbour(gap.right), stream=stream))
    return tuple(found)


def check_absence(absent: Absent, streams: int, root: bytes) -> None:
    """That there is no such stream in an index of `streams` leaves. Raises `Unverified`: `absent-datum` (a neighbour is no
    leaf of the index), `absent-edge`, `absent-adjacent`, `absent-order`.
    """
    try:
        gap = Gap(_placed(absent.left), _placed(absent.right))
    except LedgerError as err:
        raise Unverified("completeness", absent.stream, "absent-datum") from err
    check_absent(absent.stream, gap, streams, root)


def neighbours(absent: Iterable[Absent]) -> tuple[str, ...]:
    """The names of streams that such proofs show."""
    sides = [side for one in absent for side in (one.left, one.right) if side is not None]
    return tuple(sorted({parse_head(side.datum.encode()).stream for side in sides}))


FRAMEWORK = "framework/"
EDGES = (FRAMEWORK, "framework0")
"""No stream can have these names; every framework's stream lies between them."""


def edges_open(streams: int, ends: Iterable[StreamEnd], absent: Iterable[Absent] = ()) -> tuple[str, ...]:
    """Which of `EDGES` would have to be asked about to show that no framework stream stands before or behind those listed.

    The index is ordered by name: where the leaf beside the first or the last of them is known, none stands there.
    """
    listed = list(ends)
    known = {-1, streams, *(end.position for end in listed)}
    known |= {side.position for one in absent for side in (one.left, one.right) if side is not None}
    found = [end.position for end in listed if end.stream.startswith(FRAMEWORK)]
    if not found:
        return () if set(EDGES) <= {one.stream for one in absent} else EDGES
    beside = (min(found) - 1, max(found) + 1)
    return tuple(edge for edge, position in zip(EDGES, beside, strict=True) if position not in known)


def frameworks_open(completeness: Completeness) -> bool:
    """Whether a framework stream may stand before or behind those listed."""
    return edges_open(completeness.committed.streams, completeness.streams, completeness.absent) != ()


def _neighbour(placed: Placed | None) -> Neighbour | None:
    if placed is None:
        return None
    path = tuple(h.hex() for h in placed.path)
    return Neighbour(datum=encode(placed.head).decode(), path=path, position=placed.position)


def _placed(beside: Neighbour | None) -> Placed | None:
    if beside is None:
        return None
    return Placed(parse_head(beside.datum.encode()), beside.position, tuple(unhex(h) for h in beside.path))
