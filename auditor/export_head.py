"""What an export's head says, once its entries are replayed: tiles, checkpoint, pin, and the bridge over stolen keys."""

from auditor.audit import Audit
from auditor.bridge import bridge_of, of_pin
from auditor.log_keys import open_by_all, vkeys_at
from auditor.proven_tree import ProvenTree
from auditor.verdict import VerifyVerdict
from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError
from ledger.tile import WIDTH, tile_path, tiles_of
from ledger.tree import HASH

V = VerifyVerdict


def check_tiles(audit: Audit, claimed: Checkpoint) -> None:
    """The partial tiles of the right edge; full ones were compared while streaming."""
    for path in tiles_of(claimed.size):
        level = path.level or 0
        if path.width < WIDTH:
            name = tile_path(level, path.n, path.width)
            if audit.read(name) != audit.edge.levels[level][: path.width * HASH]:
                audit.add("tiles", V.INVALID, "tile-mismatch", f"{name} is not the hash of its entries", path.n * WIDTH)
                return
    audit.add("tiles", V.VALID_UNWITNESSED, "ok", "every tile is the hash of the entries")


def check_checkpoint(audit: Audit, claimed: Checkpoint, note: str) -> None:
    state = audit.replay.state
    if audit.edge.root() != claimed.root:
        detail = "the entries do not hash to the checkpoint's root"
        roots = {"computed_root": audit.edge.root().hex(), "checkpoint_root": claimed.root.hex()}
        audit.add("checkpoint", V.INVALID, "root-mismatch", detail, None, **roots)
        return
    if claimed.origin != state.get("meta", "origin"):
        audit.add(
            "checkpoint", V.INVALID, "origin-mismatch", "the checkpoint's origin is not the one that entry 0 founded"
        )
        return
    # A pin of another ledger says nothing of this one's keys; `check_pin` says which ledger it is for.
    pin = audit.pin
    ours = pin is not None and (pin.origin, pin.founding) == (claimed.origin, state.get("meta", "founding"))
    history = state.get("meta", "vkeys_history")
    try:
        if pin is not None and ours and pin.checkpoint.size <= claimed.size:
            strange = set(pin.vkeys) - set(vkeys_at(history, pin.checkpoint.size))
            if strange:
                detail = f"the pin's log keys are none that entry 0 or a rotation names at size {pin.checkpoint.size}"
                audit.add("checkpoint", V.INVALID, "keys-mismatch", detail)
                return
        open_by_all(note, vkeys_at(history, claimed.size))
    except LedgerError as err:
        audit.add("checkpoint", V.INVALID, err.code, f"the checkpoint's signatures: {err}", checkpoint=note)
        return
    whose = "the keys that the pinned entry 0 and the root name" if ours else "the keys that the log itself names"
    audit.add("checkpoint", V.VALID_UNWITNESSED, "ok", f"Ed25519 and ML-DSA-44 signatures verify under {whose}")


def check_pin(audit: Audit, claimed: Checkpoint) -> None:
    pin = audit.pin
    if pin is None:
        audit.add(
            "pin", V.UNANCHORED, "no-pin", "nothing from outside says that this is the history others saw; get a pin"
        )
        return
    if claimed.origin != pin.origin:
        audit.add("pin", V.DIVERGED, "other-ledger", f"the pin is for {pin.origin}, this is {claimed.origin}")
        return
    founding = audit.replay.state.get("meta", "founding")
    if founding is not None and founding != pin.founding:
        audit.add(
            "pin", V.DIVERGED, "founded-anew", "entry 0 is not the one pinned: another ledger under the same name", 0
        )
        return
    if claimed.size < pin.checkpoint.size:
        detail = f"pinned size {pin.checkpoint.size}, shown size {claimed.size}: first missing index {claimed.size}"
        audit.add("pin", V.DIVERGED, "truncated", detail, claimed.size)
        return
    if audit.pinned_root is None:
        if not audit.failed:
            audit.add("pin", V.ERROR, "pin-unreached", "the pinned size was not reached")
        return
    if audit.pinned_root != pin.checkpoint.root:
        detail = f"at size {pin.checkpoint.size} the root is another than the one pinned"
        roots = {"computed_root": audit.pinned_root.hex(), "pinned_root": pin.checkpoint.root.hex()}
        audit.add("pin", V.DIVERGED, "root-differs", detail, None, **roots)
        return
    detail = f"it contains the {pin.checkpoint.size} entries pinned; no witness cosigned it"
    audit.add("pin", V.VALID_UNWITNESSED, "ok", detail)


def check_bridge(audit: Audit, claimed: Checkpoint) -> tuple[str, ...]:
    """What the new keys sign of the past, and what is not proven of a pin that the old ones signed."""
    history = audit.replay.state.get("meta", "vkeys_history")
    if audit.failed or history is None:
        return ()
    check, unproven = bridge_of(audit.read, history, lambda n: ProvenTree(claimed, audit.read).root_at(n))
    if check is not None:
        audit.checks.append(check)
    pinned = "" if audit.pin is None else of_pin(history, audit.pin.checkpoint.size)
    return tuple(note for note in (unproven, pinned) if note)
