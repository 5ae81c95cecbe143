"""`verify --evidence DIR`: the original logs, imported again, against what the entries say of them.

A digest shows that it is the same file; that the record is what the file says, only a second import shows. Files are matched by
their digest, never by their name, and a run without its file is not passed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from api.importers import read_log
from api.importers.record import MAX_LOG, Record, digest_of
from auditor.source import folder_reader, is_bag, read_bag, read_zip
from auditor.verdict import Check, VerifyVerdict
from disclosures.shown import read_shown
from disclosures.shown_entry import read_shown_entry
from disclosures.stored_zip import Files, parse_zip
from ledger.checkpoint import read_checkpoint
from ledger.errors import LedgerError
from ledger.events import evaluation
from ledger.slots import is_hidden
from ledger.tile import WIDTH, parse_bundle, tile_path

V = VerifyVerdict
OF_RUN = tuple(f for f in Record.__struct_fields__ if f != "metrics")
OF_AMENDMENT = ("edits_detected", "log_bytes", "log_format", "log_sha256")
Run = tuple[int, type, Mapping[str, Any]]
"""Index, class of the body, and the body with what is disclosed."""


def evidence_checks(place: Path, folder: Path) -> tuple[Check, ...]:
    """What the logs in `folder` say of the runs that stand at `place`, a bundle or an export that has been verified."""
    records, unread = _imported(folder)
    checks: list[Check] = []
    runs = list(_runs(place))
    for index, kind, body in runs:
        found = [
            r for r in records.get(str(body["log_sha256"]), ()) if kind is evaluation.Amended or _same_run(r, body)
        ]
        if not found:
            there = str(body["log_sha256"]) in unread
            code, why = ("evidence-unreadable", "can't be imported") if there else ("evidence-missing", "is not here")
            checks.append(Check("evidence", V.INCOMPLETE, code, f"entry {index}: its log, by digest, {why}", index))
            continue
        wrong = min((_differing(r, kind, body) for r in found), key=len)
        if wrong:
            detail = f"entry {index}: the log says another {wrong[0]} than what was recorded"
            checks.append(Check("evidence", V.INVALID, "evidence-differs", detail, index))
    if not runs:
        checks.append(Check("evidence", V.INCOMPLETE, "evidence-empty", "no evaluation is shown that logs could be of"))
    if not checks:
        hidden = sum(any(is_hidden(s) for s in body.get("scores", ({"...": ""},))) for _, _, body in runs)
        unnamed = sum(kind is evaluation.Recorded and "model_as_named" not in body for _, kind, body in runs)
        detail = f"{len(runs)} runs imported again: the same records; the scores of {hidden} are withheld or none"
        detail += f"; the name of the model as {unnamed} have it is withheld, and not compared" if unnamed else ""
        checks.append(Check("evidence", V.VALID_UNWITNESSED, "ok", detail))
    return tuple(checks)


def _imported(folder: Path) -> tuple[dict[str, list[Record]], set[str]]:
    """Records by the digest of their file, and the digests of files that are no logs (receipts); links are not followed."""
    records: dict[str, list[Record]] = {}
    unread: set[str] = set()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        if path.stat().st_size > MAX_LOG:
            continue
        data = path.read_bytes()
        try:
            for record in read_log(data):
                records.setdefault(record.log_sha256, []).append(record)
        except LedgerError:
            unread.add(digest_of(data))
    return records, unread


def _same_run(record: Record, body: Mapping[str, Any]) -> bool:
    return (record.run, record.task) == (body["run"], body["task"])


def _differing(record: Record, kind: type, body: Mapping[str, Any]) -> list[str]:
    """The members of a record that the entry says otherwise; scores only where they are open or disclosed."""
    value: dict[str, Any] = {
        k: v for k, v in msgspec.json.decode(msgspec.json.encode(record)).items() if (k, v) != ("revision", {})
    }
    names = OF_RUN if kind is evaluation.Recorded else OF_AMENDMENT
    wrong = [name for name in names if not _agrees(name, value.get(name), body)]
    return wrong if "scores" not in body or same_scores(body["scores"], value["metrics"]) else [*wrong, "score"]


def _agrees(name: str, value: Any, body: Mapping[str, Any]) -> bool:
    """Whether a record's member is what the entry says of it, as far as that is open or disclosed."""
    kind = evaluation.Recorded.event
    if name not in body and name in kind.withholdable:
        return True
    said = body.get(name)
    inside = next((m.names for m in kind.members if m.field == name), ())
    if not isinstance(said, Mapping) or not inside:
        return bool(value == said)
    known = {k: v for k, v in (value or {}).items() if k in said or k not in inside}
    return known == {k: v for k, v in said.items() if k != "_sd"}


def same_scores(said: Sequence[Any], measured: Sequence[Any]) -> bool:
    """All of them in order; where some are withheld, the open ones in their order."""
    found = [one for one in said if not is_hidden(one)]
    if len(found) == len(said):
        return found == list(measured)
    rest = iter(measured)
    return all(any(one == other for other in rest) for one in found)


def _runs(place: Path) -> Iterator[Run]:
    for index, body, said in _bodies(place):
        if isinstance(body, evaluation.Recorded | evaluation.Amended):
            yield index, type(body), said


def _bodies(place: Path) -> Iterator[tuple[int, Any, Mapping[str, Any]]]:
    """Index, typed body, and opened body of every entry at a place."""
    if not place.is_dir() or is_bag(place):
        files: Files = read_bag(place) if place.is_dir() else parse_zip(read_zip(place))
        for one in read_shown(files).entries:
            yield one.index, one.statement.predicate.body, one.body
        return
    owners: dict[str, str] = {}
    for index, raw in enumerate(_entries(place)):
        if not raw:  # suppressed: there is nothing to compare a log with, and the verdict says so
            continue
        one = read_shown_entry(index, raw, None, owners)
        yield index, one.statement.predicate.body, one.body


def _entries(folder: Path) -> Iterable[bytes]:
    read = folder_reader(folder)
    size = read_checkpoint((read("checkpoint") or b"").decode())[0].size
    for n in range(-(-size // WIDTH)):
        width = min(WIDTH, size - n * WIDTH)
        yield from parse_bundle(read(tile_path(None, n, width)) or b"", width)
