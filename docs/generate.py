"""Write docs/reference/{commands,events,refusals}.md from the code; `make docs`, and a house test compares.

What can drift does drift, unless a test reads it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from api.cli.main import app
from api.problems import status_of
from ledger.reasons import Reason, Refused
from ledger.registry import BODIES

FOLDER = Path(__file__).parent / "reference"
EXITS = (
    ("0", "done; clearance `permit`; `VALID`, `VALID_UNWITNESSED`. Never for nothing"),
    ("1", "our fault, or verdict `ERROR`"),
    ("2", "wrong usage, malformed file"),
    ("3", "the answer is no: `deny`, `undetermined`, `permit_with_conditions`; an event refused"),
    ("4", "tampering shown: `INVALID`, `DIVERGED`"),
    ("5", "not proven: `INCOMPLETE`, `UNANCHORED`, fewer witnesses than required, empty"),
    ("6", "unreachable, time-out, outcome unknown: retrying is safe"),
    ("7", "not allowed: no or bad token, signer refuses"),
    ("130", "interrupted; nothing half written"),
)


def commands(group: Any, words: tuple[str, ...] = ("holdpoint",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group, with its words, in order."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def _option(param: Any) -> str:
    names = ", ".join(f"`{o}`" for o in [*param.opts, *param.secondary_opts])
    shown = names if param.param_type_name == "option" else f"`{param.name.upper()}`"
    must = ", required" if param.required else ""
    return f"| {shown}{must} | {(getattr(param, 'help', None) or '').replace('|', chr(92) + '|')} |"


def commands_page() -> str:
    """The command line: exit codes, then each command with its options."""
    lines = ["# The command line", "", "Written by `make docs`; compared with the code by a test.", "",
             "| exit | means |", "| --- | --- |", *(f"| {c} | {m} |" for c, m in EXITS), ""]  # fmt: skip
    for words, command in commands(typer.main.get_command(app)):
        lines += [f"## {' '.join(words)}", "", " ".join((command.help or "").split()), ""]
        shown = [p for p in command.params if p.name != "help"]
        if shown:
            lines += ["| option | |", "| --- | --- |", *map(_option, shown), ""]
    return "\n".join(lines)


def events_page() -> str:
    """The registry as a table."""
    lines = ["# Events", "", "Written by `make docs`. Bodies and grammars: `spec/events/`.", "",
             "| type | stream | signed by | principals | may be withheld |", "| --- | --- | --- | --- | --- |"]  # fmt: skip
    for body in sorted(BODIES, key=lambda b: b.event.name):
        said = body.event
        who = "derived by the engine" if said.derived else " or ".join(said.roles) or "all keys that it lists"
        hidden = ", ".join(said.withholdable) or "nothing"
        lines.append(
            f"| [{said.name}](../../spec/events/{said.name}.md) | `{said.stream}` | {who} | {said.quorum} | {hidden} |"
        )
    return "\n".join([*lines, ""])


def refusals_page() -> str:
    """The closed list of refusal reasons, with their HTTP status."""
    lines = ["# Refusals of an event", "", "Written by `make docs`. A refusal takes no index, and nothing is stored. The command line exits with 3.",
             "", "| reason | HTTP status |", "| --- | --- |"]  # fmt: skip
    lines += [f"| `{r.value}` | {status_of(Refused(r, ''))} |" for r in sorted(Reason, key=lambda r: r.value)]
    return "\n".join([*lines, ""])


def pages() -> dict[str, str]:
    """File name → text."""
    return {"commands.md": commands_page(), "events.md": events_page(), "refusals.md": refusals_page()}


def main() -> None:
    """Write them all."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
