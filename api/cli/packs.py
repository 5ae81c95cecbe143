"""`framework lint | show`: packs as files. No key and no ledger is needed."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import readable
from api.cli.options import Json
from api.cli.output import answer, say
from api.cli.pack_named import load_pack
from api.story import bundled_pack
from ledger.errors import Malformed
from policies.framework import Pack, pack_digest, pack_object
from policies.pack_lines import line_of
from policies.pack_lint import lint as lint_between
from policies.pack_words import (
    BOUND,
    actors,
    determination_words,
    needs,
    period_words,
    sourced_words,
    trigger_words,
    when_words,
)

Source = Annotated[str, typer.Argument(help="A TOML file, or the id of a pack that ships with Holdpoint.")]
FLAWED = 1


def shipped_ids() -> list[str]:
    """The ids of the packs that ship with the product, in order."""
    folder = files("policies") / "frameworks"
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))


def _text(source: str) -> str:
    if not source.endswith(".toml"):
        return (files("policies") / "frameworks" / f"{source}.toml").read_text()
    try:
        return readable(Path(source)).decode()
    except UnicodeDecodeError:
        raise Malformed("pack", source, "not-utf-8") from None


def lint(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="TOML files or ids; none: all that ship.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read packs strictly; name file, line and clause. Exit 1 where one has a fault. Example: holdpoint framework lint"""
    named = sources or shipped_ids()
    read, faults = dict[str, tuple[str, Pack]](), list[dict[str, Any]]()
    for source in named:
        try:
            pack = load_pack(source)
        except Malformed as err:
            faults.append(_fault(source, err))
            continue
        if pack.id in read:
            faults.append({"file": source, "line": "?", "clause": pack.id, "rule": "lint-twice"})
        read[pack.id] = source, pack
    beside = {name: bundled_pack(name) for name in shipped_ids()} if sources else {}
    for flaw in lint_between({**beside, **{name: pack for name, (_, pack) in read.items()}}):
        if flaw.pack in read:
            source = read[flaw.pack][0]
            line = line_of(_text(source), flaw.place)
            faults.append({"file": _file(source), "line": line, "clause": flaw.place, "rule": flaw.rule})
    _say_lint([pack for _, pack in read.values()], faults, as_json=as_json)
    if faults:
        raise typer.Exit(FLAWED)


def _file(source: str) -> str:
    return source if source.endswith(".toml") else f"{source}.toml"


def _fault(source: str, err: Malformed) -> dict[str, Any]:
    """The loader's place is `file:line clause`; where TOML itself is broken it quotes the line."""
    where, _, clause = err.place.partition(" ")
    file, _, line = where.rpartition(":")
    if err.rule == "pack-toml" or not file:
        return {"file": _file(source), "line": "?", "clause": err.place, "rule": err.rule}
    return {"file": file, "line": line, "clause": clause, "rule": err.rule}


def _say_lint(packs: Iterable[Pack], faults: list[dict[str, Any]], *, as_json: bool) -> None:
    rows = [
        {"id": p.id, "digest": pack_digest(p), "gates": len(p.gates), "thresholds": len(p.thresholds),
         "safeguards": len(p.safeguards), "obligations": len(p.obligations)}
        for p in packs
    ]  # fmt: skip
    if as_json:
        answer("framework-lint", rows, ok=not faults, code="faults" if faults else "ok", faults=faults)
        return
    for row in rows:
        counts = ", ".join(f"{row[part]} {part}" for part in ("gates", "thresholds", "obligations"))
        say(f"{row['id']}: {counts}; {row['digest']}")
    for fault in faults:
        say(f"{fault['file']}:{fault['line']}: {fault['clause']}: {fault['rule']}")
    say(f"{len(rows)} packs read, {len(faults)} faults" + ("; spec/framework-pack.md says the rules" if faults else ""))


def show(source: Source, as_json: Json = False) -> None:
    """Show a pack: what is watched, gated, owed, by whom, on which clause. Example: holdpoint framework show anthropic-rsp-2.2"""
    pack = load_pack(source)
    if as_json:
        answer("framework-show", pack_object(pack), id=pack.id, digest=pack_digest(pack))
        return
    for line in _lines(pack):
        say(line)


def _lines(pack: Pack) -> Iterable[str]:
    until = f" until {pack.in_force_until}" if pack.in_force_until is not None else ""
    yield f"{pack.title} {pack.version}, {pack.publisher}; facts in our words, not legal advice; {pack_digest(pack)}"
    yield f"  in force from {pack.in_force_from}{until}; {BOUND[pack.binds]}; {pack.style.replace('_', ' ')}"
    yield f"  source: {pack.source.citation}; {pack.source.sourcing}"
    if pack.statutory is not None:
        yield f"  made binding by {pack.statutory.law}: {', '.join(pack.statutory.clauses)}"
    for part in pack.source.unread_parts:
        yield f"  NOT READ: {part}; so this pack never permits alone"
    for t in pack.thresholds:
        yield f"  threshold {t.id} ({t.ref}): {t.summary} [{determination_words(t)}]"
    for g in pack.gates:
        who = actors(g)
        said = f"{', '.join(g.actions)} need {', '.join(needs(g))}; when {when_words(g.when)}; else {g.effect}"
        yield f"  gate {g.id} ({g.ref}): {said}" + (f"; {who}" if who else "")
    for r in pack.roles:
        title = f" ({r.title})" if r.title is not None else ""
        yield f"  role {r.id}{title}: {', '.join(r.verbs) or 'no verb of ours'}"
    for o in pack.obligations:
        yield f"  owes {o.id} ({o.ref}): {o.form} to {', '.join(o.recipients)}; {trigger_words(o)}; {period_words(o)}"
    if pack.base is not None:
        yield f"  known as a difference to {pack.base.id}; all else is presumed to be as there:"
        for d in pack.base.differences:
            yield f"    {d.target} {d.change} ({d.ref}): {d.here}; there: {d.base}"
    weak = [
        c.id
        for part in (pack.gates, pack.thresholds, pack.obligations)
        for c in part
        if sourced_words(pack, c) != "primary"
    ]
    if weak:
        yield f"  not from the primary text: {', '.join(weak)}"
