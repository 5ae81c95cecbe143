"""That a stream does not exist, as a bundle says it: the two leaves of the stream index between which its name would stand
(spec/bundle.md §3).

The neighbours' names leave with the proof: whoever asks for one is told which (`neighbours`), before anybody signs.
"""

from collections.abc import Iterable

from disclosures.parts import Absent, Neighbour
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


def _neighbour(placed: Placed | None) -> Neighbour | None:
    if placed is None:
        return None
    path = tuple(h.hex() for h in placed.path)
    return Neighbour(datum=encode(placed.head).decode(), path=path, position=placed.position)


def _placed(beside: Neighbour | None) -> Placed | None:
    if beside is None:
        return None
    return Placed(parse_head(beside.datum.encode()), beside.position, tuple(unhex(h) for h in beside.path))
