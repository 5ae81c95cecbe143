"""Verify an export offline: no server, no database, no network, and no trust but in the pin that the auditor brings.

It streams bundle by bundle: tree, tiles, admission and derivation replayed, every signature; then the checkpoint's two
signatures, the pin, and the claims refolded. The first problem is named with index and rule.
"""

from contextlib import nullcontext

from auditor.audit import Audit, Progress, Work, stream_entries
from auditor.export_claims import check_claims, check_seen, past_answers
from auditor.export_head import check_bridge, check_checkpoint, check_pin, check_tiles
from auditor.failing import with_bytes
from auditor.pin import Pin
from auditor.reader import Read, entry_of
from auditor.signatures import Signatures
from auditor.verdict import Check, Report, VerifyVerdict
from disclosures.alerts import alert_lines, break_glass_of
from ledger.checkpoint import Checkpoint, read_checkpoint
from ledger.errors import LedgerError

V = VerifyVerdict
UNWITNESSED = "that others were shown the same history: no witness cosigned it"
LIMITS = (
    "that everything that happened was recorded: a ledger is silent about what nobody submitted",
    "that a claim is true: a signature says who claimed it, and when it was recorded",
    UNWITNESSED,
)


def verify_export(
    read: Read,
    pin: Pin | None = None,
    *,
    progress: Progress = lambda _d, _n: None,
    workers: int = 2,
    work: Work = lambda _size: None,
    as_of: str | None = None,
) -> Report:
    """Verify the export that `read` gives access to; with `as_of` (a size or a time) also what held then. Never raises for what
    it reads: that is a verdict.
    """
    raw = read("checkpoint")
    if raw is None:
        detail = "there is no checkpoint: nothing is shown, so nothing is proven"
        return Report((Check("checkpoint", V.UNANCHORED, "empty", detail),))
    try:
        note = raw.decode("utf-8")
        claimed, _ = read_checkpoint(note)
    except (LedgerError, UnicodeDecodeError) as err:
        detail = f"the checkpoint can't be read: {err}"
        return Report((Check("checkpoint", V.INVALID, "checkpoint-malformed", detail),))
    with work(claimed.size) or nullcontext() as working, Signatures(workers, claimed.size) as signatures:
        audit = Audit(read, pin, progress, signatures, work=working)
        stream_entries(audit, claimed)
        signatures.settle()
        return with_bytes(_judged(audit, claimed, note, as_of), entry_of(read, claimed.size))


def _judged(audit: Audit, claimed: Checkpoint, note: str, as_of: str | None) -> Report:
    """What the replayed entries say of the rest: tiles, checkpoint, pin, what signers saw, claims."""
    bad = audit.signatures.lowest_bad
    if bad is not None:
        audit.add("signatures", V.INVALID, "signature-invalid", f"entry {bad}: a signature does not verify", bad)
    elif not audit.failed:
        audit.add("signatures", V.VALID_UNWITNESSED, "ok", f"every envelope of {claimed.size} entries verifies")
    if not audit.failed:
        check_tiles(audit, claimed)
        check_checkpoint(audit, claimed, note)
    check_pin(audit, claimed)
    unproven = check_bridge(audit, claimed)
    if not audit.failed:
        check_seen(audit, claimed)
        check_claims(audit)
    answers = None if as_of is None or audit.failed else past_answers(audit, claimed.size, as_of)
    development = bool(audit.replay.state.get("meta", "development"))
    notes = (*LIMITS, *unproven, *(("the clock: a dev/ ledger may simulate it",) if development else ()))
    if audit.resumed:
        notes = (
            *notes,
            f"that the files of the first {audit.resumed} entries are still as an earlier run of this audit read them",
        )
    alerts = () if audit.failed else tuple(alert_lines(break_glass_of(audit.replay.state)))
    head = (claimed.origin, claimed.size, claimed.root)
    return Report(tuple(audit.checks), *head, development, notes, alerts, note, answers)
