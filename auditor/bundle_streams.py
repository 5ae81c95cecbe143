"""Completeness: each listed stream is shown, or counted as withheld, to its proven end; references lead to listed streams.

What an entry left out would betray: a version missing (`gap`), a chain that does not fit (`chain-broken`), an end that is not the
committed one (`head-mismatch`), a reference that leads nowhere (spec/bundle.md §3).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from auditor.checks import Checks
from disclosures.absence import EDGES, FRAMEWORK, frameworks_open
from disclosures.closure import named_models
from disclosures.parts import StreamEnd
from disclosures.shown import Shown
from ledger.errors import LedgerError
from ledger.events import index, model
from ledger.registry import BY_NAME
from ledger.stream_index import Head, Placed, check_head
from ledger.strict import unhex

LEDGER = "ledger"


def check_streams(shown: Shown, checks: Checks) -> None:
    """All of spec/bundle.md §3."""
    before = len(checks.done)
    _committed(shown, checks)
    _listed(shown, checks)
    for end in shown.streams:
        _proven(shown, end, checks)
        _versions(shown, end, checks)
        _chain(shown, end, checks)
    _references(shown, checks)
    if len(checks.done) > before:
        return
    withheld = sum(run.to - run.from_ + 1 for end in shown.streams for run in end.withheld)
    checks.holds(
        "streams",
        f"{len(shown.streams)} streams to their ends as of {shown.completeness.committed.size}; {withheld} entries withheld",
    )
    committed = shown.completeness.committed.index
    checks.notes.append(
        f"that the stream index of entry {committed} is true of all streams: it rests on a full auditor who recomputed one"
    )
    if committed + 1 < shown.checkpoint.size:
        checks.notes.append(
            f"what was recorded from index {committed + 1} on, but for the entries shown: ends are as of {committed}"
        )


def _committed(shown: Shown, checks: Checks) -> None:
    said = shown.completeness.committed
    shown_commits = [e for e in shown.entries if isinstance(e.statement.predicate.body, index.Committed)]
    for one in shown_commits:
        if one.statement.predicate.body.size != one.index:
            checks.fails(
                "streams", "index-mismatch", f"entry {one.index} commits to another size than its index", one.index
            )
    newest = shown_commits[-1] if shown_commits else None
    if newest is None:
        checks.fails("streams", "index-mismatch", f"no index.committed is shown, though entry {said.index} is named")
        return
    body: index.Committed = newest.statement.predicate.body
    if (newest.index, body.root, body.size, body.streams) != (said.index, said.root, said.size, said.streams):
        detail = f"what completeness.json says of the stream index is not what entry {newest.index} committed to"
        checks.fails("streams", "index-mismatch", detail, newest.index)


def _listed(shown: Shown, checks: Checks) -> None:
    names = [end.stream for end in shown.streams]
    if names != sorted(set(names)):
        checks.fails("streams", "completeness-form", "the streams are not in order, or one is listed twice")
    _frameworks(shown, checks)
    absent = {a.stream for a in shown.completeness.absent}
    for name in (LEDGER, shown.request.subject):
        if name not in names and name not in absent - {LEDGER}:
            checks.fails("streams", "gap", f"stream {name} is not listed: where it ends is not shown")
    for one in shown.entries:
        if one.stream not in names:
            detail = f"entry {one.index} stands in {one.stream}, whose end is not shown"
            checks.fails("streams", "gap", detail, one.index)
            return


def _frameworks(shown: Shown, checks: Checks) -> None:
    """The index is ordered by name, so framework streams stand side by side in it: one that is left out leaves a gap between
    two others. At the ends only a neighbour's name could show it, which is another's to show (`absent`).
    """
    ends = [end for end in shown.streams if end.stream.startswith(FRAMEWORK)]
    for one, two in pairwise(ends):
        if two.position != one.position + 1:
            detail = (
                f"between {one.stream} and {two.stream} the stream index holds {two.position - one.position - 1} more"
            )
            checks.fails("streams", "gap", detail)
    if frameworks_open(shown.completeness):
        detail = "that no framework stream stands before or behind those listed, in the order of names"
        checks.notes.append(f"{detail}: ask for {' and '.join(EDGES)} as absent")


def _placed(head: Head, position: int, path: Iterable[str]) -> Placed:
    return Placed(head, position, tuple(unhex(h) for h in path))


def _proven(shown: Shown, end: StreamEnd, checks: Checks) -> None:
    said = shown.completeness.committed
    head = Head(head=end.head, stream=end.stream, version=end.version)
    try:
        check_head(_placed(head, end.position, end.path), said.streams, unhex(said.root))
    except LedgerError as err:
        checks.fails("streams", "index-mismatch", f"{end.stream}: its end is not proven in the stream index: {err}")


def _versions(shown: Shown, end: StreamEnd, checks: Checks) -> None:
    """Versions 1…v, each shown or withheld and never both; of `ledger` all are shown, and go on behind the commitment.

    By intervals, never by counting: a forged version may be as large as a number can be.
    """
    entries = shown.of_stream(end.stream)
    if any(one.version >= two.version for one, two in pairwise(entries)):
        checks.fails("streams", "gap", f"{end.stream}: a version is shown twice, or out of order")
        return
    if end.stream == LEDGER and end.withheld:
        checks.fails("streams", "gap", "entries of stream ledger are withheld: who might sign could not be known")
    if any(one.to >= two.from_ for one, two in pairwise(end.withheld)) or any(r.to < r.from_ for r in end.withheld):
        checks.fails("streams", "completeness-form", f"{end.stream}: withheld versions are not in order")
        return
    spans = sorted([(e.version, e.version) for e in entries] + [(r.from_, r.to) for r in end.withheld])
    following = 1
    for first, last in [*spans, (end.version + 1, end.version)]:
        if first < following <= end.version + 1 and last >= first:
            checks.fails("streams", "gap", f"{end.stream}: version {first} is shown and said to be withheld")
            return
        if first > following:
            detail = f"{end.stream}: version {following} of {end.version} is neither shown nor withheld"
            checks.fails("streams", "gap", detail)
            return
        following = max(following, last + 1)
    beyond = next((e for e in entries if e.version > end.version), None)
    if (end.stream != LEDGER and beyond is not None) or (end.withheld and end.withheld[-1].to > end.version):
        detail = f"{end.stream} is said to end at version {end.version}, and goes on"
        checks.fails("streams", "head-mismatch", detail, None if beyond is None else beyond.index)


def _chain(shown: Shown, end: StreamEnd, checks: Checks) -> None:
    by_version = {e.version: e for e in shown.of_stream(end.stream)}
    for version, one in sorted(by_version.items()):
        before = by_version.get(version - 1)
        if before is not None and one.previous != before.leaf:
            detail = f"{end.stream}: version {version} does not follow the version {version - 1} that is shown"
            checks.fails("streams", "chain-broken", detail, one.index)
    last = by_version.get(end.version)
    if last is not None and last.leaf != end.head:
        detail = f"{end.stream}: the last version shown is not the one that the stream index holds"
        checks.fails("streams", "head-mismatch", detail, last.index)
    if end.stream == LEDGER and last is not None and last.index >= shown.completeness.committed.size:
        checks.fails("streams", "head-mismatch", "ledger: its end lies behind the commitment to it", last.index)


def _references(shown: Shown, checks: Checks) -> None:
    """What the shown entries of model streams say of other models, and the subject's of any stream, leads to a stream that is
    listed (domain.md §2). What concerns a related model alone is not this bundle's.
    """
    names, hidden, led = {end.stream for end in shown.streams}, _hidden(shown), set[int]()
    for one in shown.entries:
        body = one.statement.predicate.body
        for other in named_models(body):
            if other not in names:
                checks.fails("streams", "gap", f"{one.stream} names {other}, whose end is not shown", one.index)
        if not isinstance(body, model.Referenced) or one.stream != shown.request.subject or body.index in led:
            continue
        led.add(body.index)
        if not _leads_somewhere(shown, hidden, body):
            detail = f"entry {body.index} ({body.type}) names {one.stream}, and is neither shown nor withheld"
            checks.fails("streams", "gap", detail, body.index)


@dataclass(slots=True)
class _Hidden:
    """Withheld entries of one kind of stream: the leaves that are known, and how many others there are."""

    leaves: set[str] = field(default_factory=set)
    others: int = 0


def _hidden(shown: Shown) -> dict[str, _Hidden]:
    """By the first word of the stream's name. Of a run only the last leaf is known: by the `previous` of a shown successor, or
    as the head.
    """
    found: dict[str, _Hidden] = {}
    for end in shown.streams:
        kind = found.setdefault(end.stream.partition("/")[0], _Hidden())
        previous = {e.version: e.previous for e in shown.of_stream(end.stream)}
        for run in end.withheld:
            known = end.head if run.to == end.version else previous.get(run.to + 1)
            kind.others += run.to - run.from_ + (1 if known is None else 0)
            kind.leaves |= set() if known is None else {known}
    return found


def _leads_somewhere(shown: Shown, hidden: dict[str, _Hidden], body: model.Referenced) -> bool:
    """To a shown entry, to a withheld one of that leaf, or to one of those whose leaf nobody knows: each stands for one alone."""
    found = shown.by_index.get(body.index)
    if found is not None:
        return found.leaf == body.leaf
    known = BY_NAME.get(body.type)
    kinds = list(hidden.values()) if known is None else [hidden.get(known.event.stream, _Hidden())]
    if any(body.leaf in kind.leaves for kind in kinds):
        return True
    spare = next((kind for kind in kinds if kind.others > 0), None)
    if spare is None:
        return False
    spare.others -= 1
    return True
