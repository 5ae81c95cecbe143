"""Exports, proofs, checkpoints and evidence that are wrong: what a reader of whole logs and of single proofs must find."""

from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from api.author import Audience
from disclosures.stored_zip import format_zip
from ledger.canonical import dumps
from ledger.events import model
from ledger.receipt import format_receipt
from ledger.tile import format_bundle, parse_bundle, tile_path
from ledger.tree import prove_inclusion
from tests.corpus.case import Bytes, Case, Files, forger, steady_salts, thief
from tests.corpus.trees import flipped
from tests.simulator import Lab


@lru_cache(maxsize=1)
def honest() -> Files:
    """An export of the told lab."""
    return forger().lab.export()


SIZE = len(forger().lab.entries)
BUNDLE, TILE = tile_path(None, 0, SIZE), tile_path(0, 0, SIZE)


def bent(change: Callable[[Files], object]) -> Bytes:
    """The export's files changed."""

    def make() -> bytes:
        files = dict(honest())
        change(files)
        return format_zip(files)

    return make


def entries(change: Callable[[list[bytes]], object]) -> Bytes:
    """The entries of the bundle changed, and nothing else."""

    def bend(files: Files) -> None:
        found = parse_bundle(files[BUNDLE], SIZE)
        change(found)
        files[BUNDLE] = format_bundle(found)

    return bent(bend)


def slipped(change: Callable[[Lab], object]) -> Bytes:
    """Whatever whoever holds the log's keys puts at its end; tiles, tree and checkpoint are honestly made over it."""

    def make() -> bytes:
        lab = forger().lab
        change(lab)
        return format_zip(lab.export())

    return make


def wire(lab: Lab, by: str, **options: Any) -> bytes:
    """A signed statement that is new."""
    return lab.write(model.ComputeReached, {"of": "model/b", "ratio": "9"}, "model/a", by, **options).wire()


def other_claims(files: Files) -> None:
    """The signed claims of a log without its last entry."""
    with steady_salts():
        lab = Lab(name="bundled")
    files.update({k: v for k, v in lab.export().items() if k.startswith("claims")})


def proof(change: Callable[[list[str]], object] = lambda _p: None, index: int = 3) -> Bytes:
    """A receipt of an entry, its lines changed."""

    def make() -> bytes:
        made = forger()
        size = len(made.lab.entries)
        text = format_receipt(index, prove_inclusion(made.node, index, size), made.lab.note())
        found = text.split("\n")
        change(found)
        return "\n".join(found).encode()

    return make


def note(change: Callable[[list[str]], object]) -> Bytes:
    """A checkpoint, its lines changed."""

    def make() -> bytes:
        found = forger().lab.note().split("\n")
        change(found)
        return "\n".join(found).encode()

    return make


def split(**change: Any) -> Bytes:
    """Evidence of a split view against an honest log: two of its own heads."""

    def make() -> bytes:
        lab = forger().lab
        form = {
            "heads": [lab.note(40), lab.note()], "kind": "heads", "schema": "holdpoint.split-view/1",
            "vkeys": [str(v) for v in lab.log.vkeys], **change,
        }  # fmt: skip
        return dumps(form) + b"\n"

    return make


def edited(number: int, at: int = 5) -> Callable[[list[str]], None]:
    """One bit of a line's base64."""

    def change(found: list[str]) -> None:
        before, space, encoded = found[number].rpartition(" ")
        found[number] = before + space + flipped(encoded, at)

    return change


EXPORTS = [
    ("export-without-checkpoint", bent(lambda f: f.pop("checkpoint")), "empty", "UNANCHORED"),
    ("export-checkpoint-no-text", bent(lambda f: f.update({"checkpoint": b"\xff"})), "checkpoint-malformed", "INVALID"),
    ("export-without-entries", bent(lambda f: f.pop(BUNDLE)), "entries-missing", "INVALID"),
    ("export-without-tile", bent(lambda f: f.pop(TILE)), "tile-missing", "INVALID"),
    ("export-tile-altered", bent(lambda f: f.update({TILE: b"\0" + f[TILE][1:]})), "leaf-mismatch", "INVALID"),
    ("export-tile-too-long", bent(lambda f: f.update({TILE: f[TILE] + bytes(32)})), "leaf-mismatch", "INVALID"),
    ("export-entries-swapped", entries(lambda e: e.__setitem__(slice(3, 5), e[3:5][::-1])), "leaf-mismatch", "INVALID"),
    ("export-entry-altered", entries(lambda e: e.__setitem__(3, e[3][:-3] + b"9}}")), "leaf-mismatch", "INVALID"),
    ("export-entry-emptied", entries(lambda e: e.__setitem__(3, b"")), "entry-withheld", "INVALID"),
    ("export-bundle-cut", bent(lambda f: f.update({BUNDLE: f[BUNDLE][:-1]})), "bundle-cut", "INVALID"),
    ("export-bundle-with-bytes-behind", bent(lambda f: f.update({BUNDLE: f[BUNDLE] + b"\0"})), "bundle-width", "INVALID"),
    ("export-claims-of-another-position", bent(other_claims), "claims-as-of", "INVALID"),
    ("export-claims-altered", bent(lambda f: f.update({"claims.json": f["claims.json"].replace(b"undetermined", b"permit", 1)})), "signature-invalid", "INVALID"),
    ("export-claims-unsigned", bent(lambda f: f.pop("claims.sig")), "claims-missing", "INCOMPLETE"),
    ("export-tail-cut", lambda: format_zip(_cut()), "truncated", "DIVERGED", 40),
    ("log-entry-without-role", slipped(lambda lab: lab.slip(wire(lab, "assessor"))), "role-missing", "INVALID"),
    ("log-entry-twice", slipped(lambda lab: (lab.slip(w := wire(lab, "evaluator")), lab.slip(w))), "event-id-conflict", "INVALID"),
    ("log-entry-for-another-ledger", slipped(lambda lab: lab.slip(wire(lab, "evaluator", audience=_elsewhere()))), "wrong-ledger", "INVALID"),
    ("log-entry-with-another-previous", slipped(lambda lab: lab.slip(wire(lab, "evaluator"), previous="ab" * 32)), "entry-mismatch", "INVALID"),
    ("log-entry-with-another-version", slipped(lambda lab: lab.slip(wire(lab, "evaluator"), version=99)), "entry-mismatch", "INVALID"),
    ("log-entry-recorded-in-the-past", slipped(lambda lab: lab.slip(wire(lab, "evaluator"), recorded_at="2026-01-01T00:00:00.000000Z")), "recorded-at-falls", "INVALID"),
    ("log-entry-of-no-json", slipped(lambda lab: lab.slip_entry(b"entry", "model/a")), "not-json", "INVALID"),
    ("log-entry-empty", slipped(lambda lab: lab.slip_entry(b"", "model/a")), "entry-withheld", "INVALID"),
]  # fmt: skip
PROOFS = [
    ("receipt-of-another-index", proof(lambda p: p.__setitem__(1, "index 4")), "root-mismatch", "INVALID"),
    ("receipt-hash-altered", proof(edited(2)), "root-mismatch", "INVALID"),
    ("receipt-hash-left-out", proof(lambda p: p.pop(2)), "proof-too-short", "INVALID"),
    ("receipt-of-another-version", proof(lambda p: p.__setitem__(0, "c2sp.org/tlog-proof@v9")), "receipt-form", "INVALID"),
    ("receipt-cut-before-the-checkpoint", proof(lambda p: p.__setitem__(slice(p.index(""), None), [""])), "receipt-form", "INVALID"),
    ("receipt-empty", lambda: b"", "receipt-form", "INVALID"),
    ("receipt-for-another-entry", proof(index=4), "root-mismatch", "INVALID"),
]  # fmt: skip
NOTES = [
    ("head-root-altered", note(edited(2)), "note-signature-invalid", "INVALID"),
    ("head-ed25519-altered", note(edited(4, 30)), "note-signature-invalid", "INVALID"),
    ("head-ml-dsa-altered", note(edited(5, 90)), "note-signature-invalid", "INVALID"),
    ("head-unsigned", note(lambda n: n.__setitem__(slice(4, None), [])), "note-form", "INVALID"),
    ("head-of-no-size", note(lambda n: n.__setitem__(1, "many")), "number-domain", "INVALID"),
]
SPLITS = [
    ("evidence-of-two-honest-heads", split(), "split-unproven", "INVALID"),
    ("evidence-of-one-head-twice", split(heads=[forger().lab.note()] * 2), "split-same", "INVALID"),
    ("evidence-of-a-kind-that-is-none", split(kind="rumour"), "schema", "INVALID"),
    ("evidence-with-a-path-that-leads-nowhere", split(kind="prefix", path=["AAAA"] * 9), "hash-length", "INVALID"),
    ("evidence-without-heads", split(heads=[]), "schema", "INVALID"),
    ("evidence-of-a-stranger-s-signature", lambda: _framed(), "checkpoint-unsigned", "UNANCHORED"),
]
CASES = [
    Case(name, make, code, verdict, kind, *pin)
    for kind, found in (("export", EXPORTS), ("proof", PROOFS), ("checkpoint", NOTES), ("split", SPLITS))
    for name, make, code, verdict, *pin in found
]


def _cut() -> Files:
    """An honest checkpoint of size 1, and nothing behind it: the pin is of a larger tree."""
    lab = forger().lab
    files = {**honest(), "checkpoint": lab.note(1).encode(), tile_path(None, 0, 1): format_bundle(lab.entries[:1])}
    return {k: v for k, v in {**files, tile_path(0, 0, 1): honest()[TILE][:32]}.items() if not k.startswith("claims")}


def _elsewhere() -> Audience:
    return Audience("dev/other", forger().lab.founding)


def _framed() -> bytes:
    """A thief signs another root of the honest head's size with keys of his own, and calls it the log's second history."""
    lab = forger().lab
    other = thief().fork()
    other.entries = [*other.entries, *[other.entries[-1]] * SIZE][:SIZE]
    heads = sorted((lab.note(), other.note()), key=lambda n: b64decode(n.split("\n")[2]))
    return split(heads=heads, vkeys=[str(v) for v in (*lab.log.vkeys, *other.log.vkeys)])()
