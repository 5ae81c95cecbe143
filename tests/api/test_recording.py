"""An import dies at its worst moments, killed for real: nothing is lost, nothing is recorded twice, the receipt comes."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.recording import still_open
from api.session import Session
from auditor.pin import parse_pin
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.errors import Fault
from ledger.events import evaluation
from ledger.receipt import check_receipt
from ledger.slots import is_hidden
from ledger.statement import parse_statement
from ledger.withheld import open_body
from tests.commands import Cli, running
from tests.conftest import FOUNDED, copy_of

ROOT = Path(__file__).resolve().parents[2]
# What the process was about to do when SIGKILL came: a function of ours, and whether it had run.
POINTS = {
    "before the spool": ("api.spool.Spool.keep", "before"),
    "between spool and post": ("api.spool.Spool.keep", "after"),
    "after the commit, before any receipt": ("api.session.Session.deliver", "after"),
    "before the receipt beside the log": ("api.recording.write_synced", "before"),
}
KILLER = """
import os, signal, sys
from importlib import import_module
name, when, *words = sys.argv[1:]
owner, _, attribute = name.rpartition(".")
try:
    place = import_module(owner)
except ModuleNotFoundError:
    module, _, kind = owner.rpartition(".")
    place = getattr(import_module(module), kind)
real = getattr(place, attribute)
def dying(*given, **named):
    if when == "after":
        real(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(place, attribute, dying)
from api.cli.main import main
main(words)
"""


@pytest.fixture(scope="module")
def registered(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_of(founded_folder, tmp_path_factory.mktemp("registered") / "ledger")
    with running(folder) as cli:
        cli.ok("register", "model/one", "--name", "One", "--weights", "sha256:" + "1" * 64, "--yes")
    return folder


@pytest.mark.parametrize("point", POINTS)
def test_killed(point: str, registered: Path, tmp_path: Path) -> None:
    folder = copy_of(registered, tmp_path / "ledger")
    log = tmp_path / "uplift-trials.eval"
    shutil.copyfile(ROOT / "examples" / "logs" / log.name, log)
    words = ["import", str(log), "--model", "model/one", "--data", str(folder), "--json"]
    died = subprocess.run(
        [sys.executable, "-c", KILLER, *POINTS[point], *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert died.stdout == ""
    spooled = [p.name for p in (folder / "spool").glob("*.json")]
    assert len(spooled) == (0 if point == "before the spool" else 1)

    with running(folder) as cli:
        again = cli(*words)
        assert again.code == 0, again.err
        said = json.loads(again.out)
        assert json.loads(cli(*words).out)["code"] == "known"
        rows = cli.ledger.desk.find(-1, 1000, stream="model/one")
        assert [r.topic.split(":")[3] for r in rows] == ["model.registered", "evaluation.recorded"]
        entry, _ = cli.ledger.receipt(said["index"])
        pin = parse_pin(Session(cli.ledger).pin())
        receipt = log.with_name(log.name + ".receipt").read_text()
        assert check_receipt(receipt, entry, pin.vkeys, pin.origin).size > said["index"]
    assert not list((folder / "spool").iterdir())
    statement = parse_statement(parse_envelope(parse_entry(entry).envelope).payload, evaluation.Recorded)
    texts = (folder / "disclosures" / f"{statement.predicate.event_id}.jsonl").read_text().split()
    payload = json.loads(parse_envelope(parse_entry(entry).envelope).payload)
    assert open_body(payload["predicate"]["body"], texts).body["evaluator"], "nobody else holds the withheld fields"


def test_another_file_of_the_same_run_is_an_amendment(registered: Path, tmp_path: Path) -> None:
    folder = copy_of(registered, tmp_path / "ledger")
    raw = (ROOT / "examples" / "logs" / "autonomy-suite.json").read_bytes()
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_bytes(raw)
    second.write_bytes(raw.rstrip() + b"\n\n")
    with running(folder) as cli:
        codes = [
            json.loads(cli("import", f, "--model", "one", "--json").out)["code"] for f in (first, second, second, first)
        ]
        assert codes == ["recorded", "amended", "known", "known"]
        assert cli.ledger.desk.read_head().size == FOUNDED + 3
        for more, words in ((b"\n\n\n", ("--withhold", "scores")), (b"\n\n\n\n", ())):
            second.write_bytes(raw.rstrip() + more)
            cli.ok("import", second, "--model", "one", *words)
        entries = [row.entry for row in cli.ledger.desk.find(-1, 1000, stream="model/one")[-3:]]
    bodies = [json.loads(parse_envelope(parse_entry(e).envelope).payload)["predicate"]["body"] for e in entries]
    assert ["scores" in body for body in bodies] == [True, False, False], (
        "what one file withheld, no later one lets out"
    )


def test_another_file_lets_out_no_score_that_the_first_withheld(registered: Path, tmp_path: Path) -> None:
    """The amendment withholds the scores again, unasked, and says that it did not compare them."""
    folder = copy_of(registered, tmp_path / "ledger")
    raw = (ROOT / "examples" / "logs" / "autonomy-suite.json").read_bytes()
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_bytes(raw)
    second.write_bytes(raw.rstrip() + b"\n\n")
    with running(folder) as cli:
        done = cli("import", first, "--model", "one", "--withhold", "scores.*", "--withhold", "elicitation", "--json")
        assert done.code == 0, done.err
        done = cli("import", second, "--model", "one", "--json")
        assert done.code == 0, done.err
        entries = [cli.ledger.receipt(row.index)[0] for row in cli.ledger.desk.find(-1, 1000, stream="model/one")[-2:]]
    recorded, amended = (
        json.loads(parse_envelope(parse_entry(e).envelope).payload)["predicate"]["body"] for e in entries
    )
    assert len(recorded["scores"]) == 32
    assert all(is_hidden(score) for score in recorded["scores"])
    assert "model_as_named" not in recorded, "a log that names the model would give away what is withheld of it"
    assert "scores" not in amended
    assert amended["reason"] == "another file of the same run, whose first scores are withheld and not compared"


@pytest.mark.parametrize(
    ("path", "word"), [("task", "elicitation"), ("scores.nobody", "scores"), ("edits_detected.0", "scores.*")]
)
def test_what_a_result_can_not_withhold_is_refused_before_anything_is_recorded(
    path: str, word: str, registered: Path, tmp_path: Path
) -> None:
    folder = copy_of(registered, tmp_path / "ledger")
    log = tmp_path / "first.json"
    shutil.copyfile(ROOT / "examples" / "logs" / "autonomy-suite.json", log)
    with running(folder) as cli:
        before = cli.ledger.desk.read_head().size
        done = cli("import", log, "--model", "one", "--withhold", path)
        assert done.code == 2
        assert path in done.err
        assert word in done.err
        assert cli.ledger.desk.read_head().size == before
    assert not log.with_name("first.json.receipt").exists()


def test_what_waits_in_the_spool_is_not_sent_as_if_it_withheld_more(
    registered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was signed by the run before, which withheld less: nobody believes that it is hidden, and hands it out."""
    folder = copy_of(registered, tmp_path / "ledger")
    log = tmp_path / "log.json"
    shutil.copyfile(ROOT / "examples" / "logs" / "autonomy-suite.json", log)
    words = ("import", log, "--model", "one", "--withhold", "elicitation")
    with running(folder) as cli:
        with monkeypatch.context() as cut:
            cut.setattr(Session, "deliver", unreachable)
            assert cli(*words).code == 6
        (waiting,) = (folder / "spool").glob("*.json")
        for more in ("scores", "scores.*"):
            done = cli(*words, "--withhold", more)
            assert done.code == 2, done.err
            assert str(waiting) in done.err
        assert waiting.exists()
        assert cli.ledger.desk.read_head().size == FOUNDED + 1
        assert json.loads(cli(*words, "--json").out)["code"] == "recorded"


def unreachable(_session: Session, _written: object) -> None:
    raise Fault("server-unreachable", "unknown", "no answer", "send it again")


def test_open_is_what_a_signed_body_shows() -> None:
    hidden = {"...": "A" * 43}
    body = {"scores": [hidden, {"name": "open"}], "revision": {"dirty": True, "_sd": []}, "findings": [hidden]}
    assert still_open(body, ["evaluator", "scores.gone", "findings.*", "revision.commit"]) is None
    for path in ("scores", "scores.*", "scores.open", "revision", "findings"):
        assert still_open(body, ["evaluator", path]) == path
    assert still_open({"scores": [{"name": "one"}]}, ["scores.0"]) == "scores.0"


def test_a_log_of_many_tasks_gets_a_receipt_for_each(registered: Path, tmp_path: Path) -> None:
    folder = copy_of(registered, tmp_path / "ledger")
    log = tmp_path / "results.json"
    log.write_text(
        json.dumps({"results": {"a": {"acc": 0.5}, "b": {"acc": 0.25}}, "versions": {"a": 0, "b": 0}, "config": {}})
    )
    with running(folder) as cli:
        lines = [json.loads(x) for x in cli.ok("import", log, "--model", "one", "--json").out.splitlines()]
        assert [x["task"] for x in lines] == ["a", "b"]
        for line in lines:
            receipt = Path(line["receipt"])
            assert receipt.name == f"results.json.{line['index']}.receipt"
            assert f"index {line['index']}\n" in receipt.read_text()


def test_one_unreadable_log_of_several_changes_nothing(registered: Path, tmp_path: Path) -> None:
    folder = copy_of(registered, tmp_path / "ledger")
    good, bad = tmp_path / "good.json", tmp_path / "bad.eval"
    shutil.copyfile(ROOT / "examples" / "logs" / "autonomy-suite.json", good)
    bad.write_bytes((ROOT / "examples" / "logs" / "uplift-trials.eval").read_bytes()[:-100])
    with running(folder) as cli:
        before = cli.ledger.desk.read_head()
        done = cli("import", good, bad, "--model", "one")
        assert done.code == 2
        assert "not the format" in done.err
        assert cli("import", tmp_path / "absent.eval", "--model", "one").code == 2
        assert cli("import", good, "--model", "nobody").code == 2
        assert cli.ledger.desk.read_head() == before
    assert not (folder / "spool").exists() or not list((folder / "spool").iterdir())
    assert not list(tmp_path.glob("*.receipt"))


@pytest.mark.parametrize("status", ["error", "cancelled", "started"])
def test_a_run_that_did_not_succeed_is_recorded_as_such(status: str, registered: Path, tmp_path: Path) -> None:
    log = tmp_path / "failed.json"
    value = json.loads((ROOT / "examples" / "logs" / "autonomy-suite.json").read_bytes())
    value["status"] = status
    del value["results"]
    log.write_text(json.dumps(value))
    words = ("import", log, "--model", "one", "--dry-run", "--json")
    said = json.loads(Cli(tmp_path, None)(*words).out)  # type: ignore[arg-type]  # no ledger is opened for a dry run
    assert said["status"] == status
    assert any("satisfies nothing" in w for w in said["warnings"])
    assert any("no scores" in w for w in said["warnings"])
    assert said["metrics"] == []
    assert said["log_sha256"].startswith("sha256:")
    assert said["edits_detected"] == []
