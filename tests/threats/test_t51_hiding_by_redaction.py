"""T51: text dropped, edited, or guessed from its digest; an unwelcome entry left out of a bundle.

Every bundle here is sealed by the lab's real engine key, under a stream index and checkpoint of the true log: the hider holds
all keys, and only the past is not his. Both verifiers look: the auditor, and the one file that shares no code with it.
"""

import json
import os
from collections.abc import Callable
from hashlib import sha256

import pytest

from auditor.bundle import Trust, verify_bundle
from auditor.pin import format_pin
from auditor.verdict import VerifyVerdict as V
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from ledger.canonical import dumps
from ledger.strict import format_base64url
from ledger.withheld import hide
from tests.disclosures.bent import edit, stream
from tests.disclosures.forger import MODEL, honest, told

Files = dict[str, bytes]
GUESSES = int(os.environ.get("HOLDPOINT_GUESSES", "2000"))
"""`make guess` asks for a million."""
FIRST, LAST = 42, 47
"""Indexes of the first and last entry of the model's stream."""
SECRET = {"name": "Fictional-1", "weights": "sha256:" + "cd" * 32}


def codes(files: Files) -> set[str]:
    """What both verifiers find; they agree on the verdict."""
    lab = told()[0]
    report = verify_bundle(files, Trust(lab.pin(1)))
    pin = json.loads(format_pin(lab.origin, lab.founding, tuple(map(str, lab.log.vkeys)), lab.note(1)))
    checks, _ = one_file.verify(format_zip(files), pin)
    assert one_file.lowest([c[1] for c in checks]) == report.verdict.value, (checks, report.to_json())
    return {c.code for c in report.checks if c.verdict is not V.VALID_UNWITNESSED}


def without(index: int, *more: Callable[[Files], object]) -> Callable[[Files], None]:
    """The entry left out, with its proof and disclosures, and whatever else the hider bends."""

    def bend(files: Files) -> None:
        for path in [p for p in files if p.rpartition("/")[2].partition(".")[0] == str(index)]:
            del files[path]
        for one in more:
            one(files)

    return bend


@pytest.mark.parametrize("index", range(FIRST, LAST + 1))
def test_attack_an_entry_left_out(index: int) -> None:
    """First, middle and last of the stream; and the neighbour's stream, which holds one entry alone."""
    assert codes(honest().files(without(index))) & {"gap"}


def test_attack_the_tail_cut_and_the_end_set_back() -> None:
    """The head of the shorter stream is true; that it ends there is not, and the index says so."""
    before = honest().shown().by_index[LAST - 1]
    cut = without(LAST, stream(MODEL, head=before.leaf, version=4))
    assert codes(honest().files(cut)) & {"index-mismatch"}


def test_attack_left_out_and_called_withheld_without_a_class() -> None:
    """No manifest: a withheld entry needs a described class, with a ground that the profile gives."""
    hidden = stream(MODEL, withheld=[{"class": "x", "from": 3, "to": 3}])
    assert codes(honest().files(without(45, hidden))) == {"redactions-missing"}


def test_attack_a_ground_of_ones_own() -> None:
    """Described, but not as the profile of the request grounds it."""
    hidden = stream(MODEL, withheld=[{"class": "y", "from": 3, "to": 3}])
    own = {"character": "c", "count": 1, "ground": "because", "id": "y", "justification": "", "kind": "event",
           "retained_until": None, "what": "w"}  # fmt: skip
    described = edit("data/redactions.json", lambda v: v["classes"].append(own))
    assert codes(honest().files(without(45, hidden, described))) == {"redactions-ground"}


def test_attack_suppressed_says_nobody_of_the_root() -> None:
    hidden = stream(MODEL, withheld=[{"class": "y", "from": 3, "to": 3}])
    own = {"character": "c", "count": 1, "ground": "law", "id": "y", "justification": "", "kind": "suppressed",
           "retained_until": None, "what": "w"}  # fmt: skip
    described = edit("data/redactions.json", lambda v: v["classes"].append(own))
    assert codes(honest().files(without(45, hidden, described))) == {"redactions-ground"}


def test_attack_a_whole_stream_left_out() -> None:
    """The model's own stream, and one that nothing shown would miss but that its parent's entry names."""
    dropped = edit(
        "data/completeness.json", lambda v: v.update(streams=[s for s in v["streams"] if s["stream"] != MODEL])
    )
    assert "gap" in codes(
        honest().files(lambda f: [bend(f) for bend in (*map(without, (42, 44, 45, 46, 47)), dropped)])
    )


DISCLOSURE = f"data/disclosures/{FIRST}.jsonl"


def text_of(name: str, value: object, byte: int = 9) -> bytes:
    return hide(name, value, bytes([byte] * 16)).text.encode()


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (lambda t: text_of("subject", {**SECRET, "name": "Harmless-1"}) + b"\n", "disclosure-orphan"),
        (lambda t: b"".join(sorted([t, text_of("reason", "made up") + b"\n"])), "disclosure-orphan"),
        (lambda t: t + t, "disclosure-form"),
        (lambda t: t[:-1], "disclosure-form"),
        (lambda t: t.replace(b"\n", b"=\n"), None),
        (lambda t: format_base64url(dumps(["AAAA", "subject", SECRET])).encode() + b"\n", None),
        (lambda t: text_of("_x", SECRET) + b"\n", "disclosure-orphan"),
    ],
)  # fmt: skip
def test_attack_a_disclosure_that_is_another(lines: Callable[[bytes], bytes], code: str | None) -> None:
    """Edited, orphan, duplicate, with another salt or padding: refused, never dropped as "not disclosed"."""
    found = codes(honest().files(lambda f: f.update({DISCLOSURE: lines(f[DISCLOSURE])})))
    assert found
    assert code is None or code in found


def test_attack_a_disclosure_at_another_entry() -> None:
    """The right text beside the wrong entry, and beside none."""

    def moved(files: Files) -> None:
        files["data/disclosures/43.jsonl"] = files.pop(DISCLOSURE)

    assert codes(honest().files(moved)) == {"disclosure-orphan"}
    assert codes(honest().files(lambda f: f.update({"data/disclosures/48.jsonl": f[DISCLOSURE]}))) & {
        "disclosure-orphan"
    }


def test_attack_guessing_the_withheld_value() -> None:
    """The guesser knows the value itself, and only wants it confirmed: without the salt of 128 bits no guess meets the digest."""
    forger = honest()
    forger.disclosures = {}
    (digest,) = json.loads(forger.shown().by_index[FIRST].envelope.payload)["predicate"]["body"]["_sd"]
    subject = forger.shown().by_index[FIRST].statement.subject[0].digest.sha256
    for n in range(GUESSES):
        guess = hide("subject", SECRET, sha256(n.to_bytes(8, "big")).digest()[:16])
        assert guess.digest != digest
        assert (
            sha256(dumps([format_base64url(sha256(n.to_bytes(8, "big")).digest()[:16]), "subject", SECRET])).hexdigest()
            != subject
        )


def test_honest_withheld_and_said_so() -> None:
    """The same entries withheld under a described class: it holds, and the report counts them."""
    report = verify_bundle(honest(withheld={(MODEL, 3): "x"}).files(), Trust(told()[0].pin(1)))
    assert report.verdict is V.VALID_UNWITNESSED
    assert any("1 entries withheld" in c.detail for c in report.checks)


def test_honest_the_entitled_bundle_reveals_and_fits() -> None:
    """Who is handed the field reads the name, and the digest of that day confirms it."""
    forger = honest()
    assert forger.shown().by_index[FIRST].body["subject"] == SECRET
    assert codes(forger.files()) == set()
