"""`document`: reports by digest: submitted, confirmed, published; said and signed by people."""

from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.asking import Asker
from api.cli.assess import digest_or_file
from api.cli.options import As, Json, Withhold, Yes, with_book
from api.cli.output import posted
from api.cli.signing import model_stream, owner_of, packs_now, reference_to, sign_and_post
from api.cli.words import clause_of
from ledger.errors import Fault, Malformed
from ledger.events import document
from ledger.state import State
from policies.facts import Fact
from policies.pack_gate import Gate


@with_book
def document_submit(
    book: Book,
    kind: Annotated[str, typer.Argument(help="The kind that a pack names, such as capability_report.")],
    file: Annotated[str | None, typer.Argument(help="The document, or its sha256:…")] = None,
    models: Annotated[list[str] | None, typer.Option("--model", help="A model that it covers.")] = None,
    version: Annotated[str, typer.Option(help="The document's version.")] = "1",
    coverage_date: Annotated[str | None, typer.Option(help="The time up to which it speaks; default: now.")] = None,
    finding: Annotated[
        list[str] | None, typer.Option(help="A finding of it, in words; each is withheld by itself.")
    ] = None,
    stream: Annotated[str | None, typer.Option(help="document/…; default: by kind.")] = None,
    withhold: Withhold = None,
    by: As = "assessor",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Submit a document by digest. Example: holdpoint document submit capability_report README.md --model model/one --yes"""
    asker = Asker(yes=yes)
    file = asker.text("FILE", f"file of the {kind}, or sha256:…", file)
    covered = [model_stream(m) for m in asker.many("--model", "models that it covers", models)]
    asker.settle()
    body: dict[str, Any] = {
        "coverage_date": coverage_date or book.now(),
        "covers": covered,
        "digest": digest_or_file(file),
        "kind": kind,
        "version": version,
    }
    body |= {"findings": finding} if finding else {}
    clauses = document_clauses(book, book.known(*covered), kind)
    place = stream or f"document/{kind.lower()}"
    done = sign_and_post(book, asker, document.Submitted, body, place, by, clauses, withhold=withhold)
    posted("document", [done], as_json=as_json, book=book)


def document_clauses(book: Book, known: State, kind: str) -> list[str]:
    """The gates that ask for a kind of document, for a role's approval of one, or for a risk accepted in it."""
    found = packs_now(book, known)
    return [clause_of(p, g) for p in found for g in p.pack.gates if kind in kinds_of(g)]


def kinds_of(gate: Gate) -> set[str | None]:
    """The kinds of document that a gate looks at."""
    accepted = None if gate.acceptance is None else gate.acceptance.document
    return {*gate.requires_documents, gate.approval_of, accepted}


@with_book
def document_confirm(
    book: Book,
    kind: Annotated[str, typer.Argument(help="The kind of document.")],
    models: Annotated[str, typer.Option("--model", help="A model that it covers.")],
    file: Annotated[
        str | None, typer.Option("--file", help="The document as you hold it: its digest must be that one.")
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="The framework's role you act in; default: the one you hold.")
    ] = None,
    verb: Annotated[str, typer.Option(help="confirm, approve or accept: what the gate asks of that role.")] = "confirm",
    stream: Annotated[str | None, typer.Option(help="document/…; default: by kind.")] = None,
    by: As = "approver",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Confirm the newest document. Example: holdpoint document confirm capability_report --model model/one \
--as approver-2 --yes"""
    asker, place, covered = Asker(yes=yes), stream or f"document/{kind.lower()}", model_stream(models)
    known = book.known(place, covered)
    newest = newest_of(known, place, kind, covered)
    if file is not None and digest_or_file(file) != newest.body.digest:
        detail = f"{file} is not the document submitted at index {newest.index}"
        raise Fault("document-differs", "failed", detail, "read the one that was submitted, or have this one submitted")
    held = roles_held(known, book, by)
    role = asker.text("--role", "the framework's role you act in", role or (held[0] if len(held) == 1 else None), held)
    asker.settle()
    body = {"digest": newest.body.digest, "document": reference_to(newest), "role": role, "verb": verb}
    clauses = document_clauses(book, known, kind)
    done = sign_and_post(book, asker, document.Confirmed, body, place, by, clauses)
    posted("document", [done], as_json=as_json, book=book)


def newest_of(known: State, place: str, kind: str, covered: str) -> Fact:
    """The newest submission of a kind in a stream that covers a model. Raises `Fault` `not-found`."""
    found: list[Fact] = [
        f for _, f in known.scan("submitted") if f.stream == place and f.body.kind == kind and covered in f.body.covers
    ]
    if not found:
        remedy = f"holdpoint document submit {kind} FILE --model {covered} --as assessor"
        raise Fault("not-found", "failed", f"no {kind} that covers {covered} was submitted", remedy)
    return max(found, key=lambda f: f.index)


@with_book
def document_publish(
    book: Book,
    kind: Annotated[str, typer.Argument(help="The kind of document.")],
    place: Annotated[str | None, typer.Argument(help="Where it can be read: an address.")] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="What is published, or its sha256:…; default: all of it.")
    ] = None,
    models: Annotated[str, typer.Option("--model", help="A model that it covers.")] = "",
    audience: Annotated[str, typer.Option(help="Who can read it.")] = "public",
    redaction: Annotated[
        list[str] | None, typer.Option(help="CLASS:GROUND:JUSTIFICATION of what was left out.")
    ] = None,
    stream: Annotated[str | None, typer.Option(help="document/…; default: by kind.")] = None,
    by: As = "discloser",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record that the newest document was published. Example: holdpoint document publish capability_report \
https://reports.example/one --model model/one --yes"""
    asker, where = Asker(yes=yes), stream or f"document/{kind.lower()}"
    covered = asker.text("--model", "a model that it covers", models or None)
    place = asker.text("PLACE", "where it can be read", place)
    asker.settle()
    covered = model_stream(covered)
    known = book.known(where, covered)
    newest = newest_of(known, where, kind, covered)
    body = {
        "audience": audience,
        "digest": newest.body.digest if file is None else digest_or_file(file),
        "document": reference_to(newest),
        "place": place,
        "redactions": [redaction_of(text) for text in redaction or ()],
    }
    done = sign_and_post(book, asker, document.Published, body, where, by, document_clauses(book, known, kind))
    posted("document", [done], as_json=as_json, book=book)


def redaction_of(text: str) -> dict[str, str]:
    """CLASS:GROUND:JUSTIFICATION as the object that is recorded. Raises `Malformed`."""
    kind, ground, why = ([*text.split(":", 2), "", ""])[:3]
    if not (kind and ground and why):
        raise Malformed("flag", "--redaction CLASS:GROUND:JUSTIFICATION", "not-a-choice")
    return {"class": kind, "ground": ground, "justification": why}


def roles_held(known: State, book: Book, by: str) -> list[str]:
    """The framework roles that the owner of the signing key is bound to."""
    who = owner_of(book, known, by)
    rows = (key.split("|") for key, grant in known.scan("packrole") if grant.alive(book.now()))
    return sorted({role for _, role, principal in rows if principal == who})


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    documents = typer.Typer(help="Reports by digest: submit, confirm, publish.", no_args_is_help=True)
    documents.command("submit")(document_submit)
    documents.command("confirm")(document_confirm)
    documents.command("publish")(document_publish)
    app.add_typer(documents, name="document")
