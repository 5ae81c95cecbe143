"""Commands run in this process, on a ledger that stays open between them: a start costs half a second each time."""

import io
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.book import Book
from api.cli import check, framework_diff, in_force, options, record, simulate
from api.cli import serving as tokens
from api.cli.main import main
from api.session import Session
from api.settings import settings
from api.wiring import Clock, Ledger, open_ledger, wall_clock

ROOT = Path(__file__).resolve().parents[1]
HOLDPOINT = Path(sys.executable).parent / "holdpoint"


class Terminal(io.StringIO):
    """A stdin at which a person sits, who types `text`."""

    def isatty(self) -> bool:
        return True


def run(*words: object) -> int:
    """The exit code of a command that opens what it needs by itself; what it says stays where pytest captures it."""
    with pytest.raises(SystemExit) as ended:
        main([str(w) for w in words])
    return int(ended.value.code or 0)


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@dataclass
class Cli:
    """Runs commands against one open ledger, or against whatever their options say where there is none."""

    folder: Path
    ledger: Ledger

    def __call__(self, *words: object, typed: str | None = None) -> Done:
        out, err, code = io.StringIO(), io.StringIO(), 0
        before = sys.stdin
        sys.stdin = io.StringIO("") if typed is None else Terminal(typed)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main([str(w) for w in words])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        finally:
            sys.stdin = before
        return Done(code, out.getvalue(), err.getvalue())

    def line(self, text: str, typed: str | None = None) -> Done:
        """A command line as printed, its words split as a shell would."""
        words = shlex.split(text, comments=True)
        assert words[0] == "holdpoint"
        return self(*words[1:], typed=typed)

    def ok(self, *words: object, typed: str | None = None) -> Done:
        """As a call, and it must have worked."""
        done = self(*words, typed=typed)
        assert done.code == 0, done.err
        return done


@contextmanager
def running(folder: Path, clock: Clock = wall_clock) -> Iterator[Cli]:
    """Commands on the ledger in `folder`, which stays open between them."""
    ledger = open_ledger(folder, clock=clock)
    real = options.open_book

    @contextmanager
    def same(*_given: Any, **_named: Any) -> Iterator[Ledger]:
        yield ledger

    @contextmanager
    def book(data: Path, server: str | None, pin: Path | None, timeout: float) -> Iterator[Book]:
        if server is not None:
            with real(data, server, pin, timeout) as remote:
                yield remote
            return
        yield Session(ledger)

    patch = pytest.MonkeyPatch()
    patch.setenv("HOLDPOINT_DATA", os.fspath(folder))
    settings.cache_clear()
    for module in (framework_diff, in_force, options, record):
        patch.setattr(module, "open_book", book)
    for module in (check, simulate, tokens):
        patch.setattr(module, "opened", same)
    try:
        yield Cli(folder, ledger)
    finally:
        patch.undo()
        settings.cache_clear()
        ledger.close()


@contextmanager
def serving(*words: object, cwd: Path | None = None) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`holdpoint serve WORDS` on a free port, answering; drained at the end, with exit 0 unless the test killed it."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [str(HOLDPOINT), "serve", *map(str, words), "--port", str(port)]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < deadline, "it never answered"
            try:
                urllib.request.urlopen(f"{url}/livez", timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield url, process
    finally:
        killed = process.poll() is not None
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert killed or process.returncode == 0, output


def adopt(cli: Cli) -> None:
    """RSP 2.2 adopted, its two deciding roles bound."""
    cli.ok("framework", "publish", "anthropic-rsp-2.2", "--adopt")
    for who, role in (("approver-1", "CEO"), ("approver-2", "RSO")):
        cli.ok("role", "grant", who, "approver", "--pack-role", f"anthropic-rsp-2.2:{role}")
