"""C2SP tlog-proof: what a submitter keeps, checkable offline (formats.md §6). Normative text: spec/receipt.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import leaf_hash
from ledger.errors import Malformed, Unverified
from ledger.note import Vkey, parse_note
from ledger.strict import format_base64, parse_base64, parse_uint
from ledger.tree import HASH, check_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """Index, inclusion path and the checkpoint's note; nothing verified yet."""

    index: int
    path: tuple[bytes, ...]
    note: str


@lru_cache(maxsize=8192)
def _line(node: bytes) -> str:
    """The leaves of a batch share most of their paths."""
    return f"{format_base64(node)}\n"


def format_receipt(index: int, path: Sequence[bytes], note: str) -> str:
    """The proof as text."""
    lines = "".join(map(_line, path))
    return f"{HEADER}\nindex {index}\n{lines}\n{note}"


def parse_receipt(text: str) -> Receipt:
    """Read a proof. Exactly what `format_receipt` writes of a well-formed note. Raises `Malformed`.

    The optional line `extra` of the specification is refused (`receipt-extra`): nothing signs it.
    """
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] == HEADER and len(lines) > 1 and lines[1].startswith("extra "):
        raise Malformed("receipt", "extra", "receipt-extra")
    if not blank or len(lines) < 2 or lines[0] != HEADER or not lines[1].startswith("index "):
        raise Malformed("receipt", "text", "receipt-form")
    if len(lines) > 2 + MAX_PATH:
        raise Malformed("receipt", "path", "receipt-path")
    path = tuple(parse_base64(line) for line in lines[2:])
    if any(len(h) != HASH for h in path):
        raise Malformed("receipt", "path", "receipt-path")
    parse_note(note)
    return Receipt(parse_uint(lines[1].removeprefix("index "), bits=63), path, note)


def check_receipt(text: str, entry: bytes, vkeys: Sequence[Vkey], origin: str) -> Checkpoint:
    """That `entry` is at the receipt's index of the tree that the log signed. Raises `Unverified`, `Malformed`."""
    receipt = parse_receipt(text)
    checkpoint = open_checkpoint(receipt.note, vkeys)
    check_placed(receipt, leaf_hash(entry), checkpoint, origin)
    return checkpoint


def check_placed(receipt: Receipt, leaf: bytes, checkpoint: Checkpoint, origin: str) -> None:
    """That the leaf is at the receipt's index of the tree of its checkpoint, which was opened. Raises `Unverified`."""
    if checkpoint.origin != origin:
        raise Unverified("receipt", "origin", "origin-mismatch")
    check_inclusion(leaf, receipt.index, checkpoint.size, receipt.path, checkpoint.root)
