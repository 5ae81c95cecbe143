"""The pages of commands and events, from the code: run by `docs.reference.generate`."""

from collections.abc import Iterator
from typing import Any

import typer

from api.cli.main import app
from ledger.registry import BODIES

EXITS = (
    ("0", "done; clearance `permit`; `VALID`, `VALID_UNWITNESSED`. Never for nothing"),
    ("1", "our fault, or verdict `ERROR`; a pack in which `framework lint` finds a fault"),
    ("2", "wrong usage, malformed file"),
    ("3", "the answer is no: `deny`, `undetermined`, `permit_with_conditions`; an event refused; a weaker framework"),
    ("4", "tampering shown: `INVALID`, `DIVERGED`"),
    ("5", "not proven: `INCOMPLETE`, `UNANCHORED`, fewer witnesses than required, empty"),
    ("6", "unreachable, time-out, outcome unknown: retrying is safe"),
    ("7", "not allowed: no or bad token, signer refuses"),
    ("130", "interrupted; nothing half written"),
)

WHO = {True: "the root quorum", False: "all keys that it lists"}
"""Who signs what no role may."""


def walk(group: Any, words: tuple[str, ...] = ("holdpoint",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group, with its words, in order."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from walk(command, (*words, name))
        else:
            yield (*words, name), command


def _option(param: Any) -> str:
    names = ", ".join(f"`{o}`" for o in [*param.opts, *param.secondary_opts])
    shown = names if param.param_type_name == "option" else f"`{param.name.upper()}`"
    must = ", required" if param.required else ""
    said = (getattr(param, "help", None) or "").replace("|", "\\|")
    return f"| {shown}{must} | {said} |"


def commands() -> str:
    """The command line: exit codes, then each command with its options."""
    lines = ["# The command line", "", "| exit | means |", "| --- | --- |", *(f"| {c} | {m} |" for c, m in EXITS), ""]
    for words, command in walk(typer.main.get_command(app)):
        lines += [f"## {' '.join(words)}", "", " ".join((command.help or "").split()), ""]
        shown = [p for p in command.params if p.name != "help"]
        if shown:
            lines += ["| option | |", "| --- | --- |", *map(_option, shown), ""]
    return "\n".join(lines)


def events() -> str:
    """The registry as a table."""
    lines = [
        "# Events",
        "",
        "Bodies and grammars: `spec/events/`.",
        "",
        "| type | stream | signed by | principals | may be withheld |",
        "| --- | --- | --- | --- | --- |",
    ]
    for body in sorted(BODIES, key=lambda b: b.event.name):
        said = body.event
        who = "derived by the engine" if said.derived else " or ".join(said.roles) or WHO[said.root_quorum]
        quorum = "`root_threshold`" if said.root_quorum else said.quorum
        hidden = ", ".join(said.paths) or "nothing"
        lines.append(
            f"| [{said.name}](../../spec/events/{said.name}.md) | `{said.stream}` | {who} | {quorum} | {hidden} |"
        )
    return "\n".join([*lines, ""])
