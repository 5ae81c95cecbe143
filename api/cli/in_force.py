"""`framework list`: which packs ship, which were in force on a day, and what of them a ledger holds."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.options import DEFAULT_DATA, DEFAULT_TIMEOUT, Json, PinFile, Server, Timeout, open_book, position
from api.cli.output import emit, say
from api.cli.packs import shipped_ids
from api.story import bundled_pack
from ledger.errors import Fault, Malformed
from policies.facts import Published
from policies.framework import Pack, pack_digest
from policies.pack_fault import day


def list_(
    at: Annotated[str | None, typer.Option("--at", help="In force on this day or at this time; default: now.")] = None,
    all_too: Annotated[bool, typer.Option("--all", help="Also those not in force then.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="A ledger's folder: say what of them it holds.")] = None,
    server: Server = None,
    pin_file: PinFile = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    as_json: Json = False,
) -> None:
    """List the packs in force on a day. Example: holdpoint framework list --at 2026-04-07"""
    time = position(at) if at is not None else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    if not isinstance(time, str):
        raise Malformed("command", "--at", "time-form")
    rows = [_listed(pack, time) for pack in map(bundled_pack, shipped_ids())]
    if data is not None or server is not None:
        with open_book(data or DEFAULT_DATA, server, pin_file, timeout) as book:
            rows = _held(rows, book, time, None if at is None else time)
    for row in rows:
        if all_too or row["in_force"]:
            emit(row) if as_json else say(_row(row))


def _listed(pack: Pack, time: str) -> dict[str, Any]:
    until = pack.in_force_until
    in_force = day("in_force_from", pack.in_force_from) <= time and (
        until is None or time < day("in_force_until", until)
    )
    return {
        "id": pack.id, "publisher": pack.publisher, "title": pack.title, "version": pack.version, "binds": pack.binds,
        "in_force": in_force, "in_force_from": pack.in_force_from, "in_force_until": until, "style": pack.style,
        "digest": pack_digest(pack), "sourced": "presumed" if pack.base is not None else pack.source.sourced,
        "unread_parts": len(pack.source.unread_parts), "shipped": True,
    }  # fmt: skip


def _held(rows: list[dict[str, Any]], book: Book, time: str, at: str | None) -> list[dict[str, Any]]:
    """What the ledger said of each by that time: published, adopted, binding. Its own packs too."""
    try:
        said = book.about("timeline", "", at) or {}
    except Fault as err:
        if err.code != "at-before-start":
            raise
        said = {}  # before entry 0 it held nothing
    told = said.get("timeline", ())
    published, adopted = ({r["digest"] for r in told if r["what"] == what} for what in ("published", "adopted"))
    shipped = {row["digest"] for row in rows}
    held: dict[str, Published] = dict(book.known().scan("published"))
    own = [{**_listed(p.pack, time), "shipped": False} for d, p in held.items() if d in published - shipped]
    return [
        {
            **row,
            "published": row["digest"] in published,
            "adopted": row["digest"] in adopted,
            "binding": row["digest"] in said.get("binding", ()),
        }
        for row in (*rows, *own)
    ]


def _row(row: dict[str, Any]) -> str:
    until = row["in_force_until"] or "no end known"
    told = [f"{row['id']}: {row['binds']}, {row['in_force_from']} to {until}"]
    if row["sourced"] != "primary" or row["unread_parts"]:
        parts = row["unread_parts"]
        told.append(row["sourced"] + (f", {parts} part{'' if parts == 1 else 's'} unread" if parts else ""))
    if not row["shipped"]:
        told.append("not shipped")
    if "binding" in row:
        held = [name for name in ("published", "adopted", "binding") if row[name]]
        told.append(", ".join(held) or "not in this ledger")
    return "; ".join(told)
