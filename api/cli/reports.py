"""`report incident`: a regime's form, filled from what is recorded; what nobody recorded is missing, and nothing is invented."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer

from api.about import position as placed
from api.book import Book
from api.cli.assess import digest_or_file
from api.cli.incident_record import Regime, Stream, incident_stream
from api.cli.options import Json, with_book
from api.cli.output import answer, say, warn
from api.cli.pack_named import published_as
from api.cli.report_bundle import report_bundle
from api.handing_over import write_synced
from auditor.explain import visible
from ledger.errors import Fault, Malformed
from policies.facts import Published
from policies.incident_report import Kind, Report, fill
from policies.incidents import Incident

KINDS = ("initial", "intermediate", "final", "amended")
SCHEMA = "holdpoint.incident-report/1"
WITHHELD = "(withheld: a digest stands here, if anything)"


@with_book
def report_incident(
    book: Book,
    stream: Stream,
    regime: Regime,
    kind: Annotated[str, typer.Option(help="initial, intermediate, final, amended.")] = "initial",
    field: Annotated[list[str] | None, typer.Option(help="ID=TEXT: a field that a person fills now.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
    as_json: Json = False,
) -> None:
    """Fill a regime's report from what is recorded. Example: holdpoint report incident one \
--regime eu-gpai-cop-safety-security --out one-eu.json"""
    published, name = published_as(book.known(), regime), incident_stream(stream)
    if kind not in KINDS:
        raise Malformed("flag", "--kind: initial, intermediate, final, amended", "not-a-choice")
    value, as_of = book.incident(name)
    if value is None:
        raise Fault("not-found", "failed", f"nothing was observed in {name}", "holdpoint incident list")
    if not published.pack.report_fields:
        raise Fault("not-found", "failed", f"{regime} has no report form", "name a pack with report_fields")
    case = msgspec.convert(value, Incident)
    report = fill(book.known(name), case, published, cast("Kind", kind), _stated(field or (), published))
    made = {"schema": SCHEMA, "as_of": placed(as_of), **msgspec.to_builtins(report)}
    if out is not None:
        write_synced(out, (json.dumps(made, indent=1, sort_keys=True) + "\n").encode(), mode=0o600)
    if as_json:
        rest = {k: v for k, v in made.items() if k not in ("schema", "fields")}
        code = "fields-missing" if report.fields_missing else "complete"
        answer("incident-report", made["fields"], book=book, code=code, file=None if out is None else str(out), **rest)
        return
    for line in _form(report, published):
        say(visible(line))
    if out is not None:
        warn(f"{out}: {digest_or_file(str(out))}")


def _stated(given: Iterable[str], published: Published) -> dict[str, str]:
    """ID=TEXT flags. Raises `Malformed` `fact-form`, `Fault` `flags-missing` for a field that the form does not have."""
    found: dict[str, str] = {}
    names = [f.id for f in published.pack.report_fields]
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name in found:
            raise Malformed("flag", "--field ID=TEXT, each id once", "fact-form")
        if name not in names:
            raise Fault("flags-missing", "failed", f"the form has no field {name}", f"it has: {', '.join(names)}")
        found[name] = value
    return found


def _form(report: Report, published: Published) -> list[str]:
    lines = [
        f"{report.kind} report of {report.incident} under {published.pack.id}: {report.category or report.reportable}"
    ]
    for form in (True, False):
        fields = [f for f in report.fields if f.of_the_form is form]
        lines += ["beside the form, which has no field for it:"] if fields and not form else []
        for one in fields:
            number = f"{one.number}. " if one.number is not None else ""
            value = one.value or (WITHHELD if one.state == "withheld" else "MISSING")
            cited = f"  [entries {', '.join(map(str, one.indexes))}]" if one.indexes else ""
            lines.append(f"  {number}{one.title} ({one.ref}): {value}{cited}")
    lines.append(f"fields missing: {', '.join(report.fields_missing) or 'none'}")
    lines.append(f"withheld here: {', '.join(report.fields_withheld) or 'none'}")
    return lines


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    reports = typer.Typer(help="Reports made from what is recorded.", no_args_is_help=True)
    reports.command("incident")(report_incident)
    reports.command("bundle")(report_bundle)
    app.add_typer(reports, name="report")
