"""The timestamp tokens of a bundle: tied to its checkpoint by its own consistency proofs (spec/timestamp.md)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.bundle_anchor import proven_roots
from auditor.checks import Checks
from auditor.timestamp import parse_tokens
from auditor.timestamped import Shown as Tokens
from auditor.timestamped import check_timestamps
from disclosures.shown import Shown
from ledger.errors import LedgerError
from ledger.tree import check_consistency

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def check_tokens(shown: Shown, authorities: Sequence["Certificate"], checks: Checks) -> None:
    """What the tokens say, or why they say nothing."""
    if checks.failed:  # of a tree that does not hold nothing is bounded
        return
    try:
        tokens = parse_tokens(shown.timestamps)
    except LedgerError as err:
        checks.caught("timestamps", err)
        return
    head, proofs = shown.checkpoint, proven_roots(shown)

    def linked(size: int, root: bytes) -> bool:
        if size == head.size:
            return root == head.root
        try:
            check_consistency(size, head.size, proofs[size], root, head.root)
        except (KeyError, LedgerError):
            return False
        return True

    def recorded(size: int) -> str | None:
        return max((e.recorded_at for e in shown.entries if e.index < size), default=None)

    found, notes = check_timestamps(Tokens(head.origin, tokens, linked, recorded), authorities)
    checks.done += found
    checks.notes += notes
