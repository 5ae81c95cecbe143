"""The people's verbs: each writes one event, shows in words what is signed, signs and posts."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.options import DEFAULT_DATA, As, Data, Json
from api.cli.output import emit, say
from api.session import Posted, Session
from api.story import bundled_pack
from api.wiring import opened
from auditor.explain import visible
from ledger.errors import Fault, Malformed
from ledger.event import Body
from ledger.events import model
from ledger.registry import BY_NAME
from ledger.statement import model_subject
from policies.framework import load_toml, pack_digest, pack_object


def _done(posted: Posted, *, as_json: bool) -> None:
    if as_json:
        emit({"schema": "holdpoint.posted/1", "ok": True, "code": "recorded", "index": posted.index, "leaf": posted.leaf,
              "digest": posted.digest, "event_id": posted.event_id, "recorded_at": posted.recorded_at,
              "derived": [{"index": e.index, "type": e.name} for e in posted.derived]})  # fmt: skip
        return
    say(f"recorded at index {posted.index}, {posted.recorded_at}")
    say(f"  statement {posted.digest}")
    for event in posted.derived:
        answer = f": {event.body.answer}" if event.name == "gate.evaluated" else ""
        say(f"  derived {event.name} at index {event.index}{answer}")


def _body(text: str) -> tuple[type[Body], dict[str, Any]]:
    name, _, rest = text.partition("=")
    kind = BY_NAME.get(name)
    if kind is None:
        raise Malformed("event", "type", "type-unknown")
    try:
        value = json.loads(rest)
    except ValueError:
        raise Malformed("event", "body", "not-json") from None
    if not isinstance(value, dict):
        raise Malformed("event", "body", "schema")
    return kind, value


def register_(
    stream: Annotated[str, typer.Argument(help="A new stream, model/….")],
    name: Annotated[str, typer.Option(help="The model's name; it is withheld.")],
    weights: Annotated[str, typer.Option(help="sha256:… of the weights; withheld.")],
    kind: Annotated[str, typer.Option(help="base, snapshot, helpful_only, fine_tune, distilled, system.")] = "base",
    data: Data = DEFAULT_DATA,
    by: As = "assessor",
    as_json: Json = False,
) -> None:
    """Register a model. Example: holdpoint register model/one --name One --weights sha256:00"""
    salt = os.urandom(16)
    body = {"kind": kind, "subject": {"name": name, "weights": weights}}
    with opened(data) as ledger:
        session = Session(ledger)
        subject = model_subject(salt, name, weights)
        record = json.dumps({"name": name, "salt": salt.hex(), "subject": subject, "weights": weights})
        session.keep(f"disclosures/{subject}.subject.json", record.encode())
        _done(session.say(model.Registered, body, stream, by, subject=subject), as_json=as_json)


def event_post(
    text: Annotated[str, typer.Argument(help="TYPE=JSON, such as body.informed={…}; @FILE reads it from a file.")],
    stream: Annotated[str, typer.Option(help="The stream it stands in.")],
    by: As,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Write, sign and post any event. Example: holdpoint event post 'TYPE={…}' --stream model/one --as deployer"""
    kind, body = _body(Path(text[1:]).read_text() if text.startswith("@") else text)
    with opened(data) as ledger:
        _done(Session(ledger).say(kind, body, stream, by), as_json=as_json)


def event_show(
    index: Annotated[int, typer.Argument(help="The entry's index.")], data: Data = DEFAULT_DATA, as_json: Json = False
) -> None:
    """Show an entry and its receipt. Example: holdpoint event show 3"""
    with opened(data) as ledger:
        entry, receipt = ledger.receipt(index)
    if as_json:
        emit({"schema": "holdpoint.event/1", "ok": True, "code": "ok", "entry": entry.decode(), "receipt": receipt})
    else:
        say(visible(entry.decode()))
        say(receipt)


def framework_publish(
    source: Annotated[str, typer.Argument(help="A TOML file, or the id of a pack that ships with Holdpoint.")],
    data: Data = DEFAULT_DATA,
    by: As = "framework-admin",
    adopt: Annotated[bool, typer.Option("--adopt", help="Adopt it for all models, from now.")] = False,
    as_json: Json = False,
) -> None:
    """Publish (and adopt) a framework pack. Example: holdpoint framework publish anthropic-rsp-2.2 --adopt"""
    pack = load_toml(Path(source).read_text(), source) if source.endswith(".toml") else bundled_pack(source)
    digest, stream = pack_digest(pack), f"framework/{pack.id}"
    body = {"digest": digest, "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
    with opened(data) as ledger:
        session = Session(ledger)
        _done(session.say(BY_NAME["framework.published"], body, stream, by), as_json=as_json)
        if adopt:
            said = {"digest": digest, "effective": ledger.now(), "id": pack.id, "scope": "all models"}
            _done(session.say(BY_NAME["framework.adopted"], said, stream, by), as_json=as_json)


def framework_lint(source: Annotated[Path, typer.Argument(help="A TOML file.")], as_json: Json = False) -> None:
    """Read a pack strictly and print its digest. Example: holdpoint framework lint pack.toml"""
    try:
        pack = load_toml(source.read_text(), source.name)
    except OSError as err:
        raise Fault("file-unreadable", "failed", f"{source}: {err.strerror}", "name a TOML file") from err
    if as_json:
        emit(
            {
                "schema": "holdpoint.framework-lint/1",
                "ok": True,
                "code": "ok",
                "id": pack.id,
                "digest": pack_digest(pack),
            }
        )
    else:
        say(f"{pack.id}: {len(pack.gates)} gates, {len(pack.thresholds)} thresholds; {pack_digest(pack)}")


def framework_show(name: Annotated[str, typer.Argument(help="The id of a pack that ships with Holdpoint.")]) -> None:
    """Show a pack's gates with their clauses. Example: holdpoint framework show anthropic-rsp-2.2"""
    pack = bundled_pack(name)
    say(f"{pack.title} {pack.version}, {pack.publisher}; facts in our words, not legal advice; {pack_digest(pack)}")
    for gate in pack.gates:
        needs = (*gate.requires_sets, *gate.requires_safeguards, *gate.requires_documents, *gate.requires_metrics)
        say(f"  {gate.id} ({gate.ref}): {', '.join(gate.actions)} need {', '.join(needs)}; else {gate.effect}")


def digest_of_file(path: Annotated[Path, typer.Argument(help="A document.")]) -> None:
    """The digest by which a document is named. Example: holdpoint digest report.pdf"""
    say("sha256:" + sha256(path.read_bytes()).hexdigest())


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("register")(register_)
    app.command("digest")(digest_of_file)
    events = typer.Typer(help="Any event: post, show.", no_args_is_help=True)
    events.command("post")(event_post)
    events.command("show")(event_show)
    app.add_typer(events, name="event")
    frameworks = typer.Typer(help="Framework packs: publish, lint, show.", no_args_is_help=True)
    frameworks.command("publish")(framework_publish)
    frameworks.command("lint")(framework_lint)
    frameworks.command("show")(framework_show)
    app.add_typer(frameworks, name="framework")
