"""`framework publish | adopt`: packs bind the lab, two framework-admins at a time; `packs.py` reads them."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from api.book import Book, Posted
from api.cli.framework_diff import diff
from api.cli.in_force import list_
from api.cli.options import As, Json, with_book
from api.cli.output import posted
from api.cli.pack_named import load_pack, published_as
from api.cli.packs import Source, lint, show
from api.cli.readings import interpret, scope, source
from api.cli.simulate import simulate_
from api.cli.standing import timeline
from ledger.errors import Fault
from ledger.events import framework
from policies.facts import Adopted
from policies.framework import pack_digest, pack_object


@with_book
def publish(
    book: Book,
    source: Source,
    adopt_too: Annotated[bool, typer.Option("--adopt", help="Adopt it for all models, from now.")] = False,
    by: As = "framework-admin",
    as_json: Json = False,
) -> None:
    """Publish a framework pack. Example: holdpoint framework publish xai-faif-2025-12-30 --as framework-admin"""
    pack = load_pack(source)
    digest = pack_digest(pack)
    body = {"digest": digest, "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
    done = [book.say(framework.Published, body, f"framework/{pack.id.lower()}", by)]
    if adopt_too:
        done.append(_adopt(book, pack.id, digest, by))
    posted("framework-publish", done, as_json=as_json, book=book)


def _adopt(book: Book, name: str, digest: str, by: str, **optional: Any) -> Posted:
    said = {"digest": digest, "effective": book.now(), "id": name, "scope": "all models"}
    said |= {k: v for k, v in optional.items() if v is not None}
    return book.say(framework.Adopted, said, f"framework/{name.lower()}", by)


@with_book
def adopt(
    book: Book,
    name: Annotated[str, typer.Argument(help="Id of a published pack.")],
    digest: Annotated[str | None, typer.Option(help="sha256:…, where several were published under this id.")] = None,
    effective: Annotated[str | None, typer.Option(help="Binds from this time; default: now.")] = None,
    scope: Annotated[str | None, typer.Option(help="To what, in words; default: all models.")] = None,
    supersedes: Annotated[str | None, typer.Option(help="Id of the adopted pack that it replaces.")] = None,
    by: As = "framework-admin",
    as_json: Json = False,
) -> None:
    """Bind the lab to a published pack. Example: holdpoint framework adopt xai-faif-2025-12-30 --as framework-admin"""
    known = book.known()
    published = published_as(known, name, digest)
    replaced = None
    if supersedes is not None:
        adopted: list[Adopted] = [a for _, a in known.scan("adopted") if a.id == supersedes and a.until is None]
        if not adopted:
            raise Fault("framework-not-adopted", "failed", f"{supersedes} is not adopted", "holdpoint framework adopt")
        replaced = max(adopted, key=lambda a: a.index).digest
    done = _adopt(book, published.pack.id, published.digest, by, effective=effective, scope=scope, supersedes=replaced)
    posted("framework-adopt", [done], as_json=as_json, book=book)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    words = "Framework packs: publish, adopt, scope, interpret, source, lint, show, list, diff, simulate, timeline."
    group = typer.Typer(help=words, no_args_is_help=True)
    commands: dict[str, Callable[..., None]] = {
        "publish": publish, "adopt": adopt, "lint": lint, "show": show, "list": list_, "diff": diff, "simulate": simulate_,
        "scope": scope, "interpret": interpret, "source": source,
        "timeline": timeline,
    }  # fmt: skip
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="framework")
