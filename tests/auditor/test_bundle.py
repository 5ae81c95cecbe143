"""Verification of a disclosure bundle: whole, in part, and bent in every member under the lab's own keys."""

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from auditor.bundle import Trust, verify_bundle, verify_zip
from auditor.pin import Pin
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from disclosures.closure import read_found
from disclosures.partial import fold_shown
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from disclosures.subject_claims import recomputed
from ledger.canonical import dumps
from ledger.events import disclosure, model
from ledger.strict import format_base64
from tests.disclosures.bent import BENT, BENT_REPORT, LAST
from tests.disclosures.forger import MODEL, Forger, commit_as_is, everything, honest, told
from tests.disclosures.lab_source import LabSource, built
from tests.disclosures.test_profile import SHIPPED, shipped
from tests.simulator import Lab, signer

Files = dict[str, bytes]


def pin(size: int = 1) -> Pin:
    return told()[0].pin(size)


def verified(files: Files, trust: Trust | None = None) -> Report:
    return verify_bundle(files, Trust(pin()) if trust is None else trust)


def found(report: Report) -> set[tuple[str, int | None]]:
    return {(c.code, c.index) for c in report.checks if c.code != "ok"}


# -- what holds -----------------------------------------------------------------------------------------------------------


def test_whole() -> None:
    report = verify_zip(format_zip(honest().files()), Trust(pin()))
    assert (report.verdict, report.exit_code, report.size, report.development) == (
        V.VALID_UNWITNESSED,
        0,
        LAST + 1,
        True,
    )
    assert {c.name for c in report.checks} == {
        "container", "proofs", "admission", "statement", "checkpoint", "streams", "redactions", "frameworks", "pin", "profile",
        "claims", "report",
    }  # fmt: skip
    assert "derived again" in next(c for c in report.checks if c.name == "admission").detail


def test_a_part_says_what_it_does_not_prove() -> None:
    report = verified(honest(withheld={(MODEL, 3): "not-allowed", (MODEL, 4): "not-allowed"}).files())
    assert report.verdict is V.VALID_UNWITNESSED
    assert "2 entries withheld" in next(c for c in report.checks if c.name == "streams").detail
    assert any("rules of each event type" in note for note in report.notes)
    assert any("content of what is withheld" in note for note in report.notes)


@pytest.mark.parametrize("hidden", [[1], [5], [2], [1, 2, 3, 4, 5], [2, 4]])
def test_any_run_may_be_withheld_if_it_is_said(hidden: list[int]) -> None:
    assert verified(honest(withheld={(MODEL, v): "x" for v in hidden}).files()).exit_code == 0


# -- the past that the reader holds ----------------------------------------------------------------------------------------


def test_without_a_pin_it_is_unanchored() -> None:
    report = verified(honest().files(), Trust())
    assert (report.verdict, report.exit_code, found(report)) == (V.UNANCHORED, 5, {("no-pin", None)})


def test_a_pin_of_this_very_size() -> None:
    assert verified(honest(since=()).files(), Trust(pin(LAST + 1))).verdict is V.VALID_UNWITNESSED


def test_a_pin_that_nothing_links() -> None:
    report = verified(honest(since=(1,)).files(), Trust(pin(7)))
    assert (report.verdict, found(report)) == (V.UNANCHORED, {("pin-not-linked", None)})
    assert verified(honest(since=(1, 7)).files(), Trust(pin(7))).verdict is V.VALID_UNWITNESSED


def test_tiles_of_the_reader_link_any_pin() -> None:
    export = told()[0].export()
    assert verified(honest(since=()).files(), Trust(pin(7), tiles=export.get)).verdict is V.VALID_UNWITNESSED
    report = verified(honest(since=()).files(), Trust(pin(7), tiles=lambda _path: None))
    assert found(report) == {("pin-not-linked", None)}


def test_a_pin_of_another_ledger_and_of_one_founded_anew() -> None:
    assert ("other-ledger", None) in found(verified(honest().files(), Trust(Lab("dev/other").pin())))
    report = verified(honest().files(), Trust(Lab(name="anew").pin(1)))
    assert (report.verdict, found(report)) == (V.DIVERGED, {("founded-anew", 0)})


@pytest.mark.parametrize("size", [41, 32, 48])
def test_another_history_diverges(size: int) -> None:
    """The fork shares entry 0 and keys; the pin is of the other branch."""
    lab = told()[0].fork()
    fork = Lab(name="bundled")
    while len(fork.entries) < 52:
        fork.say(model.Registered, {"kind": "base"}, f"model/f{len(fork.entries)}", "assessor", subject="ef" * 32)
    report = verified(Forger(lab, since=(size,)).files(), Trust(fork.pin(size)))
    assert (report.verdict, report.exit_code, found(report)) == (V.DIVERGED, 4, {("root-differs", None)})
    report = verified(Forger(lab, since=()).files(), Trust(fork.pin(LAST + 1)))
    assert found(report) == {("root-differs", None)}


@pytest.mark.parametrize(("root", "code"), [(None, set()), ("ab" * 32, {"seen-differs"})])
def test_what_a_signer_saw_is_compared(root: str | None, code: set[str]) -> None:
    lab = told()[0].fork()
    body = {
        "bundle_digest": "sha256:" + "ab" * 32, "checkpoint": {"root": root or lab.pin(3).checkpoint.root.hex(), "size": 3},
        "first": 0, "last": 2, "profile": "p", "recipient": "a fictional authority",
    }  # fmt: skip
    at = lab.say(disclosure.Made, body, "disclosure/a", "discloser-1", "discloser-2").index
    lab.commit_index()
    assert found(verified(Forger(lab, since=(1, 3)).files())) == {(c, at) for c in code}
    report = verified(Forger(lab, since=(1,)).files())
    assert found(report) == set()
    assert any("checkpoints seen by the signers of 1 entries" in note for note in report.notes)


# -- bent members ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bend", "code", "index"), BENT)
def test_a_bent_member_is_named(bend: Callable[[Files], object], code: str, index: int | None) -> None:
    report = verified(honest().files(bend))
    assert report.exit_code == 4, report.to_json()
    assert code in {c for c, _ in found(report)}, found(report)
    assert index is None or (code, index) in found(report), found(report)


@pytest.mark.parametrize(("bend", "code", "index"), BENT_REPORT)
def test_a_report_that_says_something_else(bend: Callable[[Files], object], code: str, index: int | None) -> None:
    report = verified(honest().files(bend))
    assert (report.verdict, found(report)) == (V.INVALID, {(code, index)})


def test_a_bundle_without_its_report_is_none() -> None:
    forger = honest()
    files = forger.seal_as_is(forger.payload())
    assert (verified(files).verdict, found(verified(files))) == (V.INVALID, {("bag-missing", None)})
    checks, _ = one_file.verify(format_zip(files), None)
    assert "bag-missing" in {c[2] for c in checks}


@pytest.mark.parametrize(
    ("engine", "said", "code"),
    [
        ("assessor", {}, "statement-key"),
        ("engine", {"founding": "ab" * 32}, "statement-mismatch"),
        ("engine", {"ledger": "dev/other"}, "statement-mismatch"),
        ("engine", {"profile": "another"}, "statement-mismatch"),
        ("engine", {"recipient": "another"}, "statement-mismatch"),
    ],
)
def test_the_statement_is_the_engine_s_and_of_this_ledger(engine: str, said: dict[str, Any], code: str) -> None:
    forger = honest()
    assert code in {c for c, _ in found(verified(forger.seal(forger.payload(), engine, **said)))}


def test_an_unknown_key_and_a_foreign_file() -> None:
    forger = honest(tags={"notes.txt": b"x"})
    assert ("bag-extra", None) in found(verified(forger.files()))
    forger = honest()
    forger.lab.keys["thief"] = signer("thief")
    assert ("statement-key", None) in found(verified(forger.seal(forger.payload(), "thief")))


def test_another_release_s_verifier_is_a_note() -> None:
    report = verified(honest(tags={"verify.py": b"x"}).files(), Trust(pin(), static={"verify.py": b"y"}))
    assert report.exit_code == 0
    assert any("verify.py" in note for note in report.notes)


def status(forger: Forger) -> dict[str, Any]:
    """An honest status claim about what the forger shows."""
    shown = forger.shown()
    found = recomputed({"kind": "status", "actions": {"external_deploy": {}}}, shown, fold_shown(shown))
    assert found is not None
    return found


def test_a_claim_is_computed_anew() -> None:
    claim = status(honest())
    assert verified(honest(claims=(claim,)).files()).verdict is V.VALID_UNWITNESSED
    claim["actions"]["external_deploy"]["clearance"] = "clear"
    assert found(verified(honest(claims=(claim,)).files())) == {("claims-mismatch", None)}


@pytest.mark.parametrize(
    ("claim", "verdict", "code"),
    [
        ({"kind": "decision", "index": 5}, V.INCOMPLETE, "claims-short"),
        ({"kind": "status", "actions": {}}, V.INCOMPLETE, "claims-short"),
        ({"kind": "harmless"}, V.INVALID, "claims-not-allowed"),
        ({}, V.INVALID, "claims-not-allowed"),
    ],
)
def test_a_claim_that_nothing_carries(claim: dict[str, Any], verdict: V, code: str) -> None:
    report = verified(honest(claims=(claim,)).files())
    assert (report.verdict, found(report)) == (verdict, {(code, None)})


def test_a_claim_that_the_profile_does_not_list() -> None:
    forger = honest(claims=(status(honest()),))
    forger.profile = {**forger.profile, "claims": ["decision"]}
    assert found(verified(forger.files())) == {("claims-not-allowed", None)}


# -- the profile (T33) -----------------------------------------------------------------------------------------------------


def narrowed(kind: str, **change: Any) -> dict[str, Any]:
    """The profile with what it shows of a type changed; with nothing, the type is not shown."""
    profile = everything()
    rest = [s for s in profile["shows"] if s["type"] != kind]
    return {**profile, "shows": [*rest, {"type": kind, **change}] if change else rest}


@pytest.mark.parametrize(
    ("profile", "index"),
    [
        (narrowed("model.registered"), 42),
        (narrowed("model.registered", fields=["*"]), 42),
        (narrowed("model.registered", fields=["parent"], disclose=["subject"]), 42),
        (narrowed("model.compute-reached", fields=["of"]), 44),
        (narrowed("framework.published"), 40),
    ],
)
def test_what_the_profile_does_not_allow_is_found(profile: dict[str, Any], index: int) -> None:
    report = verified(honest(profile=profile).files())
    assert report.verdict is V.INVALID
    assert ("profile-exceeded", index) in found(report)


def test_a_profile_that_is_none() -> None:
    assert ("profile-form", None) in found(verified(honest(profile={"id": "everything"}).files()))


def test_a_class_that_the_profile_grounds_otherwise() -> None:
    forger = honest(withheld={(MODEL, 3): "x"})
    forger.profile = {**forger.profile, "withholds": [{**w, "ground": "none"} for w in forger.profile["withholds"]]}
    assert ("redactions-ground", None) in found(verified(forger.files()))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_the_builder_makes_holds(name: str) -> None:
    log, disclosed = told()
    log = log.fork()
    source = LabSource(log, {})
    held = {read_found(n, source.entry(n)).statement.predicate.event_id: texts for n, texts in disclosed.items()}
    files = built(log, shipped(name), held, since=(1,), actions=("external_deploy",))
    report = verify_zip(format_zip(files), Trust(pin()))
    assert report.verdict is V.VALID_UNWITNESSED, report.to_json()


def test_a_false_index_is_found_where_everything_is_shown() -> None:
    lab = told()[0].fork()
    commit_as_is(lab, root="ab" * 32)
    assert ("index-mismatch", LAST + 1) in found(verified(Forger(lab).files()))


def test_a_later_format_is_undecided() -> None:
    files = honest().files()
    files["bundle.json"] = files["bundle.json"].replace(b"urn:holdpoint:bundle:1", b"urn:holdpoint:bundle:2")
    report = verified(files)
    assert (report.verdict, report.exit_code, found(report)) == (V.ERROR, 1, {("format-unknown", None)})


def test_an_empty_bundle_proves_nothing() -> None:
    assert verified({}).exit_code == 4
    assert verify_zip(b"").exit_code == 4


FLIPS = int(os.environ.get("HOLDPOINT_FLIPS", "60"))
"""`make flips` asks for five thousand."""


def test_no_byte_is_free() -> None:
    """One bit of a byte, spread over the whole zip from an offset that chance draws by seed."""
    whole = format_zip(honest(since=(1,)).files())
    assert verify_zip(whole, Trust(pin())).exit_code == 0
    first = random.Random(FLIPS).randrange(len(whole) // FLIPS)
    for step in range(FLIPS):
        raw = bytearray(whole)
        raw[first + len(raw) * step // FLIPS] ^= 1 << step % 8
        assert verify_zip(bytes(raw), Trust(pin())).exit_code == 4, f"byte {first + len(raw) * step // FLIPS} is free"


def test_a_swapped_signature_is_noticed() -> None:
    files = honest().files()
    line = json.loads(files["bundle.sig"])
    line["sig"] = format_base64(bytes(64))
    assert ("statement-signature", None) in found(verified({**files, "bundle.sig": dumps(line)}))


def test_a_model_that_the_subject_is_measured_against_is_not_left_out() -> None:
    """The compute facts name `model/b`: without its stream nobody could say how far the evidence reaches."""
    whole = honest()
    listed = tuple(e.stream for e in whole.shown().streams if e.stream != "model/b")
    found = verify_bundle(honest(listed=listed).files())
    assert ("gap", V.INVALID) in {(c.code, c.verdict) for c in found.checks}
    assert all(c.code != "gap" for c in verify_bundle(whole.files()).checks)
