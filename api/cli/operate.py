"""`training`, `deployment`: what is carried out, from its begin to its end, under which decision."""

from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.asking import Asker
from api.cli.options import Action, As, Audience, Decided, Hosts, Json, Model, Reason, Surfaces, Yes, with_book
from api.cli.output import posted, warn
from api.cli.signing import begin, packs_now, reference_to, references_to, sign_and_post, subject_of
from api.cli.words import gate_clauses
from ledger.errors import Fault
from ledger.event import Body
from ledger.events import deployment, training
from ledger.state import State
from policies.answer import Request
from policies.facts import Fact
from policies.standing import standing_decision

STATES = ("running", "restricted", "paused")
Begun = Annotated[int | None, typer.Option("--of", help="Index of what began; default: the newest that has not ended.")]


def decided(
    book: Book, known: State, stream: str, action: str, given: int | None, audience: str | None = None
) -> dict[str, Any]:
    """The decision relied on as a member, or none: the one named, else the one that stands for this action."""
    if given is not None:
        (found,) = references_to(book, known, [given])
        return {"decision": found}
    standing = standing_decision(known, Request(stream, action, audience=audience), book.now())
    if standing is not None:
        return {"decision": reference_to(standing[0])}
    warn(f"no decision on {action} stands: this is recorded as carried out without one")
    return {}


def open_one(known: State, stream: str, table: str, began: str, ends: str, member: str, given: int | None) -> Fact:
    """What began and has not ended: the one named, else the newest. Raises `Fault` `not-found`."""
    said: tuple[Fact, ...] = known.get(table, stream) or ()
    over = {
        reference.index
        for f in said
        if f.body.event.name == ends and (reference := getattr(f.body, member)) is not None
    }
    found = [f for f in said if f.body.event.name == began and f.index not in over and given in (None, f.index)]
    if not found:
        what = "of this model" if given is None else f"at index {given}"
        raise Fault("not-found", "failed", f"no {began} {what} that has not ended", f"holdpoint history {stream}")
    return found[-1]


def _say(
    book: Book, known: State, asker: Asker, kind: type[Body], body: dict[str, Any], stream: str, by: str, action: str,
    *, as_json: bool,
) -> None:  # fmt: skip
    asker.settle()
    clauses = gate_clauses(packs_now(book, known), action)
    done = sign_and_post(book, asker, kind, body, stream, by, clauses)
    posted(kind.event.name.split(".", maxsplit=1)[0], [done], as_json=as_json, book=book)


@with_book
def training_start(
    book: Book,
    stream: Model,
    purpose: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    compute_planned: Annotated[str | None, typer.Option(help="Training operations planned, a decimal.")] = None,
    decision: Decided = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """A training run began. Example: holdpoint training start model/one --purpose 'fine-tuning for partners' --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    subject_of(known, stream)
    body = {
        "purpose": asker.text("--purpose", "what it is for", purpose),
        **decided(book, known, stream, "train", decision),
    }
    body |= {} if compute_planned is None else {"compute_planned": compute_planned}
    _say(book, known, asker, training.Started, body, stream, by, "train", as_json=as_json)


@with_book
def training_pause(
    book: Book,
    stream: Model,
    reason: Reason = None,
    because: Annotated[int | None, typer.Option(help="Index of the entry that made it so.")] = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """All training of a model stands still. Example: holdpoint training pause model/one --reason 'a safeguard fell' --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    body: dict[str, Any] = {"reason": asker.text("--reason", "why", reason)}
    if because is not None:
        (body["because"],) = references_to(book, known, [because])
    _say(book, known, asker, training.Paused, body, stream, by, "train", as_json=as_json)


@with_book
def training_resume(
    book: Book,
    stream: Model,
    of: Begun = None,
    decision: Decided = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """The newest pause is over. Example: holdpoint training resume model/one --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    paused = open_one(known, stream, "training", "training.paused", "training.resumed", "paused", of)
    body = {"paused": reference_to(paused), **decided(book, known, stream, "train", decision)}
    _say(book, known, asker, training.Resumed, body, stream, by, "train", as_json=as_json)


@with_book
def training_end(
    book: Book,
    stream: Model,
    outcome: Annotated[str, typer.Option(help="completed or abandoned.")] = "completed",
    reason: Reason = None,
    of: Begun = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """The newest training run is over. Example: holdpoint training end model/one --reason 'as planned' --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    began = open_one(known, stream, "training", "training.started", "training.ended", "started", of)
    body = {"outcome": outcome, "reason": asker.text("--reason", "why", reason), "started": reference_to(began)}
    _say(book, known, asker, training.Ended, body, stream, by, "train", as_json=as_json)


@with_book
def deployment_start(
    book: Book,
    stream: Model,
    action: Action,
    audience: Audience = None,
    surface: Surfaces = None,
    host: Hosts = None,
    decision: Decided = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """A deployment began. Example: holdpoint deployment start model/one external_deploy --audience general \
--host own-cloud --surface api --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    audience = asker.text("--audience", "who has access", audience)
    relied = decided(book, known, stream, action, decision, audience or None)
    body = {
        "action": action,
        "artifact": subject_of(known, stream),
        "audience": audience,
        "decision": relied.get("decision"),
        "hosts": host or [],
        "surfaces": surface or [],
    }
    _say(book, known, asker, deployment.Started, body, stream, by, action, as_json=as_json)


@with_book
def deployment_change(
    book: Book,
    stream: Model,
    state: Annotated[str | None, typer.Argument(metavar="STATE", help=", ".join(STATES))] = None,
    reason: Reason = None,
    audience: Audience = None,
    surface: Surfaces = None,
    host: Hosts = None,
    of: Begun = None,
    decision: Decided = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """A deployment is narrowed, widened or paused. Example: holdpoint deployment change model/one restricted \
--audience trusted-partners --reason 'a safeguard fell' --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    began = _running(known, stream, of)
    now = _newest(known, stream, began)
    action = began.body.action
    body = {
        "audience": audience or now.audience,
        "deployment": reference_to(began),
        "hosts": list(now.hosts) if host is None else host,
        "reason": asker.text("--reason", "why", reason),
        "state": asker.text("STATE", "state", state, STATES),
        "surfaces": list(now.surfaces) if surface is None else surface,
        **decided(book, known, stream, action, decision, audience or now.audience),
    }
    _say(book, known, asker, deployment.Changed, body, stream, by, action, as_json=as_json)


@with_book
def deployment_end(
    book: Book,
    stream: Model,
    reason: Reason = None,
    of: Begun = None,
    decision: Decided = None,
    by: As = "deployer",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """A deployment is over. Example: holdpoint deployment end model/one --reason 'replaced by a later model' --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    began = _running(known, stream, of)
    body: dict[str, Any] = {"deployment": reference_to(began), "reason": asker.text("--reason", "why", reason)}
    if decision is not None:
        (body["decision"],) = references_to(book, known, [decision])
    _say(book, known, asker, deployment.Ended, body, stream, by, began.body.action, as_json=as_json)


def _running(known: State, stream: str, of: int | None) -> Fact:
    return open_one(known, stream, "deployment", "deployment.started", "deployment.ended", "deployment", of)


def _newest(known: State, stream: str, began: Fact) -> Any:
    """What was last said of a deployment: for whom and where it runs."""
    said: tuple[Fact, ...] = known.get("deployment", stream) or ()
    changes = [
        f.body for f in said if isinstance(f.body, deployment.Changed) and f.body.deployment.index == began.index
    ]
    return changes[-1] if changes else began.body


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    trainings = typer.Typer(help="Training runs: start, pause, resume, end.", no_args_is_help=True)
    for name, command in (("start", training_start), ("pause", training_pause), ("resume", training_resume)):
        trainings.command(name)(command)
    trainings.command("end")(training_end)
    deployments = typer.Typer(help="Deployments: start, change, end.", no_args_is_help=True)
    for name, command in (("start", deployment_start), ("change", deployment_change), ("end", deployment_end)):
        deployments.command(name)(command)
    app.add_typer(trainings, name="training")
    app.add_typer(deployments, name="deployment")
