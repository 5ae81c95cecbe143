"""`framework scope | interpret | source`: whom a law reaches, how a clause is read, and whether a source still says the same."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import Book, readable
from api.cli.asking import Asker
from api.cli.options import As, Json, Yes, with_book
from api.cli.output import answer, posted, say
from api.cli.pack_named import published_as
from api.cli.signing import sign_and_post
from ledger.events import framework
from ledger.fields import Reference
from policies.facts import Fact, Published

Name = Annotated[str, typer.Argument(metavar="ID", help="Id of a published pack.")]
Admin = Annotated[str, typer.Option("--as", help="Two framework-admins sign (keys/NAME.pem).")]


@with_book
def scope(
    book: Book,
    name: Name,
    applies: Annotated[bool, typer.Option("--applies/--does-not-apply", help="Whether it reaches this lab.")] = True,
    binds_as: Annotated[list[str] | None, typer.Option("--binds-as", help="A class of the law that it is in.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, in words.")] = None,
    effective: Annotated[str | None, typer.Option(help="From this time; default: now.")] = None,
    by: Admin = "framework-admin",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record whether a law or code reaches this lab. Until then a law binds. Example: holdpoint framework scope us-ca-sb53 \
--binds-as frontier_developer --reason "trains above the act's number" --yes"""
    asker = Asker(yes=yes)
    known = book.known()
    published = published_as(known, name)
    reason = asker.text("--reason", "why", reason)
    asker.settle()
    said = {
        "applies": applies,
        "binds_as": sorted(binds_as or ()),
        "effective": effective or book.now(),
        "reason": reason,
    }
    earlier: tuple[Fact, ...] = known.get("scope", published.pack.id) or ()
    revised = earlier[-1] if earlier else None
    _post(book, asker, framework.ScopeDetermined, published, said, by, revised, as_json=as_json, what="framework-scope")


@with_book
def interpret(
    book: Book,
    name: Name,
    clause: Annotated[str, typer.Argument(help="Id of any part of the pack: a gate, threshold, safeguard, duty.")],
    reading: Annotated[str | None, typer.Option(help="How the lab reads it, in words.")] = None,
    role: Annotated[str | None, typer.Option(help="The pack's role that says so.")] = None,
    by: Admin = "framework-admin",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record how a clause is read. Example: holdpoint framework interpret xai-faif-2025-12-30 G-DEPLOY \
--reading "a release is external from the first outside user" --yes"""
    asker = Asker(yes=yes)
    published = published_as(book.known(), name)
    reading = asker.text("--reading", "the reading", reading)
    asker.settle()
    said = {"clause": clause, "reading": reading} | ({} if role is None else {"role": role})
    _post(book, asker, framework.Interpreted, published, said, by, as_json=as_json, what="framework-interpret")


@with_book
def source(
    book: Book,
    name: Name,
    file: Annotated[Path, typer.Argument(help="The publisher's document, as fetched now.")],
    place: Annotated[str | None, typer.Option(help="Where it was fetched from; default: the file's name.")] = None,
    by: As = "framework-admin-1",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Compare a publisher's document with the one a pack was written from; record a drift. Example: holdpoint framework source \
xai-faif-2025-12-30 README.md --yes"""
    published = published_as(book.known(), name)
    found = f"sha256:{sha256(readable(file)).hexdigest()}"
    expected = published.pack.source.digest
    if found in (expected, *published.pack.source.variants):
        which = "the document" if found == expected else "a known variant of the document"
        if as_json:
            answer("framework-source", [], code="unchanged", book=book, found=found)
        else:
            say(f"unchanged: {file} is {which} that {name} was written from ({found})")
        return
    said = {"expected": expected, "found": found, "place": place or file.name, "seen_at": book.now()}
    _post(book, Asker(yes=yes), framework.SourceDrifted, published, said, by, as_json=as_json, what="framework-source")


def _post(
    book: Book, asker: Asker, kind: Any, published: Published, said: dict[str, Any], by: str,
    revises: Fact | None = None, *, as_json: bool, what: str
) -> None:  # fmt: skip
    pack = published.pack
    body = {"digest": published.digest, "id": pack.id, **said}
    clauses = [f"{pack.id}: {pack.title}, {pack.version}"]
    # What is determined anew names what it revises.
    place = {} if revises is None else {"causes": (Reference(index=revises.index, leaf=revises.leaf),)}
    done = sign_and_post(book, asker, kind, body, f"framework/{pack.id.lower()}", by, clauses, place=place)
    posted(what, [done], as_json=as_json, book=book)
