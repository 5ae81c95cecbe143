"""Bundles of a simulated lab, without a database: honest ones, and such as whoever holds the engine's key could forge.

Whatever a test bends, the bag around it is sealed anew with the lab's real keys: what is found is the defect itself, not a manifest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from api.author import statement_of
from api.founding import ENGINE
from disclosures.bag import Head, Predicate, bag_files, seal_bag
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
)
from disclosures.report_html import render
from disclosures.shown import REPORT, Shown, read_shown
from ledger.canonical import dumps
from ledger.entry import leaf_hash, parse_entry, read_entry
from ledger.errors import Malformed
from ledger.events import framework, model
from ledger.receipt import format_receipt
from ledger.registry import BODIES
from ledger.statement import format_statement, model_subject, peek_type, stream_subject
from ledger.stream_index import Head as StreamHead
from ledger.stream_index import StreamIndex
from ledger.strict import format_uuid7, micros
from ledger.tree import hash_children, prove_consistency, prove_inclusion, root_of
from tests.adopting import adopt
from tests.policies.world import shipped
from tests.simulator import Lab, _stream_of, signed

PACK, MODEL = "anthropic-rsp-2.2", "model/a"
Place = tuple[str, int]
"""Stream and version."""


@lru_cache(maxsize=1)
def told() -> tuple[Lab, dict[int, tuple[str, ...]]]:
    """A lab with a pack, a model whose name is withheld, compute facts, and a commitment to the stream index."""
    lab = Lab(name="bundled")
    adopt(lab, shipped(PACK))
    salt = bytes(range(16))
    subject = {"name": "Fictional-1", "weights": "sha256:" + "cd" * 32}
    written = lab.write(
        model.Registered, {"kind": "base", "subject": subject}, MODEL, "assessor",
        subject=model_subject(salt, subject["name"], subject["weights"]), subject_salt=salt,
    )  # fmt: skip
    disclosed = {lab.add(written).index: written.disclosures}
    lab.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="bc" * 32)
    for n in range(1, 5):
        lab.say(model.ComputeReached, {"of": "model/b", "ratio": f"{n}.5"}, MODEL, "evaluator")
    lab.commit_index()
    return lab, disclosed


def heads_at(lab: Lab, size: int) -> list[StreamHead]:
    """The heads of all streams after entries 0…size−1, read from the entries alone."""
    ends: dict[str, StreamHead] = {}
    for raw, stream in zip(lab.entries[:size], streams_of(lab), strict=False):
        old = ends.get(stream)
        ends[stream] = StreamHead(
            head=leaf_hash(raw).hex(), stream=stream, version=1 if old is None else old.version + 1
        )
    return list(ends.values())


def streams_of(lab: Lab) -> list[str]:
    """The stream of each entry."""
    return [_stream_of(parse_entry(raw).envelope) for raw in lab.entries]


def commit_as_is(lab: Lab, **bent: Any) -> None:
    """The engine commits to the heads of whatever stands in the log, admitted or not; `bent` members of the body are a lie."""
    size = len(lab.entries)
    found = StreamIndex(heads_at(lab, size))
    payload = format_statement(
        body={"root": found.root.hex(), "size": size, "streams": found.streams, **bent},
        event_id=format_uuid7(micros(lab.time) // 1000, bytes.fromhex(leaf_hash(lab.entries[-1]).hex()[:20])),
        founding=lab.founding, ledger=lab.origin, occurred_at=lab.time, signers=(lab.keys[ENGINE].keyid,), stream="ledger",
        subject=stream_subject("ledger"), predicate_type="urn:holdpoint:event:index.committed:1",
    )  # fmt: skip
    lab.slip(signed(payload, lab.keys[ENGINE]))
    lab.tick()


CLASSES = ("not-allowed", "other", "x")
"""Redaction classes that tests withhold under."""


def everything() -> dict[str, Any]:
    """A profile that allows every type, field and claim, and knows the tests' classes."""
    grounded = {"character": "what the type says", "ground": "Cal. BPC 22757.14", "justification": "a fictional ground"}
    return {
        "audience": "a fictional authority", "claims": ["decision", "incident", "status"], "id": "everything",
        "schema": "holdpoint.profile/1", "source": "none: a test", "title": "Everything",
        "shows": [
            {"fields": ["*"], "type": b.event.name, **({"disclose": sorted(b.event.hideable)} if b.event.hideable else {})}
            for b in BODIES
        ],
        "withholds": [
            *({**grounded, "id": c, "kind": "event", "of": ["*"], "what": c} for c in CLASSES),
            {**grounded, "id": "fields", "kind": "field", "of": ["*"], "what": "fields"},
        ],
    }  # fmt: skip


@dataclass(slots=True)
class Forger:
    """What a bundle shows of a lab's log; every part may be bent before `files` seals it."""

    lab: Lab
    disclosures: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    withheld: Mapping[Place, str] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    since: tuple[int, ...] = (1,)
    subject: str = MODEL
    claims: tuple[dict[str, Any], ...] = ()
    profile: Mapping[str, Any] = field(default_factory=everything)
    committed: int | None = None
    tags: Mapping[str, bytes] = field(default_factory=dict)

    def node(self, level: int, n: int) -> bytes:
        """A complete subtree of the log."""
        if level == 0:
            return leaf_hash(self.lab.entries[n])
        return hash_children(self.node(level - 1, 2 * n), self.node(level - 1, 2 * n + 1))

    def payload(self) -> dict[str, bytes]:
        """The files below `data/`."""
        size, note = len(self.lab.entries), self.lab.note()
        names = streams_of(self.lab)
        last_commitment = max(n for n, name in enumerate(self.names()) if name == "index.committed")
        at = last_commitment if self.committed is None else self.committed
        index = StreamIndex(heads_at(self.lab, at))
        listed = self.listed or tuple(h.stream for h in index.heads)
        versions: dict[str, int] = {}
        files: dict[str, bytes] = {"data/checkpoint": note.encode(), "data/keys": self.keys()}
        shown: list[int] = []
        for n, (raw, stream) in enumerate(zip(self.lab.entries, names, strict=True)):
            versions[stream] = versions.get(stream, 0) + 1
            if stream not in listed or (stream, versions[stream]) in self.withheld:
                continue
            if stream != "ledger" and n >= at:
                continue
            shown.append(n)
            files[f"data/events/{n}.json"] = raw
            files[f"data/proofs/{n}.tlog-proof"] = format_receipt(n, prove_inclusion(self.node, n, size), note).encode()
            if n in self.disclosures:
                files[f"data/disclosures/{n}.jsonl"] = "".join(f"{t}\n" for t in sorted(self.disclosures[n])).encode()
        ends = tuple(self.end(index, s) for s in sorted(listed))
        classes = tuple(
            RedactionClass(
                character="what the type says", count=sum(1 for k in self.withheld.values() if k == c), ground="Cal. BPC 22757.14",
                id=c, justification="a fictional ground", kind="event", retained_until=None, what=c,
            )
            for c in sorted(set(self.withheld.values()))
        )  # fmt: skip
        last = parse_entry(self.lab.entries[-1]).recorded_at
        parts = (
            Completeness(
                absent=(), schema="holdpoint.completeness/1", streams=ends,
                committed=Committed(index=at, root=index.root.hex(), size=at, streams=index.streams),
            ),
            Redactions(classes=classes, schema="holdpoint.redactions/1"),
            Consistency(
                schema="holdpoint.consistency/1",
                proofs=tuple(
                    ConsistencyProof(path=tuple(h.hex() for h in prove_consistency(self.node, m, size)), size=m)
                    for m in sorted(self.since)
                ),
            ),
            BundleClaims(
                as_of=BundleAsOf(size=size, time=last), claims=self.claims, founding=self.lab.founding,
                ledger=self.lab.origin, schema="holdpoint.bundle-claims/1", subject=self.subject,
            ),
            BundleRequest(
                actions=(), first=shown[0], last=shown[-1], profile=dict(self.profile), recipient="a fictional authority",
                schema="holdpoint.bundle-request/1", since=tuple(sorted(self.since)), subject=self.subject,
            ),
        )  # fmt: skip
        names_of = ("completeness", "redactions", "consistency", "claims", "request")
        files |= {f"data/{name}.json": format_part(part) for name, part in zip(names_of, parts, strict=True)}
        for n in shown:
            pack = self.pack_of(n)
            if pack is not None:
                files[f"data/frameworks/{pack[0]}.json"] = pack[1]
        return files

    def names(self) -> list[str]:
        """The type of each entry."""
        return [peek_type(read_entry(raw)[1].payload).split(":")[3] for raw in self.lab.entries]

    def pack_of(self, n: int) -> tuple[str, bytes] | None:
        """Digest and bytes of the pack that an entry publishes."""
        body = statement_of(read_entry(self.lab.entries[n])[1].payload).predicate.body
        return (
            (body.digest.removeprefix("sha256:"), dumps(body.pack)) if isinstance(body, framework.Published) else None
        )

    def keys(self) -> bytes:
        """The log's verifier keys, one a line."""
        return "".join(f"{v}\n" for v in self.lab.log.vkeys).encode()

    def end(self, index: StreamIndex, stream: str) -> StreamEnd:
        """Where a stream ends, with its runs of withheld versions."""
        placed = index.prove(stream)
        assert placed is not None
        runs: list[Run] = []
        for version in range(1, placed.head.version + 1):
            kind = self.withheld.get((stream, version))
            if kind is None:
                continue
            if runs and runs[-1].to == version - 1 and runs[-1].class_ == kind:
                runs[-1] = Run(class_=kind, from_=runs[-1].from_, to=version)
            else:
                runs.append(Run(class_=kind, from_=version, to=version))
        return StreamEnd(
            head=placed.head.head, path=tuple(h.hex() for h in placed.path), position=placed.position, stream=stream,
            version=placed.head.version, withheld=tuple(runs),
        )  # fmt: skip

    def files(self, bend: Callable[[dict[str, bytes]], object] = lambda _f: None) -> dict[str, bytes]:
        """The sealed bundle, after `bend` had its way with the payload."""
        payload = self.payload()
        bend(payload)
        return self.seal(payload)

    def seal(self, payload: Mapping[str, bytes], engine: str = ENGINE, **predicate: Any) -> dict[str, bytes]:
        """A bag around any payload, signed by the engine's real key; with the report of what it shows, unless it has one."""
        return self.seal_as_is({REPORT: reported(payload), **payload}, engine, **predicate)

    def seal_as_is(self, payload: Mapping[str, bytes], engine: str = ENGINE, **predicate: Any) -> dict[str, bytes]:
        """The same around this payload, and nothing added."""
        head = Predicate(**{
            "checkpoint": Head(root=self.root(), size=len(self.lab.entries)), "founding": self.lab.founding,
            "ledger": self.lab.origin, "profile": str(self.profile["id"]), "recipient": "a fictional authority",
            "schema": "holdpoint.bundle/1", **predicate,
        })  # fmt: skip
        return seal_bag(bag_files(dict(payload), dict(self.tags)), head, self.lab.keys[engine])

    def root(self) -> str:
        """The root of the log, hex."""
        return root_of(len(self.lab.entries), self.node).hex()

    def shown(self) -> Shown:
        """What it shows."""
        return read_shown(self.files())


def reported(payload: Mapping[str, bytes]) -> bytes:
    """The report that an auditor will render; of a payload that can't be read, none is ever compared."""
    try:
        return render(read_shown(payload))
    except Malformed:
        return b"not compared"


def unsealed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The payload of a bundle, without its report: sealed again, it gets the one of what it shows then."""
    return {path: content for path, content in files.items() if path.startswith("data/") and path != REPORT}


def honest(**more: Any) -> Forger:
    """A bundle of the whole told story, the model's name disclosed."""
    lab, disclosed = told()
    return Forger(lab.fork(), disclosures=disclosed, **more)
