"""Suppressed entries of an export: what the root's events further on say of them, and how a report names what rests on them."""

from contextlib import suppress

from auditor.reader import Read
from auditor.verdict import Check, VerifyVerdict
from ledger.entry import read_entry
from ledger.errors import LedgerError
from ledger.events import entry
from ledger.statement import parse_statement, peek_type
from ledger.suppressed import SuppressedReplay
from ledger.tile import WIDTH, parse_bundle, tile_path

V = VerifyVerdict
LISTED = 20
"""Indexes that one line names before it counts the rest."""


def suppressions(read: Read, size: int, since: int) -> dict[int, entry.Suppressed]:
    """Index → the first `entry.suppressed` behind index `since` that names it. Nothing is believed yet: the replay admits it.

    It reads every bundle from there on a second time, so it is asked once, and only where a record is missing.
    """
    found: dict[int, entry.Suppressed] = {}
    for n in range(since // WIDTH, -(-size // WIDTH)):
        width = min(WIDTH, size - n * WIDTH)
        with suppress(LedgerError):  # a bundle that can't be read is named when the replay comes to it
            for raw in parse_bundle(read(tile_path(None, n, width)) or b"", width):
                said = _said(raw)
                if said is not None:
                    found.setdefault(said.index, said)
    return found


def _said(raw: bytes) -> entry.Suppressed | None:
    try:
        _, envelope = read_entry(raw)
        if peek_type(envelope.payload) != entry.Suppressed.event.topic:
            return None
        return parse_statement(envelope.payload, entry.Suppressed).predicate.body
    except LedgerError:
        return None


def checks_of(replay: SuppressedReplay) -> list[Check]:
    """A check per suppressed entry, and those that list what could not be judged without them; none where none is."""
    checks = [
        Check("suppressed", V.INCOMPLETE, "suppressed", f"entry {n} ({said.type}) is suppressed: {said.ground}", n)
        for n, said in replay.absent.items()
    ]
    if not checks:
        return []
    for index, why in list(replay.unjudged.items())[:LISTED]:
        detail = f"entry {index} can't be judged without what is suppressed: {why}"
        checks.append(Check("suppressed", V.INCOMPLETE, "rests-on-suppressed", detail, index))
    if len(replay.unjudged) > LISTED:
        more = f"more that can't be judged without what is suppressed: {listed(list(replay.unjudged)[LISTED:])}"
        checks.append(Check("suppressed", V.INCOMPLETE, "rests-on-suppressed", more))
    if replay.resting:
        resting = list(replay.resting)
        detail = f"entries that name what is suppressed, or what rests on it: {listed(resting)}"
        checks.append(Check("suppressed", V.INCOMPLETE, "rests-on-suppressed", detail, resting[0]))
    return checks


def listed(indexes: list[int]) -> str:
    """The first of them by number, and how many there are beside."""
    more = f" and {len(indexes) - LISTED} more" if len(indexes) > LISTED else ""
    return ", ".join(map(str, indexes[:LISTED])) + more
