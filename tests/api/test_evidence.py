"""`verify --evidence` and `--statement`: logs imported again, and what the auditor found, signed as an event. No database."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from api.author import statement_of
from api.cli.main import app
from api.evidence import evidence_checks, same_scores
from api.importers import read_log
from api.keyring import write_private
from api.recording import body_of
from api.replay_statement import sign_replay
from auditor.bundle import Trust, verify_bundle
from auditor.pin import format_pin
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from disclosures.stored_zip import format_zip
from ledger.envelope import parse_envelope
from ledger.errors import Fault
from ledger.events import evaluation
from tests.commands import ROOT
from tests.disclosures.forger import MODEL, Forger, told
from tests.simulator import Lab

LOG = ROOT / "examples" / "logs" / "answer-rate.eval"


def recorded(tmp_path: Path, *, withhold: tuple[str, ...] = (), open_: bool = False, **bent: Any) -> Path:
    """A bundle in which the log is recorded, as the importer reads it but for what is bent; `open_` withholds nothing by default."""
    options = {"withhold": withhold, **({"defaults": frozenset()} if open_ else {})}
    lab = told()[0].fork()
    disclosed = {}
    for record in read_log(LOG.read_bytes()):
        body = {**body_of(record, lab.replay.state, MODEL, "e", safeguards_off=False), **bent}
        written = lab.write(evaluation.Recorded, body, MODEL, "evaluator", **options)
        disclosed[lab.add(written).index] = written.disclosures
    lab.commit_index()
    path = tmp_path / "bundle.zip"
    path.write_bytes(format_zip(Forger(lab).files()))
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    shutil.copyfile(LOG, folder / "renamed.bin")
    (folder / "renamed.bin.receipt").write_text("c2sp.org/tlog-proof@v1\n")
    return folder


def pem_of(lab: Lab) -> bytes:
    """The simulated auditor's private key, as a key file has it."""
    private = lab.keys["auditor"]._private  # type: ignore[attr-defined]  # a software key of the simulator
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def codes(checks: Any) -> list[tuple[V, str]]:
    return [(c.verdict, c.code) for c in checks]


def test_the_log_says_what_was_recorded(tmp_path: Path, logs: Path) -> None:
    (check,) = evidence_checks(recorded(tmp_path), logs)
    assert (check.verdict, check.code) == (V.VALID_UNWITNESSED, "ok")
    assert "scores of 0 are withheld" in check.detail


def test_withheld_scores_are_not_compared_and_said_so(tmp_path: Path, logs: Path) -> None:
    (check,) = evidence_checks(recorded(tmp_path, withhold=("scores",)), logs)
    assert (check.code, "scores of 1 are withheld" in check.detail) == ("ok", True)
    assert "the name of the model as 1 have it is withheld" in check.detail


def test_one_score_withheld_leaves_the_others_to_compare(tmp_path: Path, logs: Path) -> None:
    (check,) = evidence_checks(recorded(tmp_path, withhold=("scores.accuracy",)), logs)
    assert (check.code, "scores of 1 are withheld" in check.detail) == ("ok", True)
    a, b, c = ({"name": n} for n in "abc")
    hidden = {"...": "A" * 43}
    for said in ([a, b, c], [hidden, b, hidden], [hidden, a, hidden, c], [hidden] * 32):
        assert same_scores(said, [a, b, c])
    for said in ([a, b], [hidden, c, b], [b, hidden, a], [hidden, {"name": "d"}], [a, a, hidden]):
        assert not same_scores(said, [a, b, c])


@pytest.mark.parametrize(("said", "code"), [({}, "ok"), ({"dirty": True}, "evidence-differs"), ({"origin": "x"}, "ok")])
def test_a_revision_is_compared_as_far_as_it_is_open(
    tmp_path: Path, logs: Path, said: dict[str, Any], code: str
) -> None:
    (record,) = read_log(LOG.read_bytes())
    body = msgspec.to_builtins(record).get("revision", {})
    withhold = ("revision.commit", "revision.origin")
    (check,) = evidence_checks(recorded(tmp_path, withhold=withhold, revision={**body, "commit": "c", **said}), logs)
    assert check.code == code


@pytest.mark.parametrize(
    ("bent", "word"),
    [
        ({"task_version": "other"}, "task_version"),
        ({"status": "error"}, "status"),
        ({"log_bytes": 1}, "log_bytes"),
        ({"model_as_named": "another"}, "model_as_named"),
        ({"warnings": ["made up"]}, "warnings"),
        ({"scores": []}, "score"),
    ],
)
def test_what_the_log_does_not_say_is_found(tmp_path: Path, logs: Path, bent: dict[str, Any], word: str) -> None:
    (check,) = evidence_checks(recorded(tmp_path, open_=True, **bent), logs)
    assert (check.verdict, check.code, check.index) == (V.INVALID, "evidence-differs", 49)
    assert word in check.detail


def test_a_better_score_is_found(tmp_path: Path, logs: Path) -> None:
    (record,) = read_log(LOG.read_bytes())
    better = [{**m, "value": "0.99"} for m in msgspec.to_builtins(record.metrics)]
    (check,) = evidence_checks(recorded(tmp_path, scores=better), logs)
    assert (check.code, "score" in check.detail) == ("evidence-differs", True)


def test_a_log_that_is_missing_or_no_log(tmp_path: Path, logs: Path) -> None:
    bundle = recorded(tmp_path)
    (logs / "renamed.bin").unlink()
    assert codes(evidence_checks(bundle, logs)) == [(V.INCOMPLETE, "evidence-missing")]
    (logs / "link").symlink_to(LOG)
    assert codes(evidence_checks(bundle, logs)) == [(V.INCOMPLETE, "evidence-missing")]


def test_nothing_to_compare_is_not_passed_over(tmp_path: Path, logs: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(format_zip(Forger(told()[0].fork()).files()))
    assert codes(evidence_checks(path, logs)) == [(V.INCOMPLETE, "evidence-empty")]


def test_an_export_too(tmp_path: Path, logs: Path) -> None:
    lab = told()[0].fork()
    (record,) = read_log(LOG.read_bytes())
    lab.say(
        evaluation.Recorded, body_of(record, lab.replay.state, MODEL, "e", safeguards_off=False), MODEL, "evaluator"
    )
    for name, content in lab.export().items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(content)
    assert codes(evidence_checks(tmp_path / "out", logs)) == [(V.VALID_UNWITNESSED, "ok")]


def verified(lab: Lab, pinned: bool = True) -> Report:
    return verify_bundle(Forger(lab).files(), Trust(lab.pin(1) if pinned else None))


def test_a_statement_is_admitted_as_it_is() -> None:
    lab = told()[0].fork()
    report = verified(lab)
    lab.tick()
    written = sign_replay(report, lab.pin(1), lab.keys["auditor"], lab.time)
    event = lab.add(written)
    said = event.body
    assert (said.verdict, said.size, said.root) == ("VALID_UNWITNESSED", report.size, report.root.hex())
    assert json.loads(written.wire())["payloadType"] == "application/vnd.in-toto+json"
    lab.holds()


def test_a_statement_says_why_not() -> None:
    lab = told()[0].fork()
    written = sign_replay(verified(lab, pinned=False), lab.pin(1), lab.keys["auditor"], lab.time)
    assert lab.add(written).body.note == "pin: no-pin"


def test_no_statement_of_a_ledger_that_is_not_pinned() -> None:
    lab = told()[0].fork()
    for report, pin in ((verified(lab), None), (verified(lab), Lab("dev/other").pin()), (Report(()), lab.pin(1))):
        with pytest.raises(Fault):
            sign_replay(report, pin, lab.keys["auditor"], lab.time)


def test_the_command(tmp_path: Path, logs: Path) -> None:
    """A bundle, a pin, the logs, and the statement that comes out; then the same with a bundle that was touched."""
    lab, bundle = told()[0], recorded(tmp_path)
    pin = format_pin(lab.origin, lab.founding, tuple(map(str, lab.log.vkeys)), lab.note(1))
    (tmp_path / "pin.json").write_bytes(pin)
    write_private(tmp_path / "auditor.pem", pem_of(lab))
    words = ["verify", str(bundle), "--pin", str(tmp_path / "pin.json"), "--evidence", str(logs), "--json"]
    signing = ["--statement", str(tmp_path / "auditor.pem"), "--out", str(tmp_path / "replay.json")]
    done = CliRunner().invoke(app, [*words, *signing])
    assert (done.exit_code, json.loads(done.stdout)["verdict"]) == (0, "VALID_UNWITNESSED"), done.output
    statement = statement_of(parse_envelope((tmp_path / "replay.json").read_bytes()).payload)
    assert statement.predicate.body.verdict == "VALID_UNWITNESSED"
    raw = bytearray(bundle.read_bytes())
    raw[len(raw) // 2] ^= 1
    bundle.write_bytes(raw)
    assert CliRunner().invoke(app, words).exit_code == 4
