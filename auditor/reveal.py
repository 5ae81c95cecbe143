"""A later reveal: what an earlier bundle withheld and a later one shows is proven to be what was meant then (spec/withheld.md).

The earlier bundle's entries commit to digests; the later one brings the texts. Both must be of one history: the same entry, by
its leaf, in a tree that contains the other one. A name that nobody had in April is so proven in October to be April's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.bundle import Trust, verified
from auditor.bundle_anchor import check_pin
from auditor.checks import Checks
from auditor.pin import Pin
from auditor.verdict import Check, Report, VerifyVerdict
from disclosures.partial import Partial
from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from disclosures.stored_zip import Files
from ledger.canonical import dumps
from ledger.errors import LedgerError
from ledger.note import parse_vkey

V = VerifyVerdict
GRAVE = frozenset({V.DIVERGED, V.INVALID, V.ERROR})
LISTED = 20
"""How many fields the text names; `--json` has all, under `shown`."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """What was withheld then and is shown now: `path` inside the body of entry `index`, empty where the whole entry was."""

    index: int
    type: str
    path: str
    value: str


def verify_with(later: Files, earlier: Files, trust: Trust) -> Report:
    """The later bundle's report, and what it reveals of the earlier one. Never raises for what it reads."""
    now = verified(later, trust)
    if now.report.verdict in GRAVE or now.shown is None or now.partial is None:
        return now.report
    then, checks = verified(earlier), Checks()
    bad = next((c for c in then.report.checks if c.verdict in GRAVE), None)
    if bad is not None or then.shown is None:
        told = bad or then.report.checks[-1]
        checks.add("earlier", told.verdict, told.code, f"the earlier bundle: {told.detail}", told.index)
    else:
        checks.holds("earlier", f"the earlier bundle holds by itself, at size {then.report.size}")
        _linked(then.shown, now.shown, now.partial, trust, checks)
        _reveals(then.shown, now.shown, checks)
    return replace(now.report, checks=(*now.report.checks, *checks.done))


def _linked(old: Shown, new: Shown, partial: Partial, trust: Trust, checks: Checks) -> None:
    """Whether the later tree contains the earlier one: as a pin of the earlier head would be compared."""
    found = Checks()
    try:
        keys = tuple(parse_vkey(line) for line in old.keys.decode("ascii").splitlines())
        founding = next(e.leaf for e in old.entries if e.index == 0)
        then = Pin(old.checkpoint.origin, founding, keys, old.note, old.checkpoint)
        if old.checkpoint.size > new.checkpoint.size:
            detail = "the earlier bundle is of a larger tree than the later one: name them the other way round"
            checks.add("history", V.UNANCHORED, "earlier-larger", detail)
            return
        check_pin(new, partial, then, trust.tiles, found)
    except (LedgerError, UnicodeDecodeError, StopIteration) as err:
        checks.fails("history", "earlier-form", f"the earlier head can't be compared: {err}")
        return
    for one in found.done:
        checks.done.append(replace(one, name="history", detail=f"the earlier bundle's head as a pin: {one.detail}"))


def _reveals(old: Shown, new: Shown, checks: Checks) -> None:
    then, known = old.by_index, _leaves(old)
    found: list[Revealed] = []
    for one in new.entries:
        before = then.get(one.index)
        place = (one.stream, one.version)
        leaf = before.leaf if before is not None else known.get(place)
        if leaf is not None and leaf != one.leaf:
            detail = f"entry {one.index} is another than in the earlier bundle"
            checks.add("reveal", V.DIVERGED, "leaf-differs", detail, one.index)
            return
        found += _fields(before, one) if before is not None else _whole(old, one, place)
    if not found:
        detail = "nothing that the earlier bundle withheld is shown in this one"
        checks.add("reveal", V.INCOMPLETE, "nothing-revealed", detail)
        return
    named = "; ".join(f"entry {r.index} {r.path or r.type}" for r in found[:LISTED])
    more = f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
    detail = (
        f"{len(found)} withheld at size {old.checkpoint.size} are shown now, and are what was meant then: {named}{more}"
    )
    shown = tuple((f"entry {r.index} {r.path or r.type}", r.value) for r in found)
    checks.done.append(Check("reveal", V.VALID_UNWITNESSED, "ok", detail, None, shown))


def _fields(before: ShownEntry, now: ShownEntry) -> Iterator[Revealed]:
    """Field disclosures of an entry that came since. Each fits a digest that the same leaf commits to: `read_shown` saw to it."""
    had = {p.disclosure.text for p in before.placed}
    for placed in now.placed:
        if placed.disclosure.text not in had:
            path = ".".join(map(str, placed.path))
            yield Revealed(now.index, now.type, path, dumps(placed.disclosure.value).decode())


def _whole(old: Shown, now: ShownEntry, place: tuple[str, int]) -> Iterator[Revealed]:
    """An entry that the earlier bundle counted and did not show."""
    stream, version = place
    runs = (run for end in old.streams if end.stream == stream for run in end.withheld)
    if any(run.from_ <= version <= run.to for run in runs):
        yield Revealed(now.index, now.type, "", dumps(now.body).decode())


def _leaves(old: Shown) -> dict[tuple[str, int], str]:
    """The leaves that the earlier bundle tells of entries which it does not show: by the next one's `previous`, by the head."""
    found = {(e.stream, e.version - 1): e.previous for e in old.entries if e.version > 1}
    return found | {(end.stream, end.version): end.head for end in old.streams}
