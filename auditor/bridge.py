"""After a compromise of the log's keys: the bridge checkpoint, and what a reader is told of checkpoints of the old keys (T42)."""

from collections.abc import Callable

from auditor.log_keys import History, check_bridge, discounted
from auditor.reader import Read
from auditor.verdict import Check, VerifyVerdict
from ledger.errors import LedgerError
from ledger.note import decode_note

V = VerifyVerdict
BRIDGE = "checkpoint.bridge"


def bridge_of(read: Read, history: History, root_at: Callable[[int], bytes]) -> tuple[Check | None, str]:
    """The check of an export's bridge, and what is not proven where a compromise is recorded and no bridge is here."""
    good = [g for _, _, g in history if g is not None]
    raw = read(BRIDGE)
    if not good:
        if raw is None:
            return None, ""
        return Check(
            "bridge", V.INVALID, "bridge-size", "a bridge is shown, and no compromise of the log's keys is recorded"
        ), ""
    if raw is None:
        return (
            None,
            f"that the log's keys since the compromise answer for the first {good[-1]} entries: no bridge is here",
        )
    try:
        held = check_bridge(decode_note(raw), history, root_at)
    except LedgerError as err:
        verdict = V.DIVERGED if err.code == "bridge-differs" else V.INVALID
        return Check("bridge", verdict, err.code, f"the bridge over the compromise of the log's keys: {err}"), ""
    detail = f"the keys since the compromise signed the same tree at the last good size {held}"
    return Check("bridge", V.VALID_UNWITNESSED, "ok", detail), ""


def of_pin(history: History, size: int) -> str:
    """What is said of a pin whose checkpoint a thief of the log's keys could have signed; empty for any other."""
    good = discounted(history, size)
    if good is None:
        return ""
    return (
        f"that the pinned checkpoint was signed by the log and no thief: size {size} lies above the last good size {good} of keys"
        " that were stolen later. It counts because it was pinned before that was known"
    )
