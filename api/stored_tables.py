"""What is stored beside the entries, compared with what the entries give: head, checkpoints, notes, tiles, event ids, streams."""

from collections.abc import Iterator, Sequence

from auditor.log_keys import open_by_all, vkeys_at
from auditor.timestamp import imprint
from auditor.timestamp_token import MissingLibrary, open_token
from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError
from ledger.replay import Problem, Replay
from ledger.store.desk import Desk
from ledger.tile import WIDTH, Edge, FullTile

PAGE = 5000
EVENT_IDS = """SELECT event_id::text, notification_id - 1 FROM holdpoint.event_id
    WHERE event_id > %s::uuid ORDER BY event_id LIMIT %s"""
BEYOND = "SELECT min(notification_id) - 1 FROM holdpoint.event WHERE notification_id > %s"
ORPHANS = """SELECT 'cosignature', size FROM holdpoint.cosignature UNION ALL
    SELECT 'timestamp_token', size FROM holdpoint.timestamp_token EXCEPT
    SELECT t, size FROM holdpoint.checkpoint CROSS JOIN (VALUES ('cosignature'), ('timestamp_token')) AS v (t)"""
NIL = "00000000-0000-0000-0000-000000000000"


def check_tables(
    desk: Desk, replay: Replay | None, edge: Edge, roots: dict[int, bytes], tiles: Sequence[FullTile]
) -> Iterator[Problem]:
    """Problems of the tables, given the tree's `edge`, its `roots` at the sizes that are claimed, and its full `tiles`.

    `replay` is `None` where the entries are not admitted again: then only what their bytes hash to is compared.
    """
    yield from _head(desk, edge)
    yield from _checkpoints(desk, edge.size, roots)
    yield from _tiles(desk, tiles)
    if replay is not None:
        yield from _tokens(desk, replay, roots)
        yield from _notes(desk, replay, edge.size, roots)
        yield from _event_ids(desk, replay)
        yield from _streams(desk, replay)


def _head(desk: Desk, edge: Edge) -> Iterator[Problem]:
    head = desk.read_head()
    for column, stored, found in (
        ("root", head.root, edge.root()),
        ("frontier", head.frontier, edge.frontier().to_bytes()),
    ):
        if stored != found:
            yield Problem(edge.size, "head-mismatch", f"table head, column {column}: it is not that of the entries")
    ((beyond,),) = desk.query(BEYOND, (edge.size,))
    if beyond is not None:
        detail = f"entry {beyond}: table event: a row beyond the head's size {edge.size}"
        yield Problem(beyond, "entry-beyond-head", detail)


def _checkpoints(desk: Desk, size: int, roots: dict[int, bytes]) -> Iterator[Problem]:
    stored = dict(desk.read_checkpoints())
    for at, root in stored.items():
        if roots.get(at) != root:
            yield Problem(at, "checkpoint-mismatch", f"table checkpoint: size {at} has another root")
    if size and size not in stored:
        yield Problem(size, "checkpoint-mismatch", f"table checkpoint: no row for the head's size {size}")
    for table, at in desk.query(ORPHANS):
        yield Problem(at, "checkpoint-mismatch", f"table {table}: a row for size {at}, which no checkpoint has")


def _tiles(desk: Desk, tiles: Sequence[FullTile]) -> Iterator[Problem]:
    expected = {(t.level, t.n): t.hashes for t in tiles}
    found = {(level, n): hashes for level, n, hashes in desk.read_tiles()}
    for level, n in sorted(found.keys() | expected.keys()):
        if found.get((level, n)) != expected.get((level, n)):
            what = "missing" if (level, n) not in found else "not of the entries"
            yield Problem(n * WIDTH ** (level + 1), "tile-mismatch", f"table tile: level {level} tile {n} is {what}")


def _notes(desk: Desk, replay: Replay, size: int, roots: dict[int, bytes]) -> Iterator[Problem]:
    history = replay.state.get("meta", "vkeys_history") or ()
    origin = replay.state.get("meta", "origin")
    for at, text in desk.read_notes():
        try:
            checkpoint = open_by_all(text, vkeys_at(history, at))
        except LedgerError as err:
            yield Problem(at, "note-mismatch", f"table note: the note of size {at} does not verify: {err}")
            continue
        if (checkpoint.origin, checkpoint.size) != (origin, at) or at > size or checkpoint.root != roots.get(at):
            yield Problem(at, "note-mismatch", f"table note: the note of size {at} is for another tree")


def _tokens(desk: Desk, replay: Replay, roots: dict[int, bytes]) -> Iterator[Problem]:
    """Each token is over the checkpoint of its row, and of whom it says it is. Who that is, readers judge by their own CAs.

    Without the optional package only the digest is looked for: it stands in the token as it is.
    """
    origin = replay.state.get("meta", "origin")
    for at, authority, raw in desk.read_tokens():
        if at not in roots:
            continue  # no checkpoint has this size: said above
        checkpoint = Checkpoint(origin, at, roots[at])
        try:
            wrong = "it is another authority's" if open_token(raw, checkpoint).authority != authority else ""
        except MissingLibrary:
            wrong = "" if imprint(checkpoint) in raw else "it is not over this checkpoint"
        except LedgerError as err:
            wrong = str(err)
        if wrong:
            yield Problem(
                at, "timestamp-mismatch", f"table timestamp_token: the token of size {at} does not fit: {wrong}"
            )


def _event_ids(desk: Desk, replay: Replay) -> Iterator[Problem]:
    count, after = 0, NIL
    while page := desk.query(EVENT_IDS, (after, PAGE)):
        for event_id, index in page:
            known = replay.state.get("event_id", event_id)
            if known is None or known[0] != index:
                detail = f"entry {index}: table event_id: {event_id} is not its event id"
                yield Problem(index, "event-id-mismatch", detail)
            count += known is not None
        after = page[-1][0]
    if count != replay.size:
        for event_id, (index, _) in replay.state.scan("event_id"):
            if desk.find_event_id(event_id) is None:
                yield Problem(index, "event-id-mismatch", f"entry {index}: table event_id: no row for {event_id}")


def _streams(desk: Desk, replay: Replay) -> Iterator[Problem]:
    stored = {name: (version, head.hex()) for name, version, head in desk.read_streams()}
    known = {name: (place.version, place.head) for name, place in replay.state.scan("stream")}
    for name in sorted(stored.keys() | known.keys()):
        if stored.get(name) != known.get(name):
            yield Problem(replay.size, "stream-mismatch", f"table stream: {name} is not where its entries end")
