"""`incident`: what each is under each regime, the list of them, and the group of commands; `incident_record` has what is said."""

from typing import Annotated, Any

import typer

from api.about import position as placed
from api.book import Book
from api.cli.incident_record import Stream, classify, incident_stream, involve, observe, report_filed, resolve
from api.cli.obligations import line_of
from api.cli.options import At, Json, position, with_book
from api.cli.output import answer, emit, say, warn
from api.cli.said_first import alerts
from api.session import PAGE
from auditor.explain import visible


@with_book
def show(book: Book, stream: Stream, at: At = None, as_json: Json = False) -> None:
    """One incident, regime by regime. Example: holdpoint incident show one"""
    found, as_of = book.incident(incident_stream(stream), position(at))
    if as_json:
        answer("incident", [] if found is None else [found], book=book, ok=found is not None,
               break_glass=book.break_glass(position(at)),
               code="ok" if found is not None else "empty", as_of=placed(as_of))  # fmt: skip
    elif found is None:
        warn(f"nothing was observed in {visible(incident_stream(stream))} at size {as_of.size}, {as_of.time}")
    else:
        alerts(book, position(at), as_json=False)
        for line in _lines(found):
            say(visible(line))
        say(f"as of size {as_of.size}, {as_of.time}")
    raise SystemExit(0 if found is not None else 5)


def _lines(found: dict[str, Any]) -> list[str]:
    part = (
        f"{found['involvement_known_at']} ({found['certainty']})" if found["involvement_known_at"] else "not recorded"
    )
    lines = [
        f"{found['stream']}: {found['kind'] or 'kind suppressed'}; models {', '.join(found['models'])}",
        f"  began {found['first_at']}, discovered {found['discovered_at']}, the model's part known: {part}",
        f"  resolved: {found['resolved_at'] or 'no'}",
    ]
    for regime in found["regimes"]:
        what = {"yes": regime["category"], "no": "not reportable", "unclassified": "NOT CLASSIFIED"}[
            regime["reportable"]
        ]
        doubt = "" if regime["applies"] == "yes" else f"; applies: {regime['applies']}"
        entry = "" if regime["index"] is None else f" (entry {regime['index']})"
        lines.append(f"  {regime['pack']}: {what}{doubt}: {regime['reason']}{entry}")
        lines += [f"    {line_of(duty)}" for duty in regime["duties"]]
    for one in found["reports"]:
        gaps = f", missing {', '.join(one['fields_missing'])}" if one["fields_missing"] else ""
        times = f"submitted {one['submitted_at']}, aware since {one['awareness_at']}"
        lines.append(
            f"  {one['kind']} report to {one['recipient']} under {one['pack']}, {times}{gaps} (entry {one['index']})"
        )
    return lines


@with_book
def list_(
    book: Book,
    at: At = None,
    after: Annotated[str, typer.Option(help="The stream after which the page begins.")] = "",
    as_json: Json = False,
) -> None:
    """Incidents, by stream. Example: holdpoint incident list"""
    rows, as_of = book.incidents(position(at), after)
    alerts(book, position(at), as_json=as_json)
    for row in rows:
        if as_json:
            emit({"schema": "holdpoint.incidents/1", **row, "as_of": placed(as_of)})
        else:
            known = {r["reportable"] for r in row["regimes"]}
            what = (
                "reportable"
                if "yes" in known
                else "unclassified somewhere"
                if "unclassified" in known
                else "not reportable"
            )
            kind, end = row["kind"] or "kind suppressed", "resolved" if row["resolved_at"] else "not resolved"
            say(visible(f"{row['stream']:<32} {kind}; {what}; {end}"))
    if not rows:
        warn(f"no incident is recorded after {visible(after) or 'the start'}")
    elif len(rows) == PAGE:
        warn(f"more may follow: --at {at or as_of.time} --after {visible(rows[-1]['stream'])}")
    raise SystemExit(0 if rows else 5)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(
        help="Incidents: observe, involve, classify, report-filed, resolve, show, list.", no_args_is_help=True
    )
    for name, command in (("observe", observe), ("involve", involve), ("classify", classify), ("report-filed", report_filed),
                          ("resolve", resolve), ("show", show), ("list", list_)):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="incident")
