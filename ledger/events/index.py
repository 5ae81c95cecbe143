"""`index.committed`: the root of the tree over all streams' heads, so that a stream's end can be shown (formats.md §4)."""

from ledger.event import Body, event
from ledger.fields import Hex32, Version


@event("index.committed", stream="ledger", roles=("engine",), derived=True)
class Committed(Body, frozen=True):
    """The stream index after entries 0…size−1, of `streams` leaves; `size` is the entry's own index.

    It has no cause: the appender puts it first into a commit, from time to time and before a disclosure, and every replay
    computes it again (spec/stream-index.md). `event_id` follows from the leaf hash before it and its own recorded time.
    """

    root: Hex32
    size: Version
    streams: Version
