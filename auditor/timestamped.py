"""What timestamp tokens say of a bundle or an export, under CA certificates of the reader's own (spec/timestamp.md).

All tokens must fit: one that fails is a reason to believe none of them. Of those that hold the latest counts, since that is what
each of them says; the earliest alone would be the word of one authority (T50).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from auditor.proven_tree import ProvenTree
from auditor.reader import Read
from auditor.timestamp import Token, parse_token
from auditor.verdict import Check, Report, VerifyVerdict
from ledger.checkpoint import Checkpoint
from ledger.entry import read_entry
from ledger.errors import Fault, LedgerError, Unverified
from ledger.strict import from_micros, micros
from ledger.tile import WIDTH
from ledger.tree import root_of

if TYPE_CHECKING:  # X.509 loads half the world: where there is no token, an auditor goes without
    from cryptography.x509 import Certificate

    from auditor.timestamp_token import Opened

V = VerifyVerdict
LIST: Final = "timestamps/list"
MOST: Final = 1000
"""Tokens of an export that are looked at, the last ones listed: the list is by size."""
EARLY_MICROS: Final = 60_000_000
UNPROVEN: Final = "timestamps: {} tokens are there; give CA certificates of authorities that you trust: --tsa-cert FILE"
UNCHECKED: Final = "timestamps: tokens are there, and the package rfc3161-client is not: install the extra `timestamps`"
OLDER: Final = "timestamps: the first {} tokens listed were not looked at"
BOUNDED: Final = "when it was recorded: a timestamp token says that it was there by then, not since when"


@dataclass(frozen=True, slots=True)
class Shown:
    """Tokens beside what is verified. `linked`: whether a size has this root in the tree shown; `recorded`: the recorded time of
    the newest known entry below a size, or `None`.
    """

    origin: str
    tokens: Sequence[Token]
    linked: Callable[[int, bytes], bool]
    recorded: Callable[[int], str | None]


@dataclass(slots=True)
class _Held:
    """Of one size: until when, by the names of the CAs under which tokens held."""

    until: list[int] = field(default_factory=list)
    names: dict["Certificate", str] = field(default_factory=dict)


def check_timestamps(shown: Shown, authorities: Sequence["Certificate"]) -> tuple[list[Check], list[str]]:
    """Checks, and what is not proven. Raises nothing for what it reads."""
    if not shown.tokens:
        return _none("no timestamp token is there", authorities), []
    from auditor.timestamp_token import MissingLibrary  # noqa: PLC0415  # loaded where there is a token

    held: dict[int, _Held] = {}
    try:
        for token in shown.tokens:
            _one(shown, token, authorities, held)
    except MissingLibrary:
        return _none("rfc3161-client is not installed", authorities, "timestamps-unchecked"), [UNCHECKED]
    except LedgerError as err:
        return [_failed(f"{token.path}: {err}", err)], []
    if not authorities:
        return [], [UNPROVEN.format(len(shown.tokens))]
    if not held:
        return _none("no token claims an authority whose certificate you gave", authorities), []
    size = max(held)
    return [Check("timestamps", V.VALID_UNWITNESSED, "ok", _said(size, held[size]))], [BOUNDED]


def _failed(detail: str, err: LedgerError) -> Check:
    """A host that does not answer is no verdict."""
    return Check("timestamps", V.ERROR if isinstance(err, Fault) else V.INVALID, err.code, detail)


def _none(detail: str, authorities: Sequence["Certificate"], code: str = "timestamps-missing") -> list[Check]:
    return [Check("timestamps", V.INCOMPLETE, code, detail)] if authorities else []


def _said(size: int, held: _Held) -> str:
    who = " and ".join(sorted(held.names.values()))
    alone = "" if len(held.names) > 1 else ": one authority alone says so"
    return f"the first {size} entries existed by {from_micros(max(held.until))}; says {who}{alone}"


def _one(shown: Shown, token: Token, authorities: Sequence["Certificate"], held: dict[int, _Held]) -> None:
    """Raises `LedgerError` where the token does not fit."""
    from auditor.timestamp_token import between_of, check_signature, claimed, open_token  # noqa: PLC0415  # as above

    if not shown.linked(token.size, token.root):
        raise Unverified("timestamp", f"size {token.size}", "timestamp-unlinked")
    checkpoint = Checkpoint(shown.origin, token.size, token.root)
    opened = open_token(token.raw, checkpoint)
    failures: list[Unverified] = []
    for authority in claimed(opened, authorities):
        try:
            check_signature(opened, authority, checkpoint, between_of(authorities))
        except Unverified as err:
            failures.append(err)
            continue
        _not_early(shown, token, opened)
        of = held.setdefault(token.size, _Held())
        of.until.append(opened.until)
        of.names[authority] = opened.signer.subject.rfc4514_string()
        return
    if failures:
        raise failures[0]


def _not_early(shown: Shown, token: Token, opened: "Opened") -> None:
    recorded = shown.recorded(token.size)
    if recorded is not None and opened.until + EARLY_MICROS < micros(recorded):
        place = f"{from_micros(opened.until)}, and an entry below size {token.size} was recorded at {recorded}"
        raise Unverified("timestamp", place, "timestamp-early")


# -- an export ---------------------------------------------------------------------------------------------------------


def timestamped(report: Report, read: Read, authorities: Sequence["Certificate"]) -> Report:
    """The report of an export that held so far, with what its tokens say. `read` as for `verify_export`: it may answer otherwise
    than before, so every tile and entry is tied to the verified root again.
    """
    if report.verdict in (V.INVALID, V.ERROR, V.DIVERGED) or report.size == 0:
        return report
    raw = read(LIST)
    names = [] if raw is None else raw.decode("ascii", "replace").splitlines()
    try:
        tokens = [parse_token(name, read(name) or b"") for name in names[-MOST:]]
        tree = ProvenTree(Checkpoint(report.origin, report.size, report.root), read) if tokens else None
        node = None if tree is None else tree.node()
    except LedgerError as err:
        return replace(report, checks=(*report.checks, _failed(f"{LIST}: {err}", err)))

    def linked(size: int, root: bytes) -> bool:
        return node is not None and size <= report.size and root_of(size, node) == root

    def recorded(size: int) -> str | None:
        n, at = divmod(size - 1, WIDTH)
        found = None if tree is None else tree.bundle(n)
        if found is None:
            raise Fault("tile-missing", "failed", f"the entries below size {size} are shown no more", "ask again")
        newest = next((e for e in reversed(found[1][: at + 1]) if e), b"")  # a suppressed one says no time
        return read_entry(newest)[0].recorded_at if newest else None

    checks, notes = check_timestamps(Shown(report.origin, tokens, linked, recorded), authorities)
    if len(names) > MOST:
        notes.append(OLDER.format(len(names) - MOST))
    return replace(report, checks=(*report.checks, *checks), notes=(*report.notes, *notes))
