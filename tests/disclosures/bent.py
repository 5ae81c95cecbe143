"""Bundles bent in one member each and sealed anew with the lab's real keys: what every verifier must find, and at which entry."""

import json
from collections.abc import Callable
from typing import Any

from disclosures.absence import absences
from disclosures.report_html import render
from disclosures.shown import REPORT, read_shown
from ledger.canonical import dumps, encode, loads
from ledger.stream_index import StreamIndex
from tests.disclosures.forger import MODEL, heads_at, told
from tests.simulator import Lab

Files = dict[str, bytes]
LAST = 48
"""Index of the told story's commitment, its last entry."""


def edit(path: str, change: Callable[[Any], object]) -> Callable[[Files], None]:
    """Change a JSON member of the payload, in canonical form."""

    def bend(files: Files) -> None:
        value = json.loads(files[path])
        change(value)
        files[path] = dumps(value)

    return bend


REQUEST, CLAIMS, ENDS = "data/request.json", "data/claims.json", "data/completeness.json"
REDACTIONS, PROOFS = "data/redactions.json", "data/consistency.json"


def stream(name: str, **change: Any) -> Callable[[Files], None]:
    """Change what completeness.json says of a stream."""

    def each(value: Any) -> None:
        next(s for s in value["streams"] if s["stream"] == name).update(change)

    return edit(ENDS, each)


def absent(
    name: str, change: Callable[[dict[str, Any]], object] = lambda _gap: None, asked: tuple[str, ...] | None = None
) -> Callable[[Files], None]:
    """An honest proof that there is no stream of this name, asked for, then bent."""

    def bend(files: Files) -> None:
        index = StreamIndex(heads_at(told()[0], LAST))
        gap = loads(encode(absences(index, [name])[0]))
        change(gap)
        edit(ENDS, lambda v: v["absent"].append(gap))(files)
        edit(REQUEST, lambda v: v.update(absent=[name] if asked is None else list(asked)))(files)

    return bend


def beside(side: str, name: str) -> Callable[[dict[str, Any]], None]:
    """Another leaf of the index, honestly proven, as a neighbour."""

    def change(gap: dict[str, Any]) -> None:
        placed = StreamIndex(heads_at(told()[0], LAST)).prove(name)
        assert placed is not None
        datum, path = encode(placed.head).decode(), [h.hex() for h in placed.path]
        gap[side] = {"datum": datum, "path": path, "position": placed.position}

    return change


def both(*changes: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], None]:
    def change(gap: dict[str, Any]) -> None:
        for one in changes:
            one(gap)

    return change


def other_note(files: Files) -> None:
    """A proof under another (honestly signed) checkpoint of the same log."""
    old = files["data/proofs/3.tlog-proof"].decode()
    files["data/proofs/3.tlog-proof"] = (old[: old.index("\n\n") + 2] + told()[0].note(40)).encode()


def swap(a: str, b: str) -> Callable[[Files], None]:
    def bend(files: Files) -> None:
        files[a], files[b] = files[b], files[a]

    return bend


def drop(*paths: str) -> Callable[[Files], None]:
    def bend(files: Files) -> None:
        for path in paths:
            del files[path]

    return bend


def foreign_keys(files: Files) -> None:
    other = Lab("dev/simulated", name="thief")
    files["data/keys"] = "".join(f"{v}\n" for v in other.log.vkeys).encode()


def foreign_checkpoint(files: Files) -> None:
    """The thief signs the same head with keys of his own, and says so in `keys`."""
    thief = told()[0].fork()
    thief.log = Lab("dev/simulated", name="thief").log
    old, note = files["data/checkpoint"].decode(), thief.note()
    for path in [p for p in files if p == "data/checkpoint" or p.startswith("data/proofs/")]:
        files[path] = files[path].decode().replace(old, note).encode()
    foreign_keys(files)


def kept(until: str) -> Callable[[Files], None]:
    """A class that is kept until another time than the profile's period ends at."""

    def bend(files: Files) -> None:
        ground = {"character": "what the type says", "ground": "Cal. BPC 22757.14", "id": "fields", "kind": "field"}
        one = {**ground, "count": 0, "justification": "a fictional ground", "retained_until": until, "what": "fields"}
        edit(REDACTIONS, lambda v: v["classes"].append(one))(files)

    return bend


Bent = tuple[Callable[[Files], object], str, int | None]
BENT: list[Bent] = [
        (edit(REQUEST, lambda v: v.update(recipient="somebody else")), "statement-mismatch", None),
        (edit(REQUEST, lambda v: v["profile"].update(id="other")), "statement-mismatch", None),
        (edit(REQUEST, lambda v: v.update(first=1)), "statement-mismatch", None),
        (edit(REQUEST, lambda v: v.update(subject="model/nobody")), "gap", None),
        (edit(REQUEST, lambda v: v.update(since=[1, 5])), "consistency-missing", None),
        (edit(CLAIMS, lambda v: v["as_of"].update(size=40)), "claims-mismatch", None),
        (edit(CLAIMS, lambda v: v["as_of"].update(time="2026-01-01T00:00:00.000000Z")), "claims-mismatch", None),
        (edit(CLAIMS, lambda v: v.update(ledger="dev/other")), "claims-mismatch", None),
        (other_note, "proof-checkpoint", 3),
        (swap("data/proofs/3.tlog-proof", "data/proofs/4.tlog-proof"), "proof-index", 3),
        (swap("data/events/3.json", "data/events/4.json"), "proof-mismatch", 3),
        (lambda f: f.update({"data/proofs/3.tlog-proof": b"x"}), "proof-form", 3),
        (foreign_keys, "keys-mismatch", None),
        (foreign_checkpoint, "checkpoint-signature", None),
        (edit(PROOFS, lambda v: v["proofs"].append({"path": [], "size": 60})), "consistency-form", None),
        (edit(PROOFS, lambda v: v["proofs"][0]["path"].pop()), "consistency-form", None),
        (edit(PROOFS, lambda v: v["proofs"][0]["path"].__setitem__(0, "ab" * 32)), "root-differs", None),
        (edit(ENDS, lambda v: v["committed"].update(root="ab" * 32)), "index-mismatch", LAST),
        (edit(ENDS, lambda v: v["committed"].update(streams=9)), "index-mismatch", LAST),
        (edit(ENDS, lambda v: v["streams"].reverse()), "completeness-form", None),
        (edit(ENDS, lambda v: v["streams"].pop()), "gap", 43),
        (stream(MODEL, head="ab" * 32), "head-mismatch", 47),
        (stream(MODEL, version=6), "gap", None),
        (stream(MODEL, version=4), "head-mismatch", 47),
        (stream(MODEL, position=0), "index-mismatch", None),
        (stream(MODEL, withheld=[{"class": "x", "from": 2, "to": 2}]), "gap", None),
        (stream(MODEL, withheld=[{"class": "x", "from": 6, "to": 2**53 - 1}]), "head-mismatch", None),
        (stream(MODEL, withheld=[{"class": "x", "from": 4, "to": 2}]), "completeness-form", None),
        (stream("ledger", withheld=[{"class": "x", "from": 2, "to": 2}]), "gap", None),
        (edit(ENDS, lambda v: v["absent"].append({"left": None, "right": None, "stream": "model/c"})), "absent-asked", None),
        (edit(REQUEST, lambda v: v.update(absent=["model/c"])), "absent-asked", None),
        (edit(REQUEST, lambda v: v.update(absent=[])), "request-form", None),
        (absent("model/c", asked=("model/c", "model/d")), "absent-asked", None),
        (absent("model/c", lambda g: g.update(stream=MODEL), asked=(MODEL,)), "absent-exists", None),
        (absent("model/c", lambda g: g.update(left=None)), "absent-edge", None),
        (absent("a", lambda g: g.update(right=None)), "absent-edge", None),
        (absent("model/aa", lambda g: g.update(left=None)), "absent-edge", None),
        (absent("model/aa", beside("left", "ledger")), "absent-adjacent", None),
        (absent("model/aa", lambda g: g.update(left=g["right"], right=g["left"])), "absent-adjacent", None),
        (absent("model/c", both(beside("left", MODEL), beside("right", "model/b"))), "absent-order", None),
        (absent("model/aa", lambda g: g["left"].update(datum=g["right"]["datum"])), "absent-datum", None),
        (absent("model/aa", lambda g: g["left"].update(datum="{}")), "absent-datum", None),
        (absent("model/aa", lambda g: g["left"].update(position=0)), "absent-datum", None),
        (absent("model/aa", lambda g: g["left"]["path"].pop()), "absent-datum", None),
        (edit(REDACTIONS, lambda v: v["classes"].append({
            "character": "", "count": 1, "ground": "", "id": "x", "justification": "", "kind": "event", "retained_until": None,
            "what": ""})), "redactions-count", None),
        (kept("2031-04-07T09:00:00.000000Z"), "redactions-retained", None),
        (lambda f: f.update({"data/frameworks/" + "ab" * 32 + ".json": b"{}"}), "framework-mismatch", None),
        (lambda f: [f.pop(p) for p in list(f) if "frameworks" in p], "framework-mismatch", 40),
        (drop("data/events/0.json", "data/proofs/0.tlog-proof"), "gap", 0),
        (drop("data/events/9.json", "data/proofs/9.tlog-proof"), "gap", None),
]  # fmt: skip
"""How the payload is bent, the code by which it is found, and at which index, where the defect is one entry's."""


def report(change: Callable[[bytes], bytes]) -> Callable[[Files], None]:
    """A report that says something else than the entries, under an honest statement."""

    def bend(files: Files) -> None:
        files[REPORT] = change(render(read_shown(files)))

    return bend


BENT_REPORT: list[Bent] = [
    (report(lambda r: r.replace(b"Entries withheld</dt><dd>0", b"Entries withheld</dt><dd>9")), "report-differs", None),
    (report(lambda r: r.replace(b"</main>", b"<p>VALID</p></main>")), "report-differs", None),
    (report(lambda r: r.replace(b"<style>", b"<script>alert(1)</script><style>")), "report-differs", None),
    (report(lambda r: r + b"\n"), "report-differs", None),
    (report(lambda _r: b""), "report-differs", None),
]
"""As `BENT`, but found only by who renders the report anew: the auditor. The others list it as not proven."""


def verdict_of(code: str) -> str:
    """The verdict in which a bent member ends, by its code (spec/bundle.md §7)."""
    return "DIVERGED" if code == "root-differs" else "INVALID"
