"""Exports: whole at every moment, incremental, resumable; what stands there is never replaced."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.exporter import Exporter
from api.exporting import Export, export
from api.keyring import load_signer
from api.session import Session
from api.wiring import Ledger, open_ledger
from auditor.pin import format_pin, parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.errors import Fault
from ledger.events import model
from ledger.keys import Signer
from tests.conftest import copy_of


@pytest.fixture(scope="module")
def book(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = open_ledger(copy_of(founded_folder, tmp_path_factory.mktemp("export") / "ledger"))
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def engine(book: Ledger) -> Signer:
    return load_signer(book.folder / "keys" / "engine.pem")


def record(ledger: Ledger, count: int) -> None:
    session = Session(ledger)
    signers = session.signers("assessor")
    at = ledger.appender.size
    written = []
    for n in range(at, at + count):
        said = {"kind": "base", "subject": {"name": f"Fictional {n}", "weights": "sha256:" + "0" * 64}}
        written.append(session.write(model.Registered, said, f"model/e{n}", signers))
    for start in range(0, count, 200):
        session.post_all(written[start : start + 200])


def verdict(ledger: Ledger, folder: Path) -> V:
    """Under a pin of the checkpoint that the folder itself shows."""
    note = (folder / "checkpoint").read_text()
    state = ledger.appender.state
    pin = parse_pin(format_pin(ledger.origin, ledger.founding, state.get("meta", "vkeys"), note))
    return verify_export(folder_reader(folder), pin).verdict


class Killed(BaseException):
    """The plug was pulled."""


class Plug:
    """Pulled at the n-th rename or removal: between any two of them nothing that a reader could see happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 1 << 30
        for name in ("rename", "unlink", "rmdir"):
            monkeypatch.setattr(Path, name, self._counted(getattr(Path, name)))

    def _counted(self, act):
        def counted(path: Path, *args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise Killed
            return act(path, *args, **kwargs)

        return counted

    def steps(self, act) -> int:
        self.left = 1 << 30
        act()
        return (1 << 30) - self.left


def test_a_kill_between_any_two_files_leaves_an_export_that_verifies(
    book: Ledger, engine: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first export, a second one over it, a third over a tile that fills: at every step, and resumed after it."""
    plug = Plug(monkeypatch)
    base = tmp_path / "base"
    for count in (0, 4, 260):
        record(book, count)
        shutil.copytree(base, tmp_path / "dry", symlinks=True) if base.exists() else None
        steps = plug.steps(lambda: Export(book, tmp_path / "dry", engine, keep=True).bring())
        assert steps >= 6
        for n in range(0, steps, 1 if steps < 40 else 5):
            folder = tmp_path / f"cut-{count}-{n}"
            shutil.copytree(base, folder, symlinks=True) if base.exists() else None
            before = (folder / "checkpoint").read_text() if base.exists() else None
            plug.left = n
            with pytest.raises(Killed):
                Export(book, folder, engine, keep=True).bring()
            plug.left = 1 << 30
            if (folder / "checkpoint").exists():
                assert verdict(book, folder) is V.VALID_UNWITNESSED, f"killed at step {n} of {steps}"
            else:
                assert before is None, "a checkpoint that was shown is always shown"
            Export(book, folder, engine, keep=True).bring()
            assert (folder / "checkpoint").read_text() == book.appender.published[1]
            assert verdict(book, folder) is V.VALID_UNWITNESSED
            shutil.rmtree(folder)
        shutil.rmtree(tmp_path / "dry")
        Export(book, base, engine, keep=True).bring()


def test_only_what_is_new_is_written(book: Ledger, engine: Signer, tmp_path: Path) -> None:
    if book.appender.size < 257:
        record(book, 300)
    going = Export(book, tmp_path / "out", engine, keep=True)
    going.bring()
    old = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("tile/**/*") if p.is_file() and ".p" not in str(p)}
    assert old
    stamp = (tmp_path / "out" / "checkpoint").stat().st_mtime_ns
    assert going.bring() == book.appender.size
    assert (tmp_path / "out" / "checkpoint").stat().st_mtime_ns == stamp, "nothing new: nothing touched"
    for _ in range(3):
        record(book, 1)
        going.bring()
        assert verdict(book, tmp_path / "out") is V.VALID_UNWITNESSED
    assert {p: p.stat().st_mtime_ns for p in old} == old, "full tiles and bundles are never rewritten"
    partial = [p.parent.parent for p in (tmp_path / "out").rglob("*.p/*")]
    assert max(partial.count(p) for p in partial) == 2, "the newest and the one before it, for readers in the middle"
    assert len(list((tmp_path / "out" / "heads").iterdir())) == 2


def test_one_export_leaves_nothing_but_itself(book: Ledger, engine: Signer, tmp_path: Path) -> None:
    for _ in range(2):
        record(book, 1)
        export(book, tmp_path / "out", engine)
    widths = [p.parent for p in (tmp_path / "out").rglob("*.p/*")]
    assert len(widths) == len(set(widths))
    assert len(list((tmp_path / "out" / "heads").iterdir())) == 1


@pytest.mark.parametrize("defect", ["other-log", "ahead", "edited"])
def test_what_stands_there_is_not_replaced(
    book: Ledger, engine: Signer, tmp_path: Path, told_folder: Path, founded_folder: Path, defect: str
) -> None:
    out = tmp_path / "out"
    if defect == "other-log":
        shutil.copytree(told_folder / "export", out)
        code = "export-foreign"
    elif defect == "ahead":
        record(book, 1)
        export(book, out, engine)
        ledger = open_ledger(copy_of(founded_folder, tmp_path / "earlier"))
        try:
            with pytest.raises(Fault) as caught:
                export(ledger, out, engine)
        finally:
            ledger.close()
        assert caught.value.code == "export-ahead"
        return
    else:
        export(book, out, engine)
        next(out.rglob("tile/entries/**/*.p")).rename(out / "gone")
        victim = next(p for p in out.rglob("tile/0/*.p/*"))
        victim.write_bytes(b"x" * len(victim.read_bytes()))
        record(book, 0)
        code = "export-conflict"
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    with pytest.raises(Fault) as caught:
        export(book, out, engine)
    assert caught.value.code == code
    assert all(p.read_bytes() == content for p, content in before.items())


def test_a_missing_file_is_written_again(book: Ledger, engine: Signer, tmp_path: Path) -> None:
    export(book, tmp_path / "out", engine)
    next((tmp_path / "out" / "tile" / "0").rglob("*/*")).unlink()
    assert verdict(book, tmp_path / "out") is V.INVALID
    record(book, 1)
    export(book, tmp_path / "out", engine)
    assert verdict(book, tmp_path / "out") is V.VALID_UNWITNESSED


def test_the_thread_survives_a_full_or_broken_disk(book: Ledger, tmp_path: Path) -> None:
    """The folder can't be written: it is said once, tried again, and current as soon as it can."""
    said: list[str] = []
    heard = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        heard.set()

    (tmp_path / "out").write_text("a file where a folder should be")
    exporter = Exporter(book, tmp_path / "out", say, every=0.05)
    assert heard.wait(10)
    assert exporter.trouble is not None
    heard.clear()
    (tmp_path / "out").unlink()
    assert heard.wait(20)
    record(book, 1)
    exporter.close()
    assert ["stays behind" in said[0], "current again" in said[-1], len(said)] == [True, True, 2]
    assert (exporter.size, exporter.trouble) == (book.appender.size, None)
    assert verdict(book, tmp_path / "out") is V.VALID_UNWITNESSED
