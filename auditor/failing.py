"""The bytes that show a failure: whoever reads a report can see for himself what was wrong, and hand it on."""

from collections.abc import Callable
from dataclasses import replace

from auditor.verdict import Check, Report, VerifyVerdict
from ledger.entry import leaf_hash
from ledger.strict import format_base64

GRAVE = frozenset({VerifyVerdict.INVALID, VerifyVerdict.DIVERGED})


def with_bytes(report: Report, entry_at: Callable[[int], bytes | None]) -> Report:
    """The report, in which each failure at an entry carries that entry and its leaf hash, where it can be read."""
    return replace(report, checks=tuple(_shown(check, entry_at) for check in report.checks))


def _shown(check: Check, entry_at: Callable[[int], bytes | None]) -> Check:
    if check.index is None or check.verdict not in GRAVE:
        return check
    raw = entry_at(check.index)
    if raw is None:
        return check
    more = (("entry_base64", format_base64(raw)), ("leaf_hash", leaf_hash(raw).hex()))
    return replace(check, shown=(*check.shown, *more))
