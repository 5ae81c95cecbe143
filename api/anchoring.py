"""`holdpoint anchor`: bring an anchor that is missing, from a pin or an export kept elsewhere (log.md §4).

The anchor is set to the checkpoint that was brought, never to what the database says of itself: a start then finds the head
ahead and consistent, or behind and `DIVERGED`. An older checkpoint proves less, so the newest one at hand is the one to bring.
"""

from dataclasses import dataclass
from pathlib import Path

from api.config import read_config
from api.database import open_database
from api.keyring import load_log_pairs
from auditor.pin import Pin
from ledger.admit import unsafe_unchecked
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import Fault, LedgerError
from ledger.replay import Replay
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.desk import Desk
from ledger.store.folding import Progress, fold_stored, root_at, silent
from ledger.tile import Edge
from policies.rules import RULES

OTHER = "keep everything as it is: docs/how-to/refusals/diverged.md"


@dataclass(frozen=True, slots=True)
class Brought:
    """A head from outside, and where it comes from; `founding` is the leaf hash of entry 0 (hex), where it is known."""

    note: str
    source: str
    founding: str | None = None


def from_pin(pin: Pin) -> Brought:
    """A trust file."""
    return Brought(pin.note, "the pin", pin.founding)


def bring_anchor(folder: Path, brought: Brought, *, progress: Progress = silent) -> tuple[Checkpoint, int]:
    """Make the anchor of the ledger in `folder`; returns what it says now, and the stored size.

    Raises `Fault`: `anchor-present` (nothing is done to one that can be read), `checkpoint-foreign`, `diverged`.
    """
    config = read_config(folder)
    path = folder / "anchor"
    _refuse_present(path)
    try:
        vkeys = [v for pair in load_log_pairs(folder / "keys", config.origin) for v in pair.vkeys]
        head = open_checkpoint(brought.note, vkeys)
    except LedgerError as err:
        detail = f"the checkpoint of {brought.source} is not signed by this log: {err}"
        raise Fault("checkpoint-foreign", "failed", detail, "bring one of this ledger") from err
    with open_database(folder, config.database) as database:
        desk = Desk(database.url("holdpoint_reader"), revive=database.revive)
        try:
            size = _consistent(desk, head, brought, progress)
        finally:
            desk.close()
    if path.exists():
        path.rename(folder / "anchor.torn")
    anchor = Anchor(path, create=True)
    try:
        anchor.raise_to(AnchoredHead(head.origin, head.size, head.root))
    finally:
        anchor.close()
    return head, size


def _refuse_present(path: Path) -> None:
    if not path.exists():
        return
    try:
        anchor = Anchor(path)
    except Fault as err:
        if err.code == "anchor-torn":
            return
        raise
    held = anchor.head
    anchor.close()
    if held is not None:
        detail = f"there is an anchor, at size {held.size}"
        raise Fault("anchor-present", "failed", detail, "start the service; an anchor only ever moves upward")


def _consistent(desk: Desk, head: Checkpoint, brought: Brought, progress: Progress) -> int:
    """The stored size, once what is stored holds in itself and contains what was brought, or is only behind it."""
    replay = Replay(RULES, unsafe_unchecked)
    edge = fold_stored(desk, replay, Edge.empty(), progress=progress)
    if edge.size and brought.founding not in (None, replay.state.get("meta", "founding")):
        raise Fault("diverged", "failed", f"entry 0 is not the one of {brought.source}: a ledger founded anew", OTHER)
    if edge.size >= head.size and root_at(desk, head.size) != head.root:
        detail = f"{brought.source} of size {head.size}, stored size {edge.size}: another root at size {head.size}"
        raise Fault("diverged", "failed", detail, OTHER)
    return edge.size
