"""Ask, show, confirm: what a person signs is shown in words first (interface.md §2). Nothing is asked without a terminal.

Questions go to stderr, so that stdout stays one JSON object. Without a terminal every missing flag is collected and named at
once, and a signature needs `--yes`.
"""

import shlex
import sys
from collections.abc import Sequence

from api.cli.output import warn
from auditor.explain import visible
from ledger.errors import Fault, Malformed


def at_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


class Asker:
    """One command's questions. `settle` before anything is done with the answers."""

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes
        self._missing: list[str] = []

    def text(self, flag: str, question: str, given: str | None, choices: Sequence[str] = (), usual: str = "") -> str:
        """One answer: the flag's, else the person's, of `choices` if there are any."""
        if given is None and not at_terminal():
            if usual:
                return usual
            self._missing.append(flag)
            return ""
        if given is None:
            offered = f" ({', '.join(choices)})" if choices else ""
            given = _line(f"{question}{offered}{f' [{usual}]' if usual else ''}: ") or usual
        if choices and given not in choices:
            raise Malformed("flag", f"{flag}: one of {', '.join(choices)}", "not-a-choice")
        if not given:
            self._missing.append(flag)
        return given

    def many(self, flag: str, question: str, given: Sequence[str] | None) -> list[str]:
        """Several answers: the flag's, else words that a person types."""
        if given is not None:
            return list(given)
        if not at_terminal():
            self._missing.append(flag)
            return []
        words = _line(f"{question} (words): ").split()
        if not words:
            self._missing.append(flag)
        return words

    def settle(self) -> None:
        """Raise `Fault` `flags-missing` naming everything that nobody said."""
        if self._missing:
            said = "without a terminal nothing is asked; missing" if not at_terminal() else "not said"
            names = ", ".join(dict.fromkeys(self._missing))
            raise Fault(
                "flags-missing", "failed", f"{said}: {names}", "give them as flags; --help says what each means"
            )

    def confirm(self, lines: Sequence[str]) -> None:
        """Show what is to be signed, and have it confirmed. Raises `Fault` `flags-missing` or `declined`."""
        for line in lines:
            warn(visible(line))
        if self._yes:
            return
        if not at_terminal():
            remedy = "read what is shown above, then give --yes"
            raise Fault("flags-missing", "failed", "without a terminal a signature needs --yes", remedy)
        if _line("Sign and post this? (yes or no): ").strip().lower() not in ("y", "yes"):
            raise Fault("declined", "failed", "nothing was signed", "run it again when it says what you mean")


def _line(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    text = sys.stdin.readline()
    if not text:
        raise Fault("declined", "failed", "the input ended before the question was answered", "run it again")
    return text.strip()


def command(*words: str | Sequence[tuple[str, Sequence[str]]]) -> str:
    """A command line to print: words quoted for a shell; a sequence of (flag, values) repeats the flag."""
    parts: list[str] = []
    for word in words:
        if isinstance(word, str):
            parts.append(word if word.startswith("holdpoint ") else shlex.quote(word))
        else:
            parts += [f"{flag} {shlex.quote(value)}" for flag, values in word for value in values]
    return " ".join(parts)
