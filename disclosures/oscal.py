"""A bundle as OSCAL 1.2.1 assessment results (JSON), with a DSSE side-car over its canonical form, as `trestle verify` reads it.

How our facts stand in NIST's model: each finding of a shown `gate.evaluated` (the newest of an action) is a finding on the
requirement of its pack; evaluations, determinations and attestations are observations, each with the entry as its evidence;
decisions are the assessment log. What is not met, whatever the reason, is `not-satisfied`: unknown is never met. No assessment
plan exists here, so `import-ap` points at the bundle. Identifiers are UUIDs of version 5: the same bundle, the same bytes.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid5

from disclosures.form import Given
from disclosures.report import said_of
from disclosures.report_tables import cell
from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from disclosures.visible import visible
from ledger.canonical import dumps
from ledger.envelope import format_envelope, sign_envelope
from ledger.errors import Fault
from ledger.events import decision, evaluation, framework, gate, safeguard, threshold
from ledger.keys import Signer

VERSION: Final = "1.2.1"
NAMESPACE: Final = UUID("3f0b7c62-6a0e-5d0e-9d8a-5a0c3b1f7e11")
"""Ours, drawn once; with a bundle's digest and a name in it, it makes each identifier."""
NS: Final = "urn:holdpoint:oscal:1"
PREDICATE: Final = "https://oscal-compass.github.io/compliance-trestle/predicates/oscal-signing/v1"
"""What `trestle verify` asks of the statement in a side-car (compliance-trestle 5.2)."""
OBSERVED: Final[dict[type[Any], str]] = {
    evaluation.Recorded: "TEST", threshold.Determined: "EXAMINE", safeguard.Attested: "EXAMINE",
}  # fmt: skip
READ_BY_TRESTLE: Final = ("ed25519", "ecdsa-p256-sha256")
SIDE_CAR: Final = ".dsse.json"
Json = dict[str, Any]


def make(given: Given) -> dict[str, bytes]:
    """The document in RFC 8785; with a key given, its side-car. The subject in it is the file's name. Raises `Fault` `empty`."""
    raw = dumps(_Writer(given).document())
    return {"": raw} if given.signer is None else {"": raw, SIDE_CAR: side_car(raw, given.name, given.signer)}


def side_car(canonical: bytes, name: str, signer: Signer) -> bytes:
    """A DSSE envelope over an in-toto statement with the digest of a document's canonical form. Raises `Fault` `key-unfit`."""
    if signer.alg not in READ_BY_TRESTLE:
        detail = f"a side-car can't be signed with {signer.alg}: trestle verify reads {' and '.join(READ_BY_TRESTLE)}"
        raise Fault("key-unfit", "failed", detail, "take a key of these, or leave --key out: there is no side-car then")
    digest = sha256(canonical).hexdigest()
    statement = dumps({
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": {
            "canonicalization": "RFC8785", "digestAlgorithm": "sha256", "digestSource": "canonical-json", "tool": "holdpoint",
        },
        "predicateType": PREDICATE,
        "subject": [{"digest": {"sha256": digest}, "name": name}],
    })  # fmt: skip
    return format_envelope(sign_envelope(statement, (signer,)))


def token(text: str) -> str:
    """A text as OSCAL's token: what it has no place for is an underscore; a letter or underscore stands first."""
    return re.sub(r"^(?![A-Za-z_])", "_", re.sub(r"[^A-Za-z0-9_.-]", "_", text))


def line(text: str) -> str:
    """A text as OSCAL's string or title: one line, with no blank at its ends, never empty."""
    return visible(text).strip() or "–"


class _Writer:
    def __init__(self, given: Given) -> None:
        self.given, self.shown = given, given.shown
        self.space = uuid5(NAMESPACE, given.digest)
        self.observed = {
            one.index: OBSERVED[kind] for one in self.shown.entries if (kind := _kind(one)) in OBSERVED
        }  # fmt: skip

    def id(self, *names: object) -> str:
        return str(uuid5(self.space, "/".join(map(str, names))))

    def document(self) -> Json:
        shown, claims = self.shown, self.shown.claims
        metadata = {
            "title": line(f"What {shown.checkpoint.origin} shows about {shown.request.subject}"),
            "last-modified": claims.as_of.time, "version": str(claims.as_of.size), "oscal-version": VERSION,
            "parties": [{"uuid": self.id("party"), "type": "organization", "name": line(shown.checkpoint.origin)}],
            "remarks": "Made from a Holdpoint disclosure bundle. It proves nothing by itself: verify the bundle.",
        }  # fmt: skip
        bundle = {
            "uuid": self.id("bundle"), "title": "The disclosure bundle",
            "description": "Entries, proofs and signatures that all of this rests on. There is no OSCAL assessment plan.",
            "rlinks": [{"href": "bundle.zip", "media-type": "application/zip",
                        "hashes": [{"algorithm": "SHA-256", "value": self.given.digest}]}],
        }  # fmt: skip
        return {"assessment-results": {
            "uuid": self.id("results"), "metadata": metadata, "import-ap": {"href": f"#{self.id('bundle')}"},
            "results": [self.result()], "back-matter": {"resources": [bundle]},
        }}  # fmt: skip

    def result(self) -> Json:
        shown, verified = self.shown, self.given.verified
        judged = self.judged()
        found: Json = {
            "uuid": self.id("result"), "title": line(f"{shown.request.subject}, as of {shown.claims.as_of.size} entries"),
            "description": f"{verified.verdict}: {verified.means}. Profile {line(cell(shown.request.profile.get('id')))}.",
            "start": shown.entries[0].recorded_at, "end": shown.claims.as_of.time,
            "props": [
                prop("verify-verdict", verified.verdict), prop("ledger", shown.checkpoint.origin),
                prop("founding", shown.claims.founding), prop("root", shown.checkpoint.root.hex()),
                prop("size", str(shown.checkpoint.size)), prop("bundle-sha256", self.given.digest),
                prop("withheld-entries", str(sum(c.count for c in shown.redactions.classes))),
            ],
            "reviewed-controls": {"control-selections": [_controls(shown, judged)]},
            "remarks": "Not proven: " + "; ".join(map(visible, verified.not_proven)),
        }  # fmt: skip
        lists = {
            "assessment-log": [self.logged(e) for e in shown.entries if _kind(e) is decision.Made],
            "observations": [self.observation(e) for e in shown.entries if e.index in self.observed],
            "findings": [self.finding(at, n, one) for at, n, one in judged],
        }  # fmt: skip
        full = {name: values for name, values in lists.items() if values}  # OSCAL has no empty lists
        if "assessment-log" in full:
            found["assessment-log"] = {"entries": full.pop("assessment-log")}
        return {**found, **full}

    def judged(self) -> list[tuple[ShownEntry, int, gate.RecordedFinding]]:
        """The findings of the newest shown answer on each action of the subject."""
        newest: dict[str, ShownEntry] = {}
        for one in self.shown.of_stream(self.shown.request.subject):
            body = one.statement.predicate.body
            if isinstance(body, gate.Evaluated):
                newest[body.action] = one
        return [
            (one, n, said)
            for _, one in sorted(newest.items())
            for n, said in enumerate(one.statement.predicate.body.findings)
        ]

    def finding(self, at: ShownEntry, n: int, said: gate.RecordedFinding) -> Json:
        met = said.state == "met"
        reason = {"met": "pass", "unmet": "fail"}.get(said.state, "other")
        related = [
            {"observation-uuid": self.id("observation", i)} for i in dict.fromkeys(said.indexes) if i in self.observed
        ]
        return {
            "uuid": self.id("finding", at.index, n), "title": line(f"{said.pack}: {said.requirement}"),
            "description": f"Clause {said.clause} for action {at.statement.predicate.body.action}: {said.state}.",
            "props": [prop("gate-index", str(at.index)), prop("state", said.state),
                      *(prop("evidence-index", str(i)) for i in dict.fromkeys(said.indexes))],
            "target": {
                "type": "objective-id", "target-id": _control(said),
                "status": {"state": "satisfied" if met else "not-satisfied", "reason": reason},
            },
            **({"related-observations": related} if related else {}),
        }  # fmt: skip

    def observation(self, one: ShownEntry) -> Json:
        return {
            "uuid": self.id("observation", one.index), "title": line(f"{one.type}, entry {one.index}"),
            "description": line(said_of(one)), "props": _place(one), "methods": [self.observed[one.index]],
            "relevant-evidence": [
                {"href": f"#{self.id('bundle')}", "description": f"data/events/{one.index}.json in the bundle"}
            ],
            "collected": one.recorded_at,
        }  # fmt: skip

    def logged(self, one: ShownEntry) -> Json:
        return {
            "uuid": self.id("decision", one.index), "title": line(f"decision.made, entry {one.index}"),
            "description": line(said_of(one)), "start": one.recorded_at, "props": _place(one),
        }  # fmt: skip


def _kind(one: ShownEntry) -> type[Any]:
    return type(one.statement.predicate.body)


def _place(one: ShownEntry) -> list[Json]:
    signers = [prop("signed-by", name) for name in one.principals]
    return [prop("index", str(one.index)), prop("leaf", one.leaf), prop("stream", one.stream), *signers]


def prop(name: str, value: str) -> Json:
    """A property in our namespace."""
    return {"name": name, "ns": NS, "value": line(value)}


def _control(said: gate.RecordedFinding) -> str:
    return token(f"{said.pack}.{said.requirement}")


def _controls(shown: Shown, judged: Iterable[tuple[ShownEntry, int, gate.RecordedFinding]]) -> Json:
    """What was assessed. OSCAL can't say "nothing": without one requirement the adopted frameworks stand there, as a whole."""
    names = {_control(said) for _, _, said in judged}
    about = "The requirements of the adopted frameworks on which an answer of the gate is shown."
    if not names:
        adopted = (e.statement.predicate.body for e in shown.entries if _kind(e) is framework.Adopted)
        names = {token(body.id) for body in adopted}
        about = "The adopted frameworks, as a whole: no answer on any single requirement is shown."
    if not names:
        detail = "no answer of the gate and no adopted framework is shown, so nothing was assessed"
        raise Fault("empty", "failed", detail, "ask for a bundle whose profile shows them, or take another form")
    return {"description": about, "include-controls": [{"control-id": name} for name in sorted(names)]}
