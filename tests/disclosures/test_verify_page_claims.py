"""`verify.html` on claims: of the story's real bundles, and of incidents; computed anew, short, or said to be open."""

import json
from pathlib import Path

from api.disclosing import prepare, profile_named
from api.keyring import load_signer
from api.wiring import opened
from auditor.bundle import verify_zip
from disclosures.bag import bag_files, check_bag, seal_bag
from disclosures.builder import Asked
from disclosures.incident_claims import incident_claims
from disclosures.shown import read_shown
from disclosures.stored_zip import format_zip, parse_zip
from ledger.canonical import dumps
from tests.disclosures.bent import CLAIMS, edit
from tests.disclosures.chromium import Chromium, bundle_verdict
from tests.disclosures.forger import Forger
from tests.disclosures.incidents import GOOD, happened
from tests.disclosures.test_one_file_verifier import trust_file

MODEL, WHO = "model/fictional-one", "a fictional authority"


def prepared(folder: Path, profile: str, *actions: str) -> bytes:
    """A bundle that nobody released."""
    engine = load_signer(folder / "keys" / "engine.pem")
    with opened(folder) as ledger:
        return prepare(ledger, Asked(MODEL, WHO, profile_named(profile), actions=actions), engine).raw


def test_the_story_s_bundles(browser: Chromium, story_folder: Path) -> None:
    """A decision whose gate is not shown is computed anew; what the rules must fold is said to be open."""
    for profile, codes in (
        ("auditor-full", ["claims-not-folded"]),
        ("eu-ai-office-full", ["claims-not-folded"]),
        ("california-oes-incident", []),
        ("public-notice", []),
    ):
        raw = prepared(story_folder, profile, "external_deploy")
        assert {c.code for c in verify_zip(raw).checks} == {"ok", "no-pin"}
        assert bundle_verdict(browser, raw, None) == {"verdict": "UNANCHORED", "codes": [*codes, "no-pin"]}
        assert "verify.html" in parse_zip(raw)
    heads = browser.run("[...document.querySelectorAll('h2')].map(h => h.textContent)")
    assert {"Decisions", "Withheld", "Timeline", "Not proven", "What was compared"} <= set(heads)


def test_a_decision_that_is_another(browser: Chromium, story_folder: Path) -> None:
    files = parse_zip(prepared(story_folder, "public-notice"))
    engine = load_signer(story_folder / "keys" / "engine.pem")
    payload = {p: c for p, c in files.items() if p.startswith("data/")}
    for member, value, code in (
        ("decision", "delete_weights", "claims-mismatch"),
        ("basis", "legal", "claims-mismatch"),
        ("later", 99, "claims-mismatch"),
        ("recorded_at", "2026-01-01T00:00:00.000000Z", "claims-mismatch"),
        ("frameworks", [], "claims-mismatch"),
        ("divergent", True, "claims-mismatch"),
        ("index", 0, "claims-short"),
    ):
        claims = json.loads(payload[CLAIMS])
        claims["claims"][0][member] = value
        bag = bag_files({**payload, CLAIMS: dumps(claims)}, {})
        bent = format_zip(seal_bag(bag, check_bag(files).predicate, engine))
        assert code in {c.code for c in verify_zip(bent).checks}, member
        assert code in bundle_verdict(browser, bent, None)["codes"], member


def test_reports_of_incidents(browser: Chromium) -> None:
    lab = happened()
    forger = Forger(lab.fork(), claims=tuple(incident_claims(Forger(lab.fork()).shown())))
    pin = trust_file(lab)
    assert bundle_verdict(browser, format_zip(forger.files()), pin) == {"verdict": "VALID_UNWITNESSED", "codes": []}
    for member, value, code in (("report", "final", "claims-mismatch"), ("later", 7, "claims-mismatch"), ("index", True, "claims-short")):  # fmt: skip
        bent = forger.files(edit(CLAIMS, lambda v, m=member, w=value: v["claims"][0].update({m: w})))  # type: ignore[misc]  # defaults bind the loop's values
        assert code in bundle_verdict(browser, format_zip(bent), pin)["codes"]


def test_an_incident_that_is_left_out(browser: Chromium) -> None:
    """One for one: withheld entries of another incident do not stand for those that are referred to."""
    lab, names = happened(), [s.stream for s in read_shown(Forger(happened().fork()).files()).streams]
    hidden = {(GOOD, 1): "x", (GOOD, 2): "x"}
    kept = tuple(n for n in names if n != GOOD)
    assert (
        bundle_verdict(browser, format_zip(Forger(lab.fork(), withheld=hidden).files()), trust_file(lab))["codes"] == []
    )
    found = bundle_verdict(browser, format_zip(Forger(lab.fork(), listed=kept).files()), trust_file(lab))
    assert found["verdict"] == "INVALID"
    assert set(found["codes"]) == {"gap"}
