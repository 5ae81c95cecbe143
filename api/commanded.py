"""A scenario told by the commands that a reader gives: each line is run, and its exit code and words are the expected ones.

`examples/scenarios/<name>/lines.toml`, strict. A line runs a command of ours (`run`), the verifier in a bundle (`alone`), or
bends a file as an attacker would (`bend`; `api.bending`). `{d}` is the scenario's folder.
"""

import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import msgspec
from msgspec import Struct, field

from api.bending import bend
from ledger.errors import Malformed

Run = Callable[[Sequence[str]], None]
"""A command's words → what `holdpoint` does with them; it leaves by `SystemExit`."""
Say = Callable[[str], None]
SECONDS = 60


class Bend(Struct, frozen=True, forbid_unknown_fields=True):
    """What an attacker does to a file."""

    kind: str
    source: str
    target: str


class Line(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step, and what must come of it."""

    say: str = ""
    run: str = ""
    alone: str = ""
    bend: Bend | None = None
    exit: int = 0
    tells: list[str] = field(default_factory=list)
    quiet: bool = False


class Lines(Struct, frozen=True, forbid_unknown_fields=True):
    """The scenario."""

    title: str
    line: list[Line]


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a line: its command as a reader would type it, and what is not as expected."""

    text: str
    code: int
    wrong: tuple[str, ...]


def read_lines(folder: Path) -> Lines:
    """The scenario in `folder`. Raises `Malformed`."""
    try:
        return msgspec.toml.decode((folder / "lines.toml").read_bytes(), type=Lines)
    except msgspec.DecodeError as err:
        raise Malformed("scenario", f"lines.toml: {err}", "scenario-schema") from None


def tell_lines(lines: Lines, folder: Path, run: Run, say: Say) -> list[Came]:
    """Tell them all in `folder`."""
    return [_tell(line, folder, run, say) for line in lines.line]


def _tell(line: Line, folder: Path, run: Run, say: Say) -> Came:
    if line.say:
        say(f"\n{line.say}")
    if line.bend is not None:
        told = bend(line.bend.kind, folder / line.bend.source, folder / line.bend.target, folder)
        say(f"  # {told}")
        return Came(f"# {told}", 0, ())
    text, (code, out) = (
        (f"holdpoint {line.run}", _ours(line.run, folder, run)) if line.run else _alone(line.alone, folder)
    )
    text = text.replace("{d}", str(folder))
    say(f"  $ {text}    # exit {code}")
    if not line.quiet:
        for each in out.rstrip().splitlines():
            say(f"    {each}")
    wrong = [] if code == line.exit else [f"exit {code}, expected {line.exit}"]
    wrong += [f"it does not tell: {word}" for word in line.tells if word not in out]
    return Came(text, code, tuple(wrong))


def _ours(words: str, folder: Path, run: Run) -> tuple[int, str]:
    out = StringIO()
    code = 0
    try:
        with redirect_stdout(out), redirect_stderr(out):
            run([w.replace("{d}", str(folder)) for w in shlex.split(words)])
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 0 if done.code is None else 1
    return code, out.getvalue()


def _alone(words: str, folder: Path) -> tuple[str, tuple[int, str]]:
    """The verifier that a bundle carries, by itself: a process that sees none of our code. First word: the bundle."""
    bundle, *options = [w.replace("{d}", str(folder)) for w in shlex.split(words)]
    program = folder / "verify.py"
    with zipfile.ZipFile(bundle) as opened:
        program.write_bytes(opened.read("verify.py"))
    done = subprocess.run(  # noqa: S603  # a file of ours, out of a bundle that the scenario made
        [sys.executable, "-I", str(program), bundle, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return f"python verify.py {words}", (done.returncode, done.stdout + done.stderr)
