"""`verify.html` on bundles, in real Chromium: the auditor's verdicts and codes; an engine without ML-DSA says INCOMPLETE, no more."""

import json
import random
from collections.abc import Callable
from hashlib import sha256

import pytest

from auditor.bundle import Trust, verify_zip
from auditor.verdict import Report
from disclosures.stored_zip import format_zip
from ledger.canonical import dumps
from ledger.events import model
from tests.disclosures.bent import BENT, LAST, verdict_of
from tests.disclosures.chromium import Chromium, bundle_verdict
from tests.disclosures.forger import MODEL, Forger, commit_as_is, everything, honest, told
from tests.disclosures.nested import FORGED, story
from tests.disclosures.test_one_file_verifier import MEMBERS, ODD, places, put, trust_file
from tests.simulator import Lab

NOT_CHECKED = "ml-dsa-not-checked"


def agree(
    browser: Chromium, files: dict[str, bytes] | bytes, lab: Lab | None, size: int = 1
) -> tuple[Report, list[str]]:
    """The auditor's report and the page's codes, once both came to one verdict."""
    raw = files if isinstance(files, bytes) else format_zip(files)
    report = verify_zip(raw, Trust(None if lab is None else lab.pin(size)))
    found = bundle_verdict(browser, raw, None if lab is None else trust_file(lab, size))
    assert found["verdict"] == report.verdict.value, (found, report.to_json())
    return report, found["codes"]


@pytest.mark.parametrize("hidden", [[], [5], [2, 3], [1, 2, 3, 4, 5]])
def test_honest_bundles(browser: Chromium, hidden: list[int]) -> None:
    raw = format_zip(honest(withheld={(MODEL, v): "x" for v in hidden}).files())
    lab = told()[0]
    for pin, verdict, codes in (
        (trust_file(lab), "VALID_UNWITNESSED", []),
        (trust_file(lab, LAST + 1), "VALID_UNWITNESSED", []),
        (None, "UNANCHORED", ["no-pin"]),
        (trust_file(lab, 7), "UNANCHORED", ["pin-not-linked"]),
        (trust_file(Lab("dev/other")), "DIVERGED", ["other-ledger"]),
        (trust_file(Lab(name="anew")), "DIVERGED", ["founded-anew"]),
    ):
        assert bundle_verdict(browser, raw, pin) == {"verdict": verdict, "codes": codes}
    assert sha256(raw).hexdigest() in browser.run("part('checked').textContent")


@pytest.mark.parametrize(("bend", "code", "index"), BENT)
def test_bent_members(
    browser: Chromium, older: Chromium, bend: Callable[[dict[str, bytes]], object], code: str, index: int | None
) -> None:
    raw, pin = format_zip(honest().files(bend)), trust_file(told()[0])
    found = bundle_verdict(browser, raw, pin)
    assert found["verdict"] == verdict_of(code)
    assert code in found["codes"]
    at = browser.run(f"[...document.querySelectorAll('td')].some(c => c.textContent === '{code}' "
                     f"&& c.parentElement.children[2].textContent === '{'' if index is None else index}')")  # fmt: skip
    assert at is True
    lacking = bundle_verdict(older, raw, pin)
    assert lacking["verdict"] == found["verdict"]
    assert [c for c in lacking["codes"] if c != NOT_CHECKED] == found["codes"]


@pytest.mark.parametrize("name", FORGED)
def test_what_is_hidden_inside_what_is_hidden(browser: Chromium, name: str) -> None:
    forge, code = FORGED[name]
    forger = story(forge)
    report, codes = agree(browser, forger.files(), forger.lab)
    assert report.verdict.value == "INVALID"
    assert code in codes


def test_honest_elements_and_members(browser: Chromium) -> None:
    forger = story()
    assert agree(browser, forger.files(), forger.lab)[0].verdict.value == "VALID_UNWITNESSED"


def test_an_engine_without_ml_dsa_says_so_and_nothing_better(older: Chromium) -> None:
    raw = format_zip(honest().files())
    pin = trust_file(told()[0])
    assert bundle_verdict(older, raw, pin) == {"verdict": "INCOMPLETE", "codes": [NOT_CHECKED]}
    assert "ML-DSA-44 not checked" in older.run("part('parts').textContent")
    assert bundle_verdict(older, raw, None) == {"verdict": "UNANCHORED", "codes": [NOT_CHECKED, "no-pin"]}


@pytest.mark.parametrize("seed", range(16))
def test_any_member_bent_anywhere(browser: Chromium, seed: int) -> None:
    draw = random.Random(seed + 1000)
    forger = honest(withheld={(MODEL, 3): "x"})
    payload = forger.payload()
    name = f"data/{MEMBERS[seed % len(MEMBERS)]}.json"
    value = json.loads(payload[name])
    payload[name] = dumps(put(value, draw.choice(places(value)), draw.choice(ODD)))
    agree(browser, forger.seal(payload, profile="everything"), told()[0])


def test_no_byte_is_free(browser: Chromium) -> None:
    whole, draw = format_zip(honest().files()), random.Random(7)
    for _ in range(60):
        raw = bytearray(whole)
        raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        agree(browser, bytes(raw), told()[0])


@pytest.mark.parametrize("by", ["assessor", "decider"])
def test_roles(browser: Chromium, by: str) -> None:
    lab = told()[0].fork()
    lab.slip(lab.write(model.ComputeReached, {"of": "model/b", "ratio": "9"}, MODEL, by).wire())
    commit_as_is(lab)
    report, codes = agree(browser, Forger(lab).files(), lab)
    assert codes[0] in {c.code for c in report.checks}


def test_the_profile_is_held_against(browser: Chromium) -> None:
    profile = everything()
    for shows in ([s for s in profile["shows"] if s["type"] != "model.registered"],
                  [{k: v for k, v in s.items() if k != "disclose"} for s in profile["shows"]]):  # fmt: skip
        assert agree(browser, honest(profile={**profile, "shows": shows}).files(), told()[0])[0].verdict == "INVALID"


ODD_TEXTS = [
    b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a":1.0}', b'{"a":1e2}', b'{"a":9007199254740992}', b'{"a":-0}', b'{"a":"\\ud800"}',
    b'{"a":"\\u0061"}', b' {"a":1}', b'{"a":1}\n', b"\xef\xbb\xbf{}", b'{"\xc3\xa4":1}', b"[" * 40 + b"]" * 40, b"{", b"", b"\xff",
    b'{"a":0.5}', b'{"a":NaN}', b'{"a":tru}', b'{"__proto__":{"size":1}}', b'{"constructor":1}',
]  # fmt: skip


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_json_that_is_not_the_one_form(browser: Chromium, text: bytes) -> None:
    forger = honest()
    payload = {**forger.payload(), "data/consistency.json": text}
    report, codes = agree(browser, forger.seal(payload, profile="everything"), told()[0])
    assert (report.verdict.value, codes) == ("INVALID", ["consistency-form"])


@pytest.mark.parametrize(
    "raw", [b"", b"PK", b"PK\5\6" + bytes(18), b"PK\3\4" * 9, bytes(100), b"PK\3\4" + b"\xff" * 400]
)
def test_what_is_no_zip(browser: Chromium, raw: bytes) -> None:
    found = bundle_verdict(browser, raw, None)
    assert found["verdict"] == "INVALID"
    assert verify_zip(raw).verdict.value == "INVALID"
