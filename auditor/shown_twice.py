"""What two readers were shown of one log, side by side: one history, two, or not to be told from this.

Each brings a checkpoint, a receipt, or a trust file. Two receipts for one index need no tile: if their entries differ, the log
put two things in one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.growth import Standing, compare
from auditor.heads import Head, read_head
from auditor.pin import parse_pin
from auditor.proof import parse_proof
from auditor.proven_tree import Fetch, ProvenTree
from auditor.split_view import format_leaves
from auditor.verdict import Check, VerifyVerdict
from ledger.errors import Fault, Unverified
from ledger.note import Vkey, decode_note
from ledger.receipt import HEADER, Receipt
from ledger.tree import Node, check_inclusion, hash_leaf

V = VerifyVerdict


@dataclass(frozen=True, slots=True)
class Shown:
    """A head that the log signed; with a receipt, and its entry, what it proves to stand where."""

    head: Head
    receipt: Receipt | None = None
    leaf: bytes | None = None


def parse_shown(raw: bytes, keys: Sequence[Vkey], entry: bytes | None = None) -> Shown:
    """Read what a reader was shown. Raises `Malformed`; `Unverified` where the reader's keys don't vouch for it, or the receipt
    is not that entry's.
    """
    if raw.startswith(b"{"):
        return Shown(_vouched(parse_pin(raw).note, keys))
    text = decode_note(raw)
    if not text.startswith(HEADER):
        return Shown(_vouched(text, keys))
    receipt = parse_proof(text).receipt
    head, leaf = _vouched(receipt.note, keys), None if entry is None else hash_leaf(entry)
    if leaf is not None:
        check_inclusion(leaf, receipt.index, head.checkpoint.size, receipt.path, head.checkpoint.root)
    return Shown(head, receipt, leaf)


def _vouched(note: str, keys: Sequence[Vkey]) -> Head:
    head = read_head(note, keys)
    if not head.vouched:
        raise Unverified("checkpoint", "signatures (keys that you gave)", "checkpoint-unsigned")
    return head


def compare_shown(
    first: Shown, second: Shown, keys: Sequence[Vkey], fetch: Fetch | None = None
) -> tuple[Check, bytes | None]:
    """The finding, and a file that convicts where there is one. `fetch` reads tiles of the larger tree; without them two sizes
    can't be compared, unless two receipts speak of one index. Raises what reading tiles raises.
    """
    a, b = first.head.checkpoint, second.head.checkpoint
    if a.origin != b.origin:
        raise Unverified("checkpoint", "origin", "origin-mismatch")
    leaves = _leaves(first, second, keys)
    if leaves is not None:
        return leaves

    def larger() -> Node:
        if fetch is None:
            raise Fault("tile-missing", "failed", "two sizes need tiles of the larger tree", "--tiles PATH|URL")
        return ProvenTree(max(a, b, key=lambda head: head.size), fetch).node()

    try:
        found = compare(first.head, second.head, larger, keys)
    except Fault as err:
        if err.code != "tile-missing":
            raise
        detail = f"sizes {a.size} and {b.size}: {err.detail}, or two receipts for one index with their entries"
        return Check("histories", V.INCOMPLETE, err.code, detail), None
    sizes = f"size {a.size} and size {b.size}"
    if found.standing is Standing.DIVERGED:
        return Check("histories", V.DIVERGED, "split-view", f"{sizes}: two histories"), found.evidence
    return Check("histories", V.VALID_UNWITNESSED, "ok", f"{sizes}: one history"), None


def _leaves(first: Shown, second: Shown, keys: Sequence[Vkey]) -> tuple[Check, bytes] | None:
    """Two receipts for one index, whose entries differ."""
    one, two = first.receipt, second.receipt
    if one is None or two is None or one.index != two.index or first.leaf is None or second.leaf in (None, first.leaf):
        return None
    leaves = (first.leaf, second.leaf or b"")
    evidence = format_leaves(first.head, second.head, one.index, leaves, (one.path, two.path), keys)
    return Check("histories", V.DIVERGED, "split-view", f"index {one.index} holds two entries", one.index), evidence
