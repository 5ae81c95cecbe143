"""`recommend`, `exception invoke`: what a framework lets people say beside an approval, each as it is written there."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.assess import evidence_of
from api.cli.decide import DECISIONS, asked_clauses
from api.cli.options import Action, As, Asked, Conditions, Framework, Json, Model, Reason, Withhold, Yes, with_book
from api.cli.output import posted
from api.cli.signing import begin, one_pack, owner_of, packs_now, request_for, sign_and_post, subject_of
from ledger.errors import Malformed
from ledger.events import exception, recommendation
from ledger.keys import Signer
from ledger.state import State
from policies.decide import packs_of
from policies.facts import Fact, Published
from policies.verbs import held, roles_with


@with_book
def recommend(
    book: Book,
    stream: Model,
    action: Action,
    advice: Annotated[str | None, typer.Argument(metavar="ADVICE", help=", ".join(DECISIONS))] = None,
    role: Annotated[
        str | None, typer.Option(help="The framework's role you act in; default: the one you hold.")
    ] = None,
    condition: Conditions = None,
    rationale: Annotated[str | None, typer.Option(help="Why; it is withheld.")] = None,
    framework: Framework = None,
    digest: Asked = None,
    withhold: Withhold = None,
    by: As = "assessor",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Recommend what to decide on a request. Example: holdpoint recommend model/one external_deploy permit --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    asked = request_for(known, stream, action, digest)
    named = [p for p in packs_of(known, asked) if roles_with(p.pack, "recommend")]
    published = one_pack(named, framework, "a recommendation")
    roles = advising(book, known, asked, published, by)
    role = asker.text("--role", "the role you act in", role or (roles[0] if len(roles) == 1 else None), roles)
    advice = asker.text("ADVICE", "recommendation", advice, DECISIONS)
    asker.settle()
    said: dict[str, Any] = {
        "conditions": condition or [],
        "framework": published.digest,
        "recommendation": advice,
        "request": asked.digest,
        "role": role,
    }
    if rationale is not None:
        said["rationale"] = rationale
    done = sign_and_post(
        book, asker, recommendation.Issued, said, stream, by, asked_clauses(known, asked), withhold=withhold
    )
    posted("recommend", [done], as_json=as_json, book=book)


def advising(book: Book, known: State, asked: Fact, published: Published, by: str) -> list[str]:
    """The recommending roles of a pack that the key's owner holds; all of the pack's where it holds none: then it is refused."""
    who = owner_of(book, known, by)
    mine = () if who is None else held(known, (published,), who, book.now(), asked.stream)
    able = roles_with(published.pack, "recommend")
    return [r for _, r in mine if r in able] or list(able)


@with_book
def exception_invoke(
    book: Book,
    stream: Model,
    name: Annotated[str, typer.Argument(metavar="EXCEPTION", help="The exception, as the pack names it.")],
    shown: Annotated[
        list[str] | None, typer.Option("--shown", help="N=FILE: evidence that the pack's condition N, from 1, holds.")
    ] = None,
    reason: Reason = None,
    action: Annotated[str | None, typer.Option(help="Only for the newest request on this action.")] = None,
    digest: Asked = None,
    valid_until: Annotated[str | None, typer.Option(help="Time at which it ends.")] = None,
    framework: Framework = None,
    by: Annotated[
        list[str] | None, typer.Option("--as", help="A decider whose key signs; give two, or a role with two keys.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Use a framework's own exception. Example: holdpoint exception invoke model/one X-COMPETITOR \
--reason 'a fictional rival' --shown 1=rival.pdf --shown 2=notice.pdf --shown 3=letter.pdf --as decider --as decider-2 --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    subject_of(known, stream)
    fitting = [p for p in packs_now(book, known) if any(x.id == name for x in p.pack.exceptions)]
    published = one_pack(fitting, framework, f"exception {name}")
    written = next(x for x in published.pack.exceptions if x.id == name)
    reason = asker.text("--reason", "why", reason)
    asker.settle()
    body: dict[str, Any] = {
        "exception": name,
        "framework": published.digest,
        "reason": reason,
        "shown": shown_of(written.conditions, shown or ()),
    }
    if action is not None or digest is not None:
        body["request"] = request_for(known, stream, action, digest).digest
    if valid_until is not None:
        body["valid_until"] = valid_until
    clauses = [f"{published.pack.id}, {written.id}: {written.ref}. {written.summary}"]
    done = sign_and_post(book, asker, exception.Invoked, body, stream, signers_of(book, by or ["decider"]), clauses)
    posted("exception", [done], as_json=as_json, book=book)


def shown_of(conditions: tuple[str, ...], given: list[str] | tuple[()]) -> list[dict[str, Any]]:
    """Each of the pack's conditions, with the files that show it. Raises `Malformed` where a number names none."""
    files: dict[int, list[Path]] = {}
    for text in given:
        number, _, path = text.partition("=")
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 3 else 0
        if not 1 <= place <= len(conditions) or not path:
            raise Malformed("flag", f"--shown N=FILE, N from 1 to {len(conditions)}", "not-a-choice")
        files.setdefault(place, []).append(Path(path))
    return [
        {"condition": said, "evidence": [evidence_of(p) for p in files.get(n, ())]}
        for n, said in enumerate(conditions, 1)
    ]


def signers_of(book: Book, by: list[str]) -> list[Signer]:
    """The signers named, each by one key; of one name, as many of its keys as two people need."""
    return book.signers(by[0], 2) if len(by) == 1 else [s for who in by for s in book.signers(who)]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(recommend)
    exceptions = typer.Typer(help="Exceptions that a framework itself allows.", no_args_is_help=True)
    exceptions.command("invoke")(exception_invoke)
    app.add_typer(exceptions, name="exception")
