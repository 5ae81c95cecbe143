"""Verify a disclosure bundle offline: no server, no database, no network, and no trust but in what the reader brings.

The order of checks is that of spec/bundle.md §7: container, statement, members; each entry in the tree; each signature and role;
each stream to its end; then what ties it to a history that others saw. A bundle that shows nothing proves nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.bundle_absent import check_absences
from auditor.bundle_anchor import check_keys, check_pin, check_seen
from auditor.bundle_entries import check_admission, check_proofs
from auditor.bundle_parts import check_frameworks, check_redactions, check_said, check_signed, check_static
from auditor.bundle_profile import check_claims, check_profile, check_report
from auditor.bundle_streams import check_streams
from auditor.bundle_tokens import check_tokens
from auditor.checks import Checks
from auditor.failing import with_bytes
from auditor.pin import Pin
from auditor.reader import Read
from auditor.verdict import Report, VerifyVerdict
from auditor.verify import LIMITS
from disclosures.alerts import alert_lines, break_glass_of
from disclosures.bag import STATEMENT, Statement, check_bag
from disclosures.partial import Partial
from disclosures.shown import Defect, Shown, read_shown
from disclosures.stored_zip import Files, parse_zip
from ledger.canonical import loads
from ledger.errors import LedgerError
from ledger.note import Vkey

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

V = VerifyVerdict


@dataclass(frozen=True, slots=True)
class Trust:
    """What a reader brings: a pin, hash tiles of his own, his copies of the verifiers that bundles carry, CA certificates of
    timestamp authorities, and (for evidence of a split view) verifier keys of logs and witnesses.
    """

    pin: Pin | None = None
    tiles: Read | None = None
    static: Mapping[str, bytes] = field(default_factory=dict)
    vkeys: tuple[Vkey, ...] = ()
    authorities: tuple["Certificate", ...] = ()

    @property
    def keys(self) -> tuple[Vkey, ...]:
        """The pin's keys, then the others."""
        pinned = () if self.pin is None else self.pin.vkeys
        return (*pinned, *(v for v in self.vkeys if v not in pinned))


NOTHING = Trust()


def verify_zip(raw: bytes, trust: Trust = NOTHING) -> Report:
    """Verify a bundle's zip. Never raises for what it reads: that is a verdict."""
    try:
        files = parse_zip(raw)
    except LedgerError as err:
        return undecided(err)
    return verify_bundle(files, trust)


def undecided(err: LedgerError) -> Report:
    """The report where the container can't be opened: too large is undecided, anything else is no bundle."""
    checks = Checks()
    checks.fails("container", "limits" if err.code == "zip-limits" else err.code, f"this is not a bundle: {err}")
    return Report(tuple(checks.done))


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified bundle: the report, and what it shows, folded, where that could be read."""

    report: Report
    shown: Shown | None = None
    partial: Partial | None = None


def verify_bundle(files: Files, trust: Trust = NOTHING) -> Report:
    """Verify a bundle's files. Never raises for what it reads: that is a verdict."""
    return verified(files, trust).report


def verified(files: Files, trust: Trust = NOTHING) -> Verified:
    """The same, for whoever goes on with what the bundle shows."""
    checks = Checks()
    opened = _opened(files, checks)
    if opened is None:
        return Verified(with_bytes(Report(tuple(checks.done)), shown_entry(files)))
    statement, shown = opened
    if not shown.entries:
        detail = "no entry is shown, so nothing is proven"
        checks.add("entries", V.UNANCHORED, "empty", detail)
        return Verified(Report(tuple(checks.done), shown.checkpoint.origin))
    partial = _content(files, statement, shown, trust, checks)
    development, head = bool(partial.state.get("meta", "development")), shown.checkpoint
    notes = (*LIMITS, *checks.notes, *(("the clock: a dev/ ledger may simulate it",) if development else ()))
    alerts = () if checks.failed else tuple(alert_lines(break_glass_of(partial.state)))
    report = Report(tuple(checks.done), head.origin, head.size, head.root, development, notes, alerts, shown.note)
    return Verified(with_bytes(report, shown_entry(files)), shown, partial)


def shown_entry(files: Files) -> Callable[[int], bytes | None]:
    """The bytes of an entry that a bundle shows, by its index."""
    return lambda index: files.get(f"data/events/{index}.json") or None


def _opened(files: Files, checks: Checks) -> tuple[Statement, Shown] | None:
    try:
        statement = check_bag(files)
    except LedgerError as err:
        code = "format-unknown" if err.code == "statement-form" and _later_format(files) else err.code
        checks.fails("container", "limits" if code == "zip-limits" else code, str(err))
        return None
    checks.holds("container", f"{len(files)} files, each in the manifests and in the statement")
    try:
        return statement, read_shown(files)
    except Defect as err:
        checks.fails("members", err.code, f"{err.place}: {err.said}", err.index)
        return None


def _later_format(files: Files) -> bool:
    """Whether the statement says that it is of a version that this copy does not know."""
    try:
        said = loads(files[STATEMENT])
    except LedgerError:
        return False
    kind = said.get("predicateType") if isinstance(said, dict) else None
    return isinstance(kind, str) and kind.startswith("urn:holdpoint:bundle:") and kind != "urn:holdpoint:bundle:1"


def _content(files: Files, statement: Statement, shown: Shown, trust: Trust, checks: Checks) -> Partial:
    """Every check of what the members say. Returns what is shown, folded."""
    check_said(shown, statement, checks)
    check_proofs(shown, checks)
    partial = check_admission(shown, checks)
    check_signed(files, shown, partial, checks)
    check_keys(shown, partial, trust.pin, checks)
    check_streams(shown, checks)
    check_absences(shown, checks)
    check_redactions(shown, checks)
    check_frameworks(shown, checks)
    profile = check_profile(shown, checks)
    check_claims(shown, partial, profile, checks)
    check_report(files, shown, checks)
    check_static(files, trust.static, checks)
    check_seen(shown, partial, checks)
    check_pin(shown, partial, trust.pin, trust.tiles, checks)
    if shown.timestamps or trust.authorities:
        check_tokens(shown, trust.authorities, checks)
    return partial
