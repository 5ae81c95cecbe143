"""Which pack a word on the command line names: a file, one that ships with the product, or one published in the ledger."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from api.book import Book, readable
from api.story import bundled_pack
from ledger.errors import Fault, Malformed
from ledger.state import State
from policies.facts import Published
from policies.framework import Pack, load_toml


def load_pack(source: str) -> Pack:
    """A pack from a TOML file, or one that ships with the product. Raises `Fault`, `Malformed`."""
    if source.endswith(".toml"):
        try:
            return load_toml(readable(Path(source)).decode(), source)
        except UnicodeDecodeError:
            raise Malformed("pack", source, "not-utf-8") from None
    try:
        return bundled_pack(source)
    except OSError as err:
        detail = f"no pack {source} ships with Holdpoint"
        raise Fault(
            "not-found", "failed", detail, "name a TOML file, or one of: holdpoint framework list --all"
        ) from err


def named_pack(source: str, opened: Callable[[], AbstractContextManager[Book]]) -> Pack:
    """As `load_pack`; else the newest pack of that id, or the one of that digest, that the ledger published. The ledger is
    opened only then.
    """
    try:
        return load_pack(source)
    except Fault as err:
        if err.code != "not-found":
            raise
    try:
        with opened() as book:
            return published_as(book.known(), source).pack
    except Fault as err:
        if err.code not in ("not-a-ledger", "not-found"):
            raise
    detail = f"no pack {source} ships with Holdpoint or is published in a ledger here"
    raise Fault("not-found", "failed", detail, "name a TOML file, a shipped id, or an id or digest published here")


def published_as(known: State, name: str, digest: str | None = None) -> Published:
    """The pack last published under an id, or the one of a digest. Raises `Fault` `not-found`."""
    published: list[Published] = [p for _, p in known.scan("published")]
    found = [p for p in published if name in (p.pack.id, p.digest) and digest in (None, p.digest)]
    if not found:
        remedy = f"holdpoint framework publish {name} --as framework-admin"
        raise Fault("not-found", "failed", f"no pack {name} is published in this ledger", remedy)
    return max(found, key=lambda p: p.index)
