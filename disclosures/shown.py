"""What a bundle shows: its members read strictly, entries opened, nothing believed yet (spec/bundle.md §1–§6).

Builder (for the report) and verifier read a bundle by this one function, so that what is rendered is what is verified.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from disclosures.parts import (
    PARTS,
    BundleClaims,
    BundleRequest,
    Completeness,
    Consistency,
    Redactions,
    StreamEnd,
    parse_part,
)
from disclosures.shown_entry import ShownEntry, read_shown_entry
from disclosures.stored_zip import Files
from ledger.checkpoint import Checkpoint, read_checkpoint
from ledger.errors import LedgerError, Malformed
from ledger.fields import Closed
from ledger.note import decode_note
from ledger.strict import parse_uint

T = TypeVar("T", bound=Closed)
EVENT = re.compile(r"data/events/(0|[1-9][0-9]{0,15})\.json")
PROOF = re.compile(r"data/proofs/(0|[1-9][0-9]{0,15})\.tlog-proof")
DISCLOSURE = re.compile(r"data/disclosures/(0|[1-9][0-9]{0,15})\.jsonl")
FRAMEWORK = re.compile(r"data/frameworks/([0-9a-f]{64})\.json")
TIMESTAMP = re.compile(r"data/(timestamps/[1-9][0-9]{0,15}\.[0-9a-f]{64}\.[1-9][0-9]?\.tsr)")
CHECKPOINT, KEYS, REPORT = "data/checkpoint", "data/keys", "data/report.html"
NAMED = ("digest-duplicate", "sd-slots", "type-unknown")
"""Defects of an entry that are told apart, as are those of its field disclosures; the others are `entry-form`."""
NEEDED = (CHECKPOINT, KEYS, *PARTS)


class Defect(Malformed):
    """A member of a bundle that can't be read; `index` is the entry's, where it is one of an entry's."""

    def __init__(self, err: LedgerError, path: str, index: int | None) -> None:
        super().__init__("bundle", path, err.code)
        self.index = index
        self.said = str(err)


@dataclass(frozen=True, slots=True)
class Shown:
    """A bundle's content. `entries` in order of index; `proofs` and `frameworks` as bytes, by index and by digest (hex)."""

    entries: tuple[ShownEntry, ...]
    proofs: Mapping[int, bytes]
    frameworks: Mapping[str, bytes]
    note: str
    checkpoint: Checkpoint
    keys: bytes
    completeness: Completeness
    redactions: Redactions
    consistency: Consistency
    claims: BundleClaims
    request: BundleRequest
    timestamps: Mapping[str, bytes] = field(default_factory=dict)
    """Tokens by path below `data/` (spec/timestamp.md), unread: whoever can judge them does."""

    @property
    def streams(self) -> tuple[StreamEnd, ...]:
        """Where each listed stream ends, and what of it is withheld."""
        return self.completeness.streams

    @property
    def by_index(self) -> dict[int, ShownEntry]:
        """The entries by index."""
        return {e.index: e for e in self.entries}

    def of_stream(self, stream: str) -> tuple[ShownEntry, ...]:
        """The shown entries of a stream, in order."""
        return tuple(e for e in self.entries if e.stream == stream)


def read_shown(files: Files) -> Shown:
    """Read all that stands below `data/`. Raises `Defect` (a `Malformed`) naming the member.

    Codes: `bag-missing`, `bag-extra`, `…-form` of a JSON member, `entry-…`, `type-unknown`, `disclosure-…`, the checkpoint's own.
    """
    missing = next((path for path in NEEDED if path not in files), None)
    if missing is not None:
        raise Defect(Malformed("bundle", missing, "bag-missing"), missing, None)
    found = {pattern: _numbered(files, pattern) for pattern in (EVENT, PROOF, DISCLOSURE)}
    packs = {m[1]: files[path] for path in sorted(files) if (m := FRAMEWORK.fullmatch(path))}
    tokens = {m[1]: files[path] for path in sorted(files) if (m := TIMESTAMP.fullmatch(path))}
    known = (
        {f"data/{path}" for path in tokens}
        | {path for by in found.values() for path in by.values()}
        | {f"data/frameworks/{d}.json" for d in packs}
    )
    extra = [path for path in sorted(files) if path.startswith("data/") and path not in {*known, *NEEDED, REPORT}]
    extra += [found[kind][n] for kind in (PROOF, DISCLOSURE) for n in sorted(found[kind]) if n not in found[EVENT]]
    if extra:
        raise Defect(Malformed("bundle", extra[0], "bag-extra"), extra[0], None)
    bare = next((n for n in sorted(found[EVENT]) if n not in found[PROOF]), None)
    if bare is not None:
        raise Defect(Malformed("bundle", "proof", "proof-missing"), found[EVENT][bare], bare)
    note, checkpoint = _checkpoint(files[CHECKPOINT])
    return Shown(
        entries=_entries(files, found[EVENT], found[DISCLOSURE]),
        proofs={n: files[path] for n, path in sorted(found[PROOF].items())},
        frameworks=packs,
        note=note,
        checkpoint=checkpoint,
        keys=files[KEYS],
        completeness=_part(files, "data/completeness.json", Completeness),
        redactions=_part(files, "data/redactions.json", Redactions),
        consistency=_part(files, "data/consistency.json", Consistency),
        claims=_part(files, "data/claims.json", BundleClaims),
        request=_part(files, "data/request.json", BundleRequest),
        timestamps=tokens,
    )


def _numbered(files: Files, pattern: re.Pattern[str]) -> dict[int, str]:
    return {parse_uint(m[1]): path for path in files if (m := pattern.fullmatch(path))}


def _part(files: Files, path: str, kind: type[T]) -> T:
    try:
        return parse_part(files[path], kind)
    except LedgerError as err:
        raise Defect(err, path, None) from err


def _checkpoint(raw: bytes) -> tuple[str, Checkpoint]:
    try:
        note = decode_note(raw)
        return note, read_checkpoint(note)[0]
    except LedgerError as err:
        raise Defect(Malformed("bundle", "checkpoint", "checkpoint-malformed"), CHECKPOINT, None) from err


def _entries(files: Files, events: Mapping[int, str], disclosed: Mapping[int, str]) -> tuple[ShownEntry, ...]:
    owners: dict[str, str] = {}
    entries: list[ShownEntry] = []
    for n in sorted(events):
        extra = files[disclosed[n]] if n in disclosed else None
        try:
            entries.append(read_shown_entry(n, files[events[n]], extra, owners))
        except LedgerError as err:
            code = err.code if err.code.startswith("disclosure-") or err.code in NAMED else "entry-form"
            raise Defect(Malformed("bundle", err.code, code), events[n], n) from err
    return tuple(entries)
