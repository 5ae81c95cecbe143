"""The page's checks by Node's WebCrypto, another engine than Chromium's: the same verdicts, where Node is on PATH."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from disclosures.stored_zip import format_zip
from ledger.events import model
from spec.verifier import SCRIPTS, script_of
from tests.disclosures.bent import BENT, verdict_of
from tests.disclosures.forger import MODEL, honest, told
from tests.disclosures.test_one_file_verifier import trust_file
from tests.simulator import Lab
from tests.threats.node import NODE

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")
PAGE_ALONE = ("view.js", "page.js")
DRIVER = """
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));
(async () => {
  const said = [];
  for (const [bundle, pin] of asked) {
    const report = await verifyBundle(bytes(bundle), pin === null ? null : await parsePin(bytes(pin)));
    said.push([report.verdict, report.details.map((c) => c.code).filter((c) => c !== 'ok')]);
  }
  const lacks = !(await hasMlDsa('ML-DSA-44', 1312));
  console.log(JSON.stringify({ said, lacks }));
})();
"""


def ask(tmp_path: Path, *asked: tuple[bytes, bytes | None]) -> tuple[list[tuple[str, list[str]]], bool]:
    """Verdict and codes of each bundle under its trust file; and whether this Node lacks ML-DSA."""
    script = script_of(name for name in SCRIPTS if name not in PAGE_ALONE)
    (tmp_path / "checks.js").write_text(script + DRIVER)
    encoded = [[base64.b64encode(raw).decode(), pin and base64.b64encode(pin).decode()] for raw, pin in asked]
    done = subprocess.run(
        [str(NODE), str(tmp_path / "checks.js")],
        input=json.dumps(encoded),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return [(verdict, codes) for verdict, codes in found["said"]], found["lacks"]


def test_honest_bundles(tmp_path: Path) -> None:
    lab = told()[0]
    raw = format_zip(honest().files())
    part = format_zip(honest(withheld={(MODEL, v): "x" for v in (2, 3)}).files())
    found, lacks = ask(
        tmp_path, (raw, trust_file(lab)), (part, trust_file(lab)), (raw, None), (raw, trust_file(Lab("dev/other")))
    )
    best = "INCOMPLETE" if lacks else "VALID_UNWITNESSED"
    assert [verdict for verdict, _ in found] == [best, best, "UNANCHORED", "DIVERGED"]
    assert found[0][1] == (["ml-dsa-not-checked"] if lacks else [])


def test_bent_members(tmp_path: Path) -> None:
    pin = trust_file(told()[0])
    found, _ = ask(tmp_path, *((format_zip(honest().files(bend)), pin) for bend, _, _ in BENT))
    for (verdict, codes), (_, code, index) in zip(found, BENT, strict=True):
        assert (verdict, code in codes) == (verdict_of(code), True), (code, index, codes)


def test_a_p256_signer(tmp_path: Path) -> None:
    """The algorithm that engines disagree on most: DER to r‖s, and low S alone."""
    from tests.disclosures.forger import Forger
    from tests.simulator import signer

    lab = told()[0].fork()
    lab.register("evaluator", signer("curve", "ecdsa-p256-sha256"))
    lab.keys["evaluator"] = signer("curve", "ecdsa-p256-sha256")
    lab.say(model.ComputeReached, {"of": "model/b", "ratio": "7"}, MODEL, "evaluator")
    lab.commit_index()
    ((verdict, codes),), lacks = ask(tmp_path, (format_zip(Forger(lab, told()[1]).files()), trust_file(lab)))
    assert (verdict, codes) == (("INCOMPLETE", ["ml-dsa-not-checked"]) if lacks else ("VALID_UNWITNESSED", []))
