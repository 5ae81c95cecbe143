"""`event new | sign | post | show`: any event, written, signed by several people offline, and sent.

`signers` is part of the statement, so `new` lists the keys that will sign; each then adds a signature to the same envelope file.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.author import statement_of, written_of
from api.book import Book, readable
from api.cli.asking import Asker
from api.cli.options import DEFAULT_DATA, As, Data, Json, Withhold, Yes, with_book
from api.cli.output import answer, posted, say
from api.cli.root_words import root_words
from api.cli.signing import submit
from api.handing_over import write_synced
from api.keyring import load_signer
from auditor.explain import visible
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import (
    Envelope,
    Signature,
    format_envelope,
    parse_envelope,
    read_envelope,
    sign_envelope,
    statement_digest,
)
from ledger.errors import Fault, Malformed
from ledger.event import Body
from ledger.fields import Reference
from ledger.keys import Signer
from ledger.registry import BY_NAME
from ledger.strict import parse_hex

CommonKeys = Annotated[list[str] | None, typer.Option("--signer", help="Key file, key id, or name in keys/.")]


Causes = Annotated[
    list[int] | None, typer.Option("--cause", min=0, help="The index of an entry that this follows from, or revises.")
]


def _causes(book: Book, indexes: list[int] | None) -> tuple[Reference, ...]:
    """References to the entries of those indexes, in order."""
    return tuple(Reference(index=n, leaf=leaf_hash(book.entry(n)[0]).hex()) for n in sorted({*(indexes or ())}))


def _body(text: str) -> tuple[type[Body], dict[str, Any]]:
    name, equals, rest = text.partition("=")
    kind = BY_NAME.get(name)
    if kind is None:
        raise Malformed("event", "TYPE=JSON", "type-unknown")
    if rest.startswith("@"):
        rest = readable(Path(rest[1:])).decode("utf-8", "replace")
    try:
        value = json.loads(rest)
    except (ValueError, RecursionError):
        raise Malformed("event", "TYPE=JSON" if not equals else "body", "not-json") from None
    if not isinstance(value, dict):
        raise Malformed("event", "body", "schema")
    return kind, value


def keyid_named(book: Book, text: str) -> str:
    """The key id of a signer as a person names one: 64 hex digits, a key file, or a name in `keys/`."""
    if len(text) == 64:
        return parse_hex(text, 32)
    path = Path(text)
    return load_signer(path).keyid if path.suffix == ".pem" else book.signers(text)[0].keyid


@with_book
def event_new(
    book: Book,
    text: Annotated[str, typer.Argument(metavar="TYPE=JSON", help="Such as body.informed={…}; TYPE=@FILE reads it.")],
    out: Annotated[Path, typer.Option("--out", help="The statement to write.")],
    stream: Annotated[str, typer.Option(help="The stream it stands in.")],
    signers: CommonKeys = None,
    occurred_at: Annotated[str | None, typer.Option(help="When it happened; default: now.")] = None,
    known_at: Annotated[str | None, typer.Option(help="When it became known.")] = None,
    expected_version: Annotated[int | None, typer.Option(help="Refused if the stream has grown beyond it.")] = None,
    causes: Causes = None,
    withhold: Withhold = None,
    as_json: Json = False,
) -> None:
    """Write a statement that others sign. Example: holdpoint event new \
'role.revoked={"principal":"attester","role":"attester"}' --stream ledger --signer key-admin-1 --signer key-admin-2 \
--out revoke.json"""
    kind, body = _body(text)
    keyids = [keyid_named(book, s) for s in signers or ()]
    if not keyids:
        raise Fault("flags-missing", "failed", "a statement names its signers", "give --signer once for each")
    draft = book.draft(
        kind, body, stream, keyids, occurred_at=occurred_at, known_at=known_at, expected_version=expected_version,
        causes=_causes(book, causes), withhold=withhold or (),
    )  # fmt: skip
    statement_of(draft.payload)
    book.keep_disclosures(draft.event_id, draft.disclosures)
    write_synced(out, draft.payload)
    if as_json:
        answer("event-new", [str(out)], book=book, digest=draft.digest, event_id=draft.event_id)
    else:
        say(f"{out}: statement {draft.digest}, to be signed by {', '.join(k[:16] for k in sorted(keyids))}")


def event_sign(
    file: Annotated[Path, typer.Argument(help="The statement, or the envelope that others have signed.")],
    out: Annotated[Path | None, typer.Option("--out", help="The envelope to write; default: FILE with --add.")] = None,
    add: Annotated[bool, typer.Option("--add", help="FILE is an envelope: add a signature to it.")] = False,
    key: Annotated[Path | None, typer.Option("--key", help="Key file; default: keys/AS.pem of the folder.")] = None,
    by: As = "",
    data: Data = DEFAULT_DATA,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Sign a statement, offline. Example: holdpoint event sign revoke.json --out revoke.dsse.json --as key-admin-1 --yes"""
    if not key and not by:
        raise Fault("flags-missing", "failed", "who signs?", "give --key FILE or --as NAME")
    signer: Signer = load_signer(key or data / "keys" / f"{by}.pem")
    raw = readable(file)
    payload, before = raw, tuple[Signature, ...]()
    if add:
        envelope = read_envelope(raw)
        payload, before = envelope.payload, envelope.signatures
    statement = statement_of(payload)
    said = statement.predicate
    target = out or (file if add else None)
    if target is None:
        raise Fault("flags-missing", "failed", "where should the envelope go?", "give --out FILE")
    if signer.keyid not in said.signers:
        listed = ", ".join(k[:16] for k in said.signers)
        detail = f"key {signer.keyid[:16]} is not among the statement's signers: {listed}"
        raise Fault("key-not-listed", "failed", detail, "write it anew with holdpoint event new, naming this key too")
    lines = [f"To be signed: {said.body.event.name} in {said.stream} of {said.ledger}, by key {signer.keyid[:16]}"]
    lines += [f"  {line}" for line in json.dumps(json.loads(payload)["predicate"]["body"], indent=1).split("\n")]
    lines += [f"  {line}" for line in root_words(said.body)]
    Asker(yes=yes).confirm([*lines, f"  statement digest {statement_digest(payload)}"])
    kept = tuple(s for s in before if s.keyid != signer.keyid)
    mine = sign_envelope(payload, (signer,)).signatures
    signed = Envelope(payload, tuple(sorted((*kept, *mine), key=lambda s: s.keyid)))
    write_synced(target, format_envelope(signed))
    missing = [k for k in said.signers if k not in {s.keyid for s in signed.signatures}]
    if as_json:
        answer("event-sign", missing, code="complete" if not missing else "signatures-missing", file=str(target))
    else:
        say(f"{target}: {len(signed.signatures)} of {len(said.signers)} signatures")


@with_book
def event_post(
    book: Book,
    text: Annotated[
        str, typer.Argument(metavar="ENVELOPE|TYPE=JSON", help="An envelope file, or TYPE=JSON to sign here.")
    ],
    stream: Annotated[str, typer.Option(help="With TYPE=JSON: the stream it stands in.")] = "",
    causes: Causes = None,
    withhold: Withhold = None,
    by: As = "",
    as_json: Json = False,
) -> None:
    """Post any event. Example: holdpoint event post revoke.dsse.json"""
    if "=" in text and text.partition("=")[0] in BY_NAME:
        if not stream or not by:
            raise Fault("flags-missing", "failed", "TYPE=JSON is signed here", "give --stream and --as")
        kind, body = _body(text)
        signers = book.signers(by, kind.event.quorum)
        more = {"causes": _causes(book, causes), "withhold": withhold or ()}
        draft = book.draft(kind, body, stream, [s.keyid for s in signers], **more)
        statement_of(draft.payload)
        written = draft.sign(signers)
    else:
        if withhold:
            raise Fault(
                "flags-missing",
                "failed",
                "what is signed can't be withheld any more",
                "write it anew: holdpoint event new",
            )
        envelope = read_envelope(readable(Path(text)))
        written = written_of(envelope)
        have = {s.keyid for s in envelope.signatures}
        missing = [k for k in statement_of(envelope.payload).predicate.signers if k not in have]
        if missing:
            remedy = f"each of them: holdpoint event sign {text} --add --key FILE"
            detail = f"not signed yet by {', '.join(k[:16] for k in missing)}"
            raise Fault("signatures-missing", "failed", detail, remedy)
    done = submit(book, written)
    book.spool.drop(done.event_id)
    book.place(f"refused/{done.event_id}.json").unlink(missing_ok=True)
    posted("posted", [done], as_json=as_json, book=book)


@with_book
def event_show(
    book: Book,
    index: Annotated[int, typer.Argument(min=0, help="The entry's index.")],
    as_json: Json = False,
) -> None:
    """Show an entry and its receipt. Example: holdpoint event show 3"""
    entry, receipt = book.entry(index)
    place = parse_entry(entry)
    payload = parse_envelope(place.envelope).payload
    if as_json:
        answer("event", json.loads(payload), book=book, entry=entry.decode(), receipt=receipt)
        return
    say(f"entry {index}, recorded {place.recorded_at}, version {place.version} of its stream")
    say("\n".join(visible(line) for line in json.dumps(json.loads(payload), indent=1).split("\n")))
    say("\n".join(visible(line) for line in receipt.split("\n")))


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    events = typer.Typer(help="Any event: new, sign, post, show.", no_args_is_help=True)
    for name, command in (("new", event_new), ("sign", event_sign), ("post", event_post), ("show", event_show)):
        events.command(name)(command)
    app.add_typer(events, name="event")
