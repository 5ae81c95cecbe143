"""Scenarios told by commands: strict to read, and a line that does not do what it must is noticed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from api.commanded import Came, Line, Lines, read_lines, tell_lines
from ledger.errors import Malformed


def run(words: Sequence[str]) -> None:
    """A command that prints its words and leaves with the code that its first word names."""
    print(" ".join(words))  # what a command says
    raise SystemExit({"ok": None, "no": 4, "text": "a text"}[words[0]])


def told(tmp_path: Path, *lines: Line) -> tuple[list[Came], list[str]]:
    said: list[str] = []
    return tell_lines(Lines("t", list(lines)), tmp_path, run, said.append), said


def test_a_line_that_does_what_it_must(tmp_path: Path) -> None:
    (came,), said = told(tmp_path, Line(say="First.", run="ok --out '{d}/a b'", tells=["--out"]))
    assert (came.code, came.wrong) == (0, ())
    assert said[:2] == ["\nFirst.", f"  $ holdpoint ok --out '{tmp_path}/a b'    # exit 0"]
    assert said[2] == f"    ok --out {tmp_path}/a b"


def test_codes_are_those_of_the_command(tmp_path: Path) -> None:
    came, _ = told(tmp_path, Line(run="no", exit=4), Line(run="text", exit=1))
    assert [c.wrong for c in came] == [(), ()]


def test_what_is_not_as_expected(tmp_path: Path) -> None:
    came, _ = told(tmp_path, Line(run="no"), Line(run="ok", exit=4), Line(run="ok", tells=["nothing of it"]))
    assert [c.wrong for c in came] == [
        ("exit 4, expected 0",), ("exit 0, expected 4",), ("it does not tell: nothing of it",),
    ]  # fmt: skip


def test_a_quiet_line_says_its_command_alone(tmp_path: Path) -> None:
    assert told(tmp_path, Line(run="ok", quiet=True))[1] == ["  $ holdpoint ok    # exit 0"]


@pytest.mark.parametrize("text", ["", "title = 1", 'title = ""\n[[line]]\nwhat = 1', "title = [", "line = []"])
def test_a_malformed_scenario_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "lines.toml").write_text(text)
    with pytest.raises(Malformed, match=r"lines\.toml"):
        read_lines(tmp_path)
