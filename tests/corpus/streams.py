"""What is left out, put in, counted wrongly, or withheld on no ground; and streams that end otherwise than the log committed."""

from typing import Any

from ledger.events import model
from tests.corpus.case import Bytes, Case, Files, bent, forger, format_zip
from tests.disclosures.bent import CLAIMS, ENDS, LAST, REDACTIONS, REQUEST, drop, edit, stream
from tests.disclosures.forger import MODEL, Forger, commit_as_is, everything, streams_of

SHOWN = [n for n, name in enumerate(streams_of(forger().lab)) if name == MODEL]
"""Indexes of the subject's entries."""


def gone(*versions: int) -> Bytes:
    """Entries of the subject left out without a word."""
    paths = [
        p for v in versions for p in (f"data/events/{SHOWN[v - 1]}.json", f"data/proofs/{SHOWN[v - 1]}.tlog-proof")
    ]

    def bend(files: Files) -> None:
        drop(*paths)(files)
        for v in versions:
            files.pop(f"data/disclosures/{SHOWN[v - 1]}.jsonl", None)

    return bent(bend)


def listed(*left_out: str) -> Bytes:
    """A bundle that does not list some streams at all."""

    def make() -> bytes:
        made = forger()
        made.listed = tuple(s for s in sorted(set(streams_of(made.lab))) if s not in left_out)
        return format_zip(made.files())

    return make


def withheld(*versions: int, **profile: Any) -> Bytes:
    """Versions withheld under class `x`, and the profile told otherwise."""

    def make() -> bytes:
        made = forger(withheld={(MODEL, v): "x" for v in versions})
        made.profile = {**everything(), **profile}
        return format_zip(made.files())

    return make


def redacted(change: Any, *versions: int) -> Bytes:
    """Honest withholding, then `redactions.json` bent."""
    return lambda: format_zip(forger(withheld={(MODEL, v): "x" for v in versions}).files(edit(REDACTIONS, change)))


def committed(**lie: Any) -> Bytes:
    """The engine itself commits to a false index of streams, and shows everything."""

    def make() -> bytes:
        made = forger()
        commit_as_is(made.lab, **lie)
        return format_zip(Forger(made.lab, made.disclosures).files())

    return make


def slipped(by: str, **place: Any) -> Bytes:
    """An entry that no admission would have let in, committed to and shown."""

    def make() -> bytes:
        made = forger()
        body = {"of": "model/b", "ratio": "9"}
        made.lab.slip(made.lab.write(model.ComputeReached, body, MODEL, by).wire(), **place)
        made.lab.tick()
        commit_as_is(made.lab)
        return format_zip(Forger(made.lab, made.disclosures).files())

    return make


def _class(**change: Any) -> dict[str, Any]:
    return {
        "character": "what the type says", "count": 1, "ground": "Cal. BPC 22757.14", "id": "x", "justification": "a fictional ground",
        "kind": "event", "retained_until": None, "what": "x", **change,
    }  # fmt: skip


CASES = [
    Case("first-entry-of-the-subject-left-out", gone(1), "gap"),
    Case("middle-entry-of-the-subject-left-out", gone(3), "gap"),
    Case("last-entry-of-the-subject-left-out", gone(5), "gap"),
    Case("all-entries-of-the-subject-left-out", gone(1, 2, 3, 4, 5), "gap"),
    Case("entry-0-left-out", bent(drop("data/events/0.json", "data/proofs/0.tlog-proof")), "gap"),
    Case("key-event-left-out", bent(drop("data/events/9.json", "data/proofs/9.tlog-proof")), "gap"),
    Case("commitment-left-out", bent(drop(f"data/events/{LAST}.json", f"data/proofs/{LAST}.tlog-proof")), "index-mismatch"),
    Case("entry-without-a-proof", bent(drop("data/proofs/5.tlog-proof")), "proof-missing"),
    Case("proof-without-an-entry", bent(drop("data/events/5.json")), "bag-extra"),
    Case("entry-renamed", bent(lambda f: f.update({"data/events/07.json": f.pop("data/events/7.json")})), "bag-extra"),
    Case("entries-swapped", bent(lambda f: f.update({"data/events/3.json": f["data/events/4.json"], "data/events/4.json": f["data/events/3.json"]})), "proof-mismatch"),
    Case("entry-of-no-json", bent(lambda f: f.update({"data/events/3.json": b"entry"})), "entry-form"),
    Case("entry-nested-a-hundred-thousand-deep", bent(lambda f: f.update({"data/events/3.json": b"[" * 100_000})), "entry-form"),
    Case("subject-stream-not-listed", listed(MODEL), "gap"),
    Case("ledger-stream-not-listed", listed("ledger"), "gap"),
    Case("model-that-evidence-names-not-listed", listed("model/b"), "gap"),
    Case("stream-listed-twice", bent(edit(ENDS, lambda v: v["streams"].append(v["streams"][-1]))), "completeness-form"),
    Case("streams-out-of-order", bent(edit(ENDS, lambda v: v["streams"].reverse())), "completeness-form"),
    Case("stream-that-is-none", bent(edit(ENDS, lambda v: v["streams"][-1].update(stream="model/c"))), "gap"),
    Case("stream-ends-at-another-leaf", bent(stream(MODEL, head="ab" * 32)), "head-mismatch"),
    Case("stream-said-to-be-longer", bent(stream(MODEL, version=6)), "gap"),
    Case("stream-said-to-be-shorter", bent(stream(MODEL, version=4)), "head-mismatch"),
    Case("stream-at-another-position", bent(stream(MODEL, position=0)), "index-mismatch"),
    Case("stream-position-beyond-the-tree", bent(stream(MODEL, position=2**50)), "index-mismatch"),
    Case("stream-path-cut", bent(edit(ENDS, lambda v: v["streams"][0]["path"].pop())), "index-mismatch"),
    Case("stream-path-of-ten-thousand", bent(edit(ENDS, lambda v: v["streams"][0].update(path=["ab" * 32] * 10_000))), "completeness-form"),
    Case("commitment-root-altered", bent(edit(ENDS, lambda v: v["committed"].update(root="ab" * 32))), "index-mismatch"),
    Case("commitment-count-altered", bent(edit(ENDS, lambda v: v["committed"].update(streams=9))), "index-mismatch"),
    Case("commitment-at-another-entry", bent(edit(ENDS, lambda v: v["committed"].update(index=3))), "index-mismatch"),
    Case("commitment-of-the-engine-is-false", committed(root="ab" * 32), "index-mismatch"),
    Case("commitment-counts-another-size", committed(size=3), "index-mismatch"),
    Case("commitment-counts-other-streams", committed(streams=3), "index-mismatch"),
    Case("withheld-what-is-shown", bent(stream(MODEL, withheld=[{"class": "x", "from": 2, "to": 2}])), "gap"),
    Case("withheld-beyond-the-end", bent(stream(MODEL, withheld=[{"class": "x", "from": 6, "to": 2**53 - 1}])), "head-mismatch"),
    Case("withheld-backwards", bent(stream(MODEL, withheld=[{"class": "x", "from": 4, "to": 2}])), "completeness-form"),
    Case("withheld-version-zero", bent(stream(MODEL, withheld=[{"class": "x", "from": 0, "to": 0}])), "completeness-form"),
    Case("withheld-in-stream-ledger", bent(stream("ledger", withheld=[{"class": "x", "from": 2, "to": 2}])), "gap"),
    Case("withheld-runs-overlap", lambda: format_zip(forger(withheld={(MODEL, 3): "x", (MODEL, 4): "x"}).files(
        stream(MODEL, withheld=[{"class": "x", "from": 3, "to": 4}, {"class": "x", "from": 4, "to": 4}]))), "completeness-form"),
    Case("withheld-under-an-unknown-class", redacted(lambda v: v["classes"].clear(), 3), "redactions-missing"),
    Case("withheld-count-too-low", redacted(lambda v: v["classes"][0].update(count=1), 3, 4), "redactions-count"),
    Case("withheld-count-too-high", redacted(lambda v: v["classes"][0].update(count=9), 3), "redactions-count"),
    Case("withheld-count-of-nothing", bent(edit(REDACTIONS, lambda v: v["classes"].append(_class()))), "redactions-count"),
    Case("withheld-class-twice", redacted(lambda v: v["classes"].append(v["classes"][0]), 3), "redactions-form"),
    Case("withheld-on-another-ground", redacted(lambda v: v["classes"][0].update(ground="because"), 3), "redactions-ground"),
    Case("withheld-on-no-ground-of-the-profile", withheld(3, withholds=[w for w in everything()["withholds"] if w["id"] != "x"]), "redactions-ground"),
    Case("entry-by-whoever-holds-no-role", slipped("assessor"), "role-missing"),
    Case("entry-by-a-decider", slipped("decider"), "role-missing"),
    Case("entry-with-another-version", slipped("evaluator", version=9), "gap"),
    Case("entry-with-another-previous", slipped("evaluator", previous="ab" * 32), "chain-broken"),
    Case("entry-recorded-before-the-one-before", slipped("evaluator", recorded_at="2026-01-01T00:00:00.000000Z"), "recorded-at-falls"),
    Case("absence-of-a-stream-that-is-there", bent(edit(ENDS, lambda v: v["absent"].append({"left": None, "right": None, "stream": MODEL}))), "absent-asked"),
    Case("absence-without-neighbours", bent(edit(ENDS, lambda v: v["absent"].append({"left": None, "right": None, "stream": "model/c"}))), "absent-asked"),
    Case("request-of-another-recipient", bent(edit(REQUEST, lambda v: v.update(recipient="somebody else"))), "statement-mismatch"),
    Case("request-of-another-subject", bent(edit(REQUEST, lambda v: v.update(subject="model/nobody"))), "gap"),
    Case("request-starts-elsewhere", bent(edit(REQUEST, lambda v: v.update(first=1))), "statement-mismatch"),
    Case("request-with-an-unknown-member", bent(edit(REQUEST, lambda v: v.update(note=""))), "request-form"),
    Case("claims-of-another-size", bent(edit(CLAIMS, lambda v: v["as_of"].update(size=40))), "claims-mismatch"),
    Case("claims-of-another-time", bent(edit(CLAIMS, lambda v: v["as_of"].update(time="2026-01-01T00:00:00.000000Z"))), "claims-mismatch"),
    Case("claims-of-another-ledger", bent(edit(CLAIMS, lambda v: v.update(ledger="dev/other"))), "claims-mismatch"),
    Case("claims-of-another-subject", bent(edit(CLAIMS, lambda v: v.update(subject="model/b"))), "claims-mismatch"),
]  # fmt: skip
