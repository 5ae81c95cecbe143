"""Erase withheld fields whose retention has passed: what would go, the signed word for it, and the copies beside it.

The rows go in the transaction of the `disclosure.erased` (`append_batch`). Copies that were written from this folder and prepared
bundles that show such a field, go after it; a crash in between leaves copies that the next run finds, since it goes by the log.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.author import statement_of
from api.handing_over import write_synced
from api.wiring import Ledger
from disclosures.erased import Seen, is_erased
from disclosures.shown import read_shown
from disclosures.stored_zip import parse_zip
from ledger.canonical import loads_canonical
from ledger.entry import read_entry
from ledger.errors import Fault, LedgerError
from ledger.events import disclosure, model
from ledger.held import held_fields
from ledger.registry import BODIES
from ledger.store.vault import Count

PAGE = 1000
DEFAULT_GROUND = "its retention has passed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would do. `body` is the event's, or `None` where nothing may go; `counts` by type and field."""

    body: dict[str, Any] | None
    stream: str
    counts: tuple[Count, ...]
    retained: tuple[Count, ...]
    """Rows that were asked for and stay, for their retention has not passed."""

    @property
    def rows(self) -> int:
        """How many texts would go."""
        return sum(c.rows for c in self.counts)


def parse_only(only: Iterable[str]) -> dict[str, set[str]]:
    """`TYPE:FIELD` words as fields by type; all that types may withhold where there is none. Raises `Fault` `usage`."""
    known = {b.event.name: set(b.event.hideable) for b in BODIES if b.event.hideable}
    wanted: dict[str, set[str]] = {}
    for word in only:
        kind, _, field = word.partition(":")
        if field not in known.get(kind, ()):
            remedy = (
                "TYPE:FIELD, such as decision.made:reason; docs/reference/events.md lists what each type may withhold"
            )
            raise Fault("usage", "failed", f"no event type withholds {word}", remedy)
        wanted.setdefault(kind, set()).add(field)
    return wanted or known


def plan(
    ledger: Ledger, stream: str, wanted: Mapping[str, set[str]], first: int, last: int | None, ground: str
) -> Plan:
    """What may go of `stream` now. Without `last`: all up to the first entry of which something is still retained."""
    now = max(ledger.now(), ledger.appender.recorded_at)
    whole = _body(stream, wanted, first, ledger.appender.size - 1 if last is None else last, ground)
    asked = ledger.vault.named(whole, now)
    retained = tuple(c for c in asked if c.retained)
    begins = min((c.retained_from for c in retained if c.retained_from is not None), default=None)
    if last is None and begins is not None:
        whole = _body(stream, wanted, first, begins - 1, ground)
        asked = ledger.vault.named(whole, now) if begins > first else []
    elif retained:
        return Plan(None, stream, (), retained)
    if not asked:
        return Plan(None, stream, (), retained)
    fields: dict[str, set[str]] = {}
    for c in asked:
        fields.setdefault(c.type, set()).add(c.field)
    body = _body(stream, fields, min(c.first for c in asked), max(c.last for c in asked), ground)
    return Plan(_plain(body), stream, tuple(asked), retained)


def _body(stream: str, wanted: Mapping[str, set[str]], first: int, last: int, ground: str) -> disclosure.Erased:
    classes = tuple(disclosure.ErasedClass(fields=tuple(sorted(f)), type=t) for t, f in sorted(wanted.items()))
    return disclosure.Erased(classes=classes, first=first, ground=ground, last=max(first, last), stream=stream)


def _plain(body: disclosure.Erased) -> dict[str, Any]:
    classes = [{"fields": list(c.fields), "type": c.type} for c in body.classes]
    return {"classes": classes, "first": body.first, "ground": body.ground, "last": body.last, "stream": body.stream}


def sweep(ledger: Ledger) -> list[Path]:
    """Remove copies of erased texts from the ledger's folder, whenever they were left; the files that were changed or removed."""
    gone = list(erasures(ledger))
    if not gone:
        return []
    return [*_swept_copies(ledger, gone), *_swept_bundles(ledger, gone)]


def erasures(ledger: Ledger) -> Iterator[disclosure.Erased]:
    """Every erasure in the log."""
    after = -1
    while page := ledger.desk.find(after, PAGE, topic=disclosure.Erased.event.topic):
        for row in page:
            yield statement_of(read_entry(row.entry)[1].payload).predicate.body
        after = page[-1].index


def _swept_copies(ledger: Ledger, gone: list[disclosure.Erased]) -> Iterator[Path]:
    for path in sorted((ledger.folder / "disclosures").glob("*.jsonl")):
        index = ledger.desk.find_event_id(path.stem)
        if index is None:
            continue
        (row,) = ledger.desk.read_entries(index, index + 1)
        payload = read_entry(row.entry)[1].payload
        statement = statement_of(payload)
        sealed = loads_canonical(payload)["predicate"]["body"]
        body = statement.predicate.body
        seen = Seen(index, row.stream, body, frozenset(), frozenset())
        texts = path.read_text("ascii").splitlines()
        erased = {f.text for f in held_fields(sealed, texts, type(body)) if is_erased(seen, f.field, gone)}
        if not erased:
            continue
        record = path.with_name(f"{statement.subject[0].digest.sha256}.subject.json")
        if isinstance(body, model.Registered) and record.exists():
            record.unlink()  # name, weights and salt, as the erased text had them; first, for it is found by the copy alone
            yield record
        write_synced(path, "".join(f"{t}\n" for t in texts if t not in erased).encode(), mode=0o600)
        yield path


def _swept_bundles(ledger: Ledger, gone: list[disclosure.Erased]) -> Iterator[Path]:
    """Prepared bundles that show an erased text: their digests stay in `disclosure.made`, whoever got one has it."""
    for path in sorted((ledger.folder / "bundles").glob("*.zip")):
        try:
            entries = read_shown(parse_zip(path.read_bytes())).entries
        except LedgerError:
            continue  # half written by a crash, and handed to nobody
        shown = (Seen(e.index, e.stream, e.statement.predicate.body, frozenset(), {*e.disclosed}) for e in entries)
        if any(is_erased(s, name, gone) for s in shown for name in s.disclosed):
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
            yield path
