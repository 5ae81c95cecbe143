"""An audit that was stopped goes on where it was, and a working file of anything else is not believed."""

import json
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import msgspec
import pytest

import auditor.audit
from auditor.pin import Pin
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from auditor.working_file import WorkingFile
from ledger.events import model
from ledger.tile import tile_path
from tests.simulator import Lab, signer


class Stopped(Exception):
    """What ends an audit in the middle."""


@lru_cache(maxsize=1)
def long_lab() -> tuple[Lab, dict[str, bytes]]:
    """Three bundles of entries and a bit, of a lab with real keys."""
    lab = Lab(name="long")
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    while len(lab.entries) < 780:
        lab.say(model.ComputeReached, {"of": "model/a", "ratio": f"{len(lab.entries)}.5"}, "model/a", "evaluator")
    return lab, lab.export()


@pytest.fixture(autouse=True)
def marks_at_every_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor.audit, "MARK_EVERY", 1)


def audit(
    files: dict[str, bytes], pin: Pin, path: Path, *, stop: int = 10**9, release: str = "1"
) -> tuple[Report, int]:
    """The report, and the size from which it went."""
    seen: list[int] = []

    def progress(done: int, _of: int) -> None:
        seen.append(done)
        if done >= stop:
            raise Stopped

    report = verify_export(files.get, pin, progress=progress, work=lambda _size: WorkingFile(release, str(path)))
    return report, seen[0] if seen else 0


def stopped_at(path: Path, stop: int = 768) -> None:
    lab, files = long_lab()
    with pytest.raises(Stopped):
        audit(files, lab.pin(1), path, stop=stop)


def test_it_goes_on_from_the_last_mark(tmp_path: Path) -> None:
    lab, files = long_lab()
    stopped_at(tmp_path / "work")
    report, first = audit(files, lab.pin(1), tmp_path / "work")
    assert (report.verdict, first) == (V.VALID_UNWITNESSED, 512)
    whole = verify_export(files.get, lab.pin(1))
    assert (report.checks, report.notes[:-1]) == (whole.checks, whole.notes)
    assert "the first 512 entries" in report.notes[-1]
    again, first = audit(files, lab.pin(1), tmp_path / "work")
    assert (again.verdict, first) == (V.VALID_UNWITNESSED, 768)


def test_a_pin_of_the_middle_is_still_compared(tmp_path: Path) -> None:
    lab, files = long_lab()
    for stop in (768, 10**9):
        try:
            report, _ = audit(files, lab.pin(300), tmp_path / "work", stop=stop)
        except Stopped:
            continue
    assert next(c for c in report.checks if c.name == "pin").code == "ok"


def test_a_log_that_grew_goes_on(tmp_path: Path) -> None:
    lab, _ = long_lab()
    stopped_at(tmp_path / "work")
    grown = lab.fork()
    for n in range(9):
        grown.say(model.ComputeReached, {"of": "model/a", "ratio": f"{n}.25"}, "model/a", "evaluator")
    report, first = audit(grown.export(), lab.pin(1), tmp_path / "work")
    assert (report.verdict, first, report.size) == (V.VALID_UNWITNESSED, 512, 789)


@pytest.mark.parametrize("other", ["pin", "release"])
def test_another_question_begins_anew(other: str, tmp_path: Path) -> None:
    lab, files = long_lab()
    stopped_at(tmp_path / "work")
    pin = lab.pin(2) if other == "pin" else lab.pin(1)
    report, first = audit(files, pin, tmp_path / "work", release="2" if other == "release" else "1")
    assert (report.verdict, first) == (V.VALID_UNWITNESSED, 256)


@pytest.mark.parametrize(
    "name", [tile_path(0, 2, 256), tile_path(None, 2, 256), tile_path(1, 0, 3), tile_path(None, 3, 12)]
)
def test_bytes_that_changed_meanwhile_are_found(name: str, tmp_path: Path) -> None:
    """Behind the mark, and in the tree above both."""
    lab, files = long_lab()
    stopped_at(tmp_path / "work")
    for at in (0, 40, len(files[name]) - 1):
        bent = bytearray(files[name])
        bent[at] ^= 1
        report, _ = audit({**files, name: bytes(bent)}, lab.pin(1), tmp_path / "work")
        assert report.exit_code == 4


def test_another_history_begins_anew(tmp_path: Path) -> None:
    """The same pin fits both; the mark is of the one that is no longer shown."""
    lab, _ = long_lab()
    stopped_at(tmp_path / "work")
    other = Lab(name="long")
    other.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="ab" * 32)
    while len(other.entries) < 600:
        other.say(model.ComputeReached, {"of": "model/b", "ratio": "1"}, "model/b", "evaluator")
    report, first = audit(other.export(), lab.pin(1), tmp_path / "work")
    assert (report.verdict, first) == (V.VALID_UNWITNESSED, 256)


def test_a_bad_signature_before_the_mark_is_never_marked_away(tmp_path: Path) -> None:
    lab = Lab(name="forged")
    lab.replay.check = lambda *_signed: True  # it takes what is forged, and goes on
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    while len(lab.entries) < 530:
        n = len(lab.entries)
        written = lab.write(model.ComputeReached, {"of": "model/a", "ratio": f"{n}.5"}, "model/a", "evaluator")
        if n == 99:
            (sig,) = written.envelope.signatures
            forged = replace(sig, sig=signer("forger").sign(b"anything"))
            written = replace(written, envelope=replace(written.envelope, signatures=(forged,)))
        lab.add(written)
    files = lab.export()
    with pytest.raises(Stopped):
        audit(files, lab.pin(1), tmp_path / "work", stop=512)
    for _ in range(2):
        report, first = audit(files, lab.pin(1), tmp_path / "work")
        bad = {(c.code, c.index) for c in report.checks if c.code != "ok"}
        assert (report.verdict, bad, first) == (V.INVALID, {("signature-invalid", 99)}, 256), (
            "read again from entry 0 on"
        )


def test_a_file_of_foreign_objects_is_not_run(tmp_path: Path) -> None:
    """Whoever slips an auditor a working file gets nothing executed: the audit begins anew."""
    lab, files = long_lab()
    stopped_at(tmp_path / "work")
    named = [
        msgspec.msgpack.encode([name, [str(tmp_path / "owned")]])
        for name in ("os.mkdir", "auditor.working_file.WorkingFile")
    ]
    for raw in (*named, b"", b"\x00", msgspec.msgpack.encode({"a": 1}), msgspec.msgpack.encode(["dict", [1]])):
        with sqlite3.connect(tmp_path / "work") as conn:
            conn.execute("UPDATE mark SET kept = ?", (raw,))
        conn.close()
        report, first = audit(files, lab.pin(1), tmp_path / "work")
        assert (report.verdict, first) == (V.VALID_UNWITNESSED, 256)
    assert not (tmp_path / "owned").exists()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    lab, files = long_lab()
    (tmp_path / "work").write_bytes(b"not a database, but long enough to be looked at as one")
    with pytest.raises(sqlite3.Error):
        audit(files, lab.pin(1), tmp_path / "work")


SLOW = """
import sys, time
from pathlib import Path
from auditor import audit, verify
from auditor.cli import working
from auditor.pin import parse_pin
from auditor.source import folder_reader
audit.MARK_EVERY = 1
folder = Path(sys.argv[1])
def progress(done, of):
    print(done, flush=True)
    time.sleep(0.2)
verify.verify_export(
    folder_reader(folder / "out"), parse_pin((folder / "pin.json").read_bytes()), progress=progress, work=working(folder / "work")
)
"""


def test_killed_and_gone_on(tmp_path: Path) -> None:
    """SIGKILL in the middle; the command goes on from the mark and says the same as one that was never stopped."""
    lab, files = long_lab()
    for name, content in files.items():
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    from auditor.pin import format_pin

    (tmp_path / "pin.json").write_bytes(
        format_pin(lab.origin, lab.founding, tuple(map(str, lab.log.vkeys)), lab.note(1))
    )
    root = Path(auditor.audit.__file__).parents[1]
    running = subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    while running.stdout.readline().strip() != "768":
        assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.communicate()
    words = [
        "-m",
        "auditor",
        str(tmp_path / "out"),
        "--pin",
        str(tmp_path / "pin.json"),
        "--work",
        str(tmp_path / "work"),
        "--json",
    ]
    first = subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True, check=False)
    whole = subprocess.run(
        [sys.executable, *words[:-3], "--json"], cwd=root, capture_output=True, text=True, check=False
    )
    said, expected = json.loads(first.stdout), json.loads(whole.stdout)
    assert "the first 512 entries" in said["not_proven"].pop()
    assert (first.returncode, said) == (0, expected)


def test_a_working_file_that_can_t_be_used_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from auditor.cli import main

    _, files = long_lab()
    for name, content in files.items():
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert main([str(tmp_path / "out"), "--work", str(tmp_path)]) == 2
    assert "--work FILE on a disk with room" in capsys.readouterr().err
