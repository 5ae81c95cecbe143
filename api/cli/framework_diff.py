"""`framework diff`: what one version of a framework asks less, more or otherwise than another."""

from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.options import DEFAULT_DATA, DEFAULT_TIMEOUT, Data, Json, PinFile, Server, Timeout, open_book
from api.cli.output import answer, say
from api.cli.pack_named import named_pack
from auditor.explain import visible
from policies.framework import pack_digest
from policies.pack import Pack
from policies.pack_diff import counts, diff_packs, is_weaker, line

Named = Annotated[
    str,
    typer.Argument(help="A TOML file, the id of a shipped pack, or the id or digest of one published in the ledger."),
]


def diff(
    before: Named,
    after: Named,
    data: Data = DEFAULT_DATA,
    server: Server = None,
    pin_file: PinFile = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    as_json: Json = False,
) -> None:
    """What vanished, is weaker, changed, is stronger or was added between two packs; the worst first.

    Exit 0: nothing vanished or is weaker; 3: something did.
    Example: holdpoint framework diff xai-faif-2025-12-30 xai-faif-2026-06-30
    """

    def ledger() -> AbstractContextManager[Book]:
        return open_book(data, server, pin_file, timeout)

    old, new = named_pack(before, ledger), named_pack(after, ledger)
    changes = diff_packs(old, new)
    weaker, told = is_weaker(changes), counts(changes)
    if as_json:
        answer(
            "framework-diff", [asdict(c) for c in changes], ok=not weaker, code="weaker" if weaker else "not-weaker",
            counts=dict(told), before=_side(old), after=_side(new),
        )  # fmt: skip
    else:
        say(f"{_name(old, new)} → {_name(new, old)}: {', '.join(f'{n} {kind}' for kind, n in told.items())}")
        for pack in (old, new):
            for part in pack.source.unread_parts:
                say(visible(f"  {pack.id}: unread, and so not compared: {part}"))
        for change in changes:
            say(visible(f"  {line(change)}"))
    raise SystemExit(3 if weaker else 0)


def _side(pack: Pack) -> dict[str, Any]:
    return {"id": pack.id, "digest": pack_digest(pack), "unread_parts": list(pack.source.unread_parts)}


def _name(pack: Pack, beside: Pack) -> str:
    """The id; with its digest where both have one id."""
    return pack.id if pack.id != beside.id else f"{pack.id} ({pack_digest(pack)})"
