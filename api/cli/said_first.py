"""What every view says first: exceptional grants that nobody has reviewed (access.md §2)."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.book import Book
from api.cli.output import emit, say
from auditor.explain import visible
from disclosures.alerts import alert_lines


def alerts(book: Book, at: int | str | None = None, *, as_json: bool) -> None:
    """Ask for them, and say them."""
    tell(book.break_glass(at), as_json=as_json)


def tell(found: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    """Say them; in a list of JSON lines each is a line with a schema of its own."""
    if as_json:
        for grant in found:
            emit({"schema": "holdpoint.break-glass/1", **grant})
        return
    for line in alert_lines(found):
        say(visible(line))
