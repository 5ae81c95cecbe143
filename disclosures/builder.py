"""A disclosure bundle, built: pure and deterministic, so that the same request at the same checkpoint gives the same bytes.

A field that the profile does not allow cannot leave: entries are shown by `Profile.shows_entry` alone (and what was erased of a
listed stream), field disclosures by the profile's `disclose` alone, and the verifier holds the bundle against the same profile
(`profile-exceeded`, T33).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec
from msgspec.structs import replace as replaced

from disclosures.absence import absences, edges_open
from disclosures.bag import Head as BagHead
from disclosures.bag import Predicate, bag_files, seal_bag
from disclosures.closure import LEDGER, Found, Gone, Source, closure
from disclosures.erased import Seen, erased_classes, unheld_classes
from disclosures.partial import fold_shown
from disclosures.parts import (
    BundleAsOf,
    BundleClaims,
    BundleRequest,
    Committed,
    Completeness,
    Consistency,
    ConsistencyProof,
    RedactionClass,
    Redactions,
    Run,
    StreamEnd,
    format_part,
    parse_part,
)
from disclosures.profile import Profile, profile_object
from disclosures.report_html import render
from disclosures.shown import REPORT, read_shown
from disclosures.stored_zip import Files
from disclosures.subject_claims import claims_for
from ledger.canonical import dumps
from ledger.checkpoint import read_checkpoint
from ledger.disclosed import place_disclosed
from ledger.entry import read_entry
from ledger.errors import Malformed
from ledger.events import framework
from ledger.events.disclosure import Erased
from ledger.keys import Signer
from ledger.receipt import format_receipt
from ledger.slots import open_members
from ledger.state import State
from ledger.stream_index import StreamIndex
from ledger.tree import prove_consistency, prove_inclusion
from ledger.withheld import place_held


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: of whom, for whom, under which profile; `since` are sizes that the reader holds a checkpoint of,
    `absent` streams that are said not to exist.
    """

    subject: str
    recipient: str
    profile: Profile
    actions: tuple[str, ...] = ()
    since: tuple[int, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """The log at its checkpoint: where its entries are read, what they fold to, the newest commitment to the stream index."""

    source: Source
    note: str
    state: State
    committed: int
    vkeys: tuple[str, ...]
    founding: str
    tokens: Mapping[str, bytes] = field(default_factory=dict)
    """Timestamp tokens by path (spec/timestamp.md), all over one checkpoint, whose size stands among `since`."""


def build_bundle(log: Log, asked: Asked, engine: Signer, tags: Files) -> dict[str, bytes]:
    """The files of the bundle. Raises `Malformed`: `subject-unknown` where no such stream existed at the commitment,
    `since-beyond` where a size to prove consistency from is none of this log's, `absent-exists`.
    """
    checkpoint, _ = read_checkpoint(log.note)
    if any(not 0 < size <= checkpoint.size for size in asked.since):
        raise Malformed("bundle", "since", "since-beyond")
    index = StreamIndex(log.source.heads(log.committed))
    if index.prove(asked.subject) is None:
        raise Malformed("bundle", "subject", "subject-unknown")
    streams = closure(log.source, asked.subject, (h.stream for h in index.heads))
    shown, withheld = _split(log, asked.profile, streams)
    ends = _ends(index, streams, withheld)
    asked = _with_edges(asked, index, ends)
    time = read_entry(log.source.entry(checkpoint.size - 1))[0].recorded_at
    entries = _entries(log, asked.profile, shown, checkpoint.size)
    payload = {
        "data/checkpoint": log.note.encode(),
        "data/keys": "".join(f"{v}\n" for v in log.vkeys).encode(),
        **{f"data/{path}": raw for path, raw in log.tokens.items()},
        **entries,
        "data/completeness.json": format_part(_completeness(log, asked, index, ends)),
        "data/consistency.json": format_part(_consistency(log, asked.since, checkpoint.size)),
        "data/redactions.json": format_part(_redactions(asked.profile, _seen(shown, entries), withheld, time)),
        "data/request.json": format_part(_request(asked, shown)),
    }
    bare = BundleClaims(
        as_of=BundleAsOf(size=checkpoint.size, time=time), claims=(), founding=log.founding, ledger=checkpoint.origin,
        schema="holdpoint.bundle-claims/1", subject=asked.subject,
    )  # fmt: skip
    seen = read_shown({**payload, "data/claims.json": format_part(bare)})
    claims = claims_for(seen, fold_shown(seen), asked.profile.claims, asked.actions, log.state)
    said = payload["data/claims.json"] = format_part(replaced(bare, claims=claims))
    payload[REPORT] = render(replace(seen, claims=parse_part(said, BundleClaims)))
    predicate = Predicate(
        checkpoint=BagHead(root=checkpoint.root.hex(), size=checkpoint.size), founding=log.founding,
        ledger=checkpoint.origin, profile=asked.profile.id, recipient=asked.recipient, schema="holdpoint.bundle/1",
    )  # fmt: skip
    return seal_bag(bag_files(payload, tags), predicate, engine)


Withheld = dict[str, dict[int, str]]
"""Stream → version → class."""


def _split(log: Log, profile: Profile, streams: Mapping[str, list[Found | Gone]]) -> tuple[list[Found], Withheld]:
    """What is shown, by index, and what is withheld; beyond the commitment only the ledger's own stream goes on."""
    shown: list[Found] = []
    withheld: Withheld = {}
    for stream, entries in streams.items():
        for one in entries:
            if stream != LEDGER and one.index >= log.committed:
                continue
            if isinstance(one, Gone):
                withheld.setdefault(stream, {})[one.version] = suppressed_class(profile)
                continue
            name = one.body.event.name
            if stream == LEDGER or isinstance(one.body, Erased) or profile.shows_entry(name, _members(one)):
                shown.append(one)
            else:
                withheld.setdefault(stream, {})[one.version] = profile.class_of(name).id
    return sorted(shown, key=lambda f: f.index), withheld


def suppressed_class(profile: Profile) -> str:
    """The id of the class of suppressed entries: none of the profile's own."""
    taken = {w.id for w in profile.withholds}
    return next(
        n for n in ("suppressed", "suppressed-by-root", *(f"suppressed-{i}" for i in range(99))) if n not in taken
    )


def _members(one: Found) -> Iterable[str]:
    """The members of an entry's body that show something, as they are signed."""
    return open_members(one.body.event, msgspec.to_builtins(one.body))


def _entries(log: Log, profile: Profile, shown: Iterable[Found], size: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for one in shown:
        path = prove_inclusion(log.source.node, one.index, size)
        files[f"data/events/{one.index}.json"] = one.raw
        files[f"data/proofs/{one.index}.tlog-proof"] = format_receipt(one.index, path, log.note).encode()
        texts = _disclosed(log.source, profile, one)
        if texts:
            files[f"data/disclosures/{one.index}.jsonl"] = "".join(f"{t}\n" for t in texts).encode()
        if isinstance(one.body, framework.Published):
            files[f"data/frameworks/{one.body.digest.removeprefix('sha256:')}.json"] = dumps(one.body.pack)
    return files


def _disclosed(source: Source, profile: Profile, one: Found) -> list[str]:
    """The field disclosures that the profile lets out, ascending; of the ledger's own stream none."""
    allowed = profile.allowed(one.body.event.name)
    if allowed is None or not allowed.disclose or one.statement.predicate.stream == LEDGER:
        return []
    held = source.disclosures(one.index, frozenset(allowed.disclose))
    placed = place_held(msgspec.to_builtins(one.body), held)
    return sorted(p.disclosure.text for p in placed if p.member in allowed.disclose)


def _ends(index: StreamIndex, streams: Iterable[str], withheld: Withheld) -> tuple[StreamEnd, ...]:
    """Where each stream ends; one that began after the commitment is left out."""
    placed = [p for p in map(index.prove, streams) if p is not None]
    return tuple(
        StreamEnd(
            head=p.head.head, path=tuple(h.hex() for h in p.path), position=p.position, stream=p.head.stream,
            version=p.head.version, withheld=_runs(withheld.get(p.head.stream, {})),
        )
        for p in placed
    )  # fmt: skip


def _with_edges(asked: Asked, index: StreamIndex, ends: Iterable[StreamEnd]) -> Asked:
    """A status is as good as the list of frameworks: where one may be claimed, that none was left out is asked about too."""
    if "status" not in asked.profile.claims or not asked.actions:
        return asked
    edges = edges_open(index.streams, ends, absences(index, asked.absent))
    return replace(asked, absent=(*asked.absent, *edges))


def _completeness(log: Log, asked: Asked, index: StreamIndex, ends: tuple[StreamEnd, ...]) -> Completeness:
    committed = Committed(index=log.committed, root=index.root.hex(), size=log.committed, streams=index.streams)
    return Completeness(
        absent=absences(index, asked.absent), committed=committed, schema="holdpoint.completeness/1", streams=ends
    )


def _runs(versions: Mapping[int, str]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for version in sorted(versions):
        kind = versions[version]
        if runs and (runs[-1].to, runs[-1].class_) == (version - 1, kind):
            runs[-1] = Run(class_=kind, from_=runs[-1].from_, to=version)
        else:
            runs.append(Run(class_=kind, from_=version, to=version))
    return tuple(runs)


def _consistency(log: Log, since: Iterable[int], size: int) -> Consistency:
    proofs = tuple(
        ConsistencyProof(path=tuple(h.hex() for h in prove_consistency(log.source.node, m, size)), size=m)
        for m in sorted(set(since))
    )
    return Consistency(proofs=proofs, schema="holdpoint.consistency/1")


def _seen(shown: Iterable[Found], files: Files) -> list[Seen]:
    """What each shown entry tells of its members."""
    found: list[Seen] = []
    for one in shown:
        lines = files.get(f"data/disclosures/{one.index}.jsonl", b"").decode("ascii").split()
        opened = place_disclosed(msgspec.to_builtins(one.body), lines, one.body.event) if lines else None
        names = frozenset() if opened is None else frozenset(p.member for p in opened.placed)
        found.append(Seen(one.index, one.statement.predicate.stream, one.body, frozenset(_members(one)), names))
    return found


def _redactions(profile: Profile, shown: list[Seen], withheld: Withheld, as_of: str) -> Redactions:
    counts: dict[str, int] = {}
    for versions in withheld.values():
        for kind in versions.values():
            counts[kind] = counts.get(kind, 0) + 1
    for one in shown:
        said = one.body.event
        allowed = profile.allowed(said.name)
        if allowed is not None and said.hideable and one.stream != LEDGER:
            for name in said.hideable:
                found = None if name in allowed.disclose else profile.field_class(said.name, name)
                if found is not None:
                    counts.setdefault(found.id, 0)
    classes = [
        RedactionClass(
            character=w.character, count=counts[w.id], ground=w.ground, id=w.id, justification=w.justification,
            kind=w.kind, retained_until=w.retained_until(as_of), what=w.what,
        )
        for w in profile.withholds
        if w.id in counts
    ]  # fmt: skip
    gone = suppressed_class(profile)
    if gone in counts:
        by_root = RedactionClass(
            character="an entry that the root suppressed, for everybody", count=counts[gone],
            ground="said by the entry.suppressed of each, in stream ledger", id=gone, justification="", kind="suppressed",
            retained_until=None, what="entries with a secret or a personal datum in an open field",
        )  # fmt: skip
        classes.append(by_root)
    classes += [*erased_classes(shown), *unheld_classes(profile, shown)]
    return Redactions(classes=tuple(sorted(classes, key=lambda c: c.id)), schema="holdpoint.redactions/1")


def _request(asked: Asked, shown: list[Found]) -> BundleRequest:
    return BundleRequest(
        absent=tuple(sorted(set(asked.absent))), actions=asked.actions, first=shown[0].index, last=shown[-1].index,
        profile=profile_object(asked.profile), recipient=asked.recipient, schema="holdpoint.bundle-request/1",
        since=tuple(sorted(set(asked.since))), subject=asked.subject,
    )  # fmt: skip
