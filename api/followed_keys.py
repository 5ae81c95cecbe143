"""The log's keys as a client knows them: those of its pin, and whatever the root named since, by proof (spec/root.md).

A pin from before a rotation is no reason to refuse. Entry 0 is pinned by its leaf hash, and holds the root's keys; stream
`ledger` is a chain from there on, in which nothing can be left out or put in between, so it says who the root is, and which keys
the root named. Nothing is believed that the server says about itself: signatures and quorums are checked here, each rotation's
index by its receipt, and that the tree still holds the pinned one by hash tiles.
"""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from api.replica import PAGE, read_page
from auditor.log_keys import History, discounted, open_by_all, vkeys_at
from auditor.pin import Pin
from auditor.proven_tree import ProvenTree
from disclosures.partial import fold_entries
from disclosures.shown_entry import ShownEntry, read_shown_entry
from ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from ledger.errors import Unverified
from ledger.note import Vkey
from ledger.receipt import check_placed, parse_receipt
from ledger.strict import unhex

Get = Callable[[str], bytes]
"""Path → the body of the server's answer."""
ReceiptOf = Callable[[int], str]
"""Index → the entry's tlog-proof, as the server gives it."""
STREAM = "ledger"
MOST = 1_000_000
"""Entries of stream `ledger` that are read before the server is taken for one that never ends."""


def unproven(place: str) -> Unverified:
    """The keys that signed can't be shown to be the log's."""
    return Unverified("log keys", place, "log-keys-unproven")


class FollowedKeys:
    """Opens checkpoints under the keys of `pin`, and of the rotations since."""

    def __init__(self, pin: Pin, get: Get, receipt_of: ReceiptOf) -> None:
        self._pin, self._get, self._receipt_of = pin, get, receipt_of
        self._history: History = ()

    def vkeys(self, size: int) -> tuple[Vkey, ...]:
        """The keys that sign a checkpoint of that size, as far as they were followed."""
        return vkeys_at(self._history, size) if self._history else self._pin.vkeys

    def open(self, note: str) -> Checkpoint:
        """The checkpoint, once the keys in force at its size have signed it. Keys that are not known yet are followed once.

        Raises `Malformed`, `Unverified`: `checkpoint-unsigned`, `checkpoint-compromised`, `log-keys-unproven`, `founded-anew`,
        `root-differs`, `tile-mismatch`, `truncated`, and what a proof lacks; `Fault` of the transport.
        """
        size = read_checkpoint(note)[0].size
        try:
            return self._known(note, size)
        except Unverified as err:
            if err.code != "checkpoint-unsigned":
                raise
        entries = self._stream()
        history = self._named(entries)
        head = open_by_all(note, vkeys_at(history, size))
        self._placed(entries, history)
        self._grown(head)
        self._history = history
        return self._known(note, size)

    def _known(self, note: str, size: int) -> Checkpoint:
        if not self._history:
            return open_checkpoint(note, self._pin.vkeys)
        if discounted(self._history, size) is not None and note != self._pin.note:
            raise Unverified(
                "checkpoint", f"size {size}, above the last good size of stolen keys", "checkpoint-compromised"
            )
        return open_by_all(note, vkeys_at(self._history, size))

    def _stream(self) -> list[ShownEntry]:
        """Stream `ledger`, page by page: a chain from the pinned entry 0, without a gap."""
        found: list[ShownEntry] = []
        owners: dict[str, str] = {}
        while True:
            after = found[-1].index if found else -1
            rows = read_page(self._get(f"/v1/entries?stream={quote(STREAM)}&after={after}&limit={PAGE}"))
            for row in rows:
                if row.index <= after or len(found) > MOST or row.suppressed:
                    raise unproven(f"the server's list of stream {STREAM}")
                found.append(read_shown_entry(row.index, bytes(row.entry), None, owners))
                after = row.index
            if len(rows) < PAGE:
                break
        if not found:
            raise unproven(
                f"stream {STREAM}, of which this server shows nothing: a token needs entries:read; or get a newer pin"
            )
        if (found[0].index, found[0].leaf) != (0, self._pin.founding):
            raise Unverified("log keys", "entry 0 is not the one pinned", "founded-anew")
        if [(e.version, e.stream) for e in found] != [(n + 1, STREAM) for n in range(len(found))]:
            raise unproven(f"stream {STREAM}, which has a gap")
        return found

    @staticmethod
    def _named(entries: Sequence[ShownEntry]) -> History:
        """Every key of the log that the root named: signatures, quorums and the chain checked; indexes are the server's word."""
        partial = fold_entries(entries)
        if partial.problems:
            wrong = partial.problems[0]
            raise unproven(f"entry {wrong.index}: {wrong.rule}: {wrong.detail}")
        history: History = partial.state.get("meta", "vkeys_history")
        return history

    def _placed(self, entries: Sequence[ShownEntry], history: History) -> None:
        """Each rotation since the pin stands at its index, by its receipt: elsewhere, other keys would sign other sizes."""
        leaves = {e.index: e.leaf for e in entries}
        for since, _, _ in history:
            if since <= self._pin.checkpoint.size:
                continue
            index = since - 1
            receipt = parse_receipt(self._receipt_of(index))
            head = open_by_all(receipt.note, vkeys_at(history, read_checkpoint(receipt.note)[0].size))
            if receipt.index != index:
                raise unproven(f"the receipt of entry {index}")
            check_placed(receipt, unhex(leaves[index]), head, self._pin.origin)

    def _grown(self, head: Checkpoint) -> None:
        """The tree that the new keys signed holds the pinned one, by the server's hash tiles."""
        pinned = self._pin.checkpoint
        if pinned.size > head.size:
            raise Unverified("checkpoint", f"size {head.size}, pinned at {pinned.size}", "truncated")

        def fetch(path: str) -> bytes:
            return self._get(f"/log/{path}")

        if ProvenTree(head, fetch).root_at(pinned.size) != pinned.root:
            raise Unverified("checkpoint", f"size {head.size}: its tree does not hold the pinned one", "root-differs")
