"""The demo as a stranger runs it: the console script, its screens, its verdicts, its exit codes."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import running
from tests.conftest import copy_of

ROOT = Path(__file__).resolve().parents[2]
HOLDPOINT = Path(sys.executable).parent / "holdpoint"
DENY = """MAY model/fictional-one BE PUT TO external_deploy?   DENY
  as of size 56, TIME
  clearance: deny (no-decision, policy-denies)
  policy verdict: deny
  4 requirements met, 28 open
  x G-BASELINE (section 1; Appendix B): unknown, attestation-missing
      ASL-2-DEPLOYMENT/A2D-1, ASL-2-DEPLOYMENT/A2D-2, ASL-2-DEPLOYMENT/A2D-3, \
ASL-2-DEPLOYMENT/A2D-4, ASL-2-SECURITY/A2S-1, ASL-2-SECURITY/A2S-2, ASL-2-SECURITY/A2S-3, ASL-2-SECURITY/A2S-4 and 2 more
      unblocked by an attester (attester)
        holdpoint attest model/fictional-one --set ASL-2-DEPLOYMENT --set ASL-2-SECURITY --as attester
  x G-EXTERNAL-ASL3 (section 4; section 5; section 6.2): unmet, attestation-missing
      ASL-3-DEPLOYMENT/A3D-1, ASL-3-DEPLOYMENT/A3D-2, ASL-3-DEPLOYMENT/A3D-3, \
ASL-3-DEPLOYMENT/A3D-4, ASL-3-DEPLOYMENT/A3D-5, ASL-3-DEPLOYMENT/A3D-6, ASL-3-DEPLOYMENT/A3D-7, ASL-3-SECURITY/A3S-1 and 7 more
      unblocked by an attester (attester)
        holdpoint attest model/fictional-one --set ASL-3-DEPLOYMENT --set ASL-3-SECURITY --as attester
  x G-EXTERNAL-ASL3 (section 4; section 5; section 6.2): unmet, document-missing
      capability_report, safeguards_report, follow_up_capability_assessment
      unblocked by an assessor, then an approver who did not submit it
        holdpoint document submit capability_report --model model/fictional-one --as assessor
        holdpoint document confirm capability_report --model model/fictional-one --as approver-2
        holdpoint document submit safeguards_report --model model/fictional-one --as assessor
        holdpoint document confirm safeguards_report --model model/fictional-one --as approver-2
        holdpoint document submit follow_up_capability_assessment --model model/fictional-one --as assessor
        holdpoint document confirm follow_up_capability_assessment --model model/fictional-one --as approver-2
  then, in this order:
    holdpoint request model/fictional-one external_deploy --as deployer   # request
    holdpoint approve model/fictional-one external_deploy --as approver-1   # approve, as CEO
    holdpoint approve model/fictional-one external_deploy --as approver-2   # approve, as RSO
    holdpoint inform model/fictional-one external_deploy --as deployer   # inform BOARD, LTBT
    holdpoint decide model/fictional-one external_deploy --as decider   # decide"""


def run(*words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HOLDPOINT, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


def test_the_deny_screen(demo: tuple[Path, str]) -> None:
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", demo[1])
    assert DENY in text


def test_the_verdicts(demo: tuple[Path, str]) -> None:
    said = re.findall(r"^verify .*: (\w+) \(exit (\d)\)", demo[1], re.MULTILINE)
    assert said == [
        ("VALID_UNWITNESSED", "0"),
        ("UNANCHORED", "5"),
        ("INVALID", "4"),
        ("INVALID", "4"),
        ("DIVERGED", "4"),
    ]
    assert "pinned size 86, shown size 57: first missing index 57" in demo[1]


def test_going_on_by_hand(told_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    logs = ROOT / "examples" / "logs"
    with running(copy_of(told_folder, tmp_path / "d")) as cli:
        head = cli.ledger.desk.read_head()
        answer = json.loads(cli.ok("gate", "model/fictional-one", "external_deploy", "--json").out)
        assert (answer["ok"], answer["clearance"], answer["checkpoint"]["size"]) == (True, "permit", 86)
        then = json.loads(cli("gate", "model/fictional-one", "external_deploy", "--json", "--at", "57").out)
        assert (then["clearance"], then["code"]) == ("deny", "withheld-by-decision")
        assert cli.ok("history", "model/fictional-one").out.count("\n") >= 30

        known = tmp_path / "uplift-trials.eval"
        shutil.copyfile(logs / known.name, known)
        again = cli.ok("import", known, "--model", "model/fictional-one", "--json")
        assert json.loads(again.out)["code"] == "known"
        broken = tmp_path / "broken.eval"
        broken.write_bytes(known.read_bytes()[:-100])
        refused = cli("import", broken, "--model", "model/fictional-one")
        assert refused.code == 2
        assert "not the format" in refused.err
        assert cli.ledger.desk.read_head() == head


def test_no_ledger_is_a_clear_error(tmp_path: Path) -> None:
    done = run("gate", "model/x", "train", "--data", tmp_path / "nothing")
    assert done.returncode == 2
    assert "not-a-ledger" in done.stderr
