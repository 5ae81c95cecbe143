"""`disclose`: a part of the ledger about one model, for one recipient, under a profile; released by two."""

import json
from pathlib import Path
from typing import Annotated

import typer

from api.book import readable
from api.cli.asking import Asker
from api.cli.options import DEFAULT_DATA, As, Data, Json, Yes
from api.cli.output import answer, say
from api.cli.signing import model_stream, sign_and_post
from api.disclosing import Prepared, bundle_path, prepare, profile_named, released
from api.handing_over import write_synced
from api.keyring import load_signer
from api.session import Session
from api.wiring import opened
from auditor.pin import parse_pin
from disclosures.builder import Asked
from ledger.errors import Fault
from ledger.events import disclosure
from ledger.strict import parse_digest, parse_stream


def disclose(
    subject: Annotated[str | None, typer.Option(help="The model that it is about.")] = None,
    profile: Annotated[str | None, typer.Option(help="Id of a shipped profile, or a file.")] = None,
    recipient: Annotated[str | None, typer.Option(help="Who gets it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The zip to write, once it is released.")] = None,
    since: Annotated[
        list[str] | None, typer.Option(help="A size, or a trust file: the bundle proves consistency with it.")
    ] = None,
    action: Annotated[
        list[str] | None, typer.Option(help="An action whose status is claimed, where the profile can.")
    ] = None,
    absent: Annotated[
        list[str] | None, typer.Option(metavar="STREAM", help="A stream to be proven not to exist.")
    ] = None,
    release: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="Write a bundle whose disclosure.made is in the log.")
    ] = None,
    prepare_only: Annotated[
        bool, typer.Option("--prepare", help="Build and keep it; two people sign elsewhere.")
    ] = False,
    by: As = "discloser",
    data: Data = DEFAULT_DATA,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Hand over a part that proves itself.

    Example: holdpoint disclose --profile public-notice --subject model/fictional-one --recipient public --out notice.zip --yes
    """
    if (out is None) != prepare_only:
        raise Fault("usage", "failed", "--out says where to; --prepare writes nowhere", "holdpoint disclose --help")
    with opened(data) as ledger:
        book = Session(ledger)
        if release is not None and out is not None:
            index, raw = released(ledger, parse_digest(release))
            _write(book, out, index, raw, release, as_json=as_json)
            return
        if profile is None or subject is None or recipient is None:
            detail = "--profile, --subject and --recipient say what is handed to whom"
            raise Fault("usage", "failed", detail, "holdpoint disclose --help")
        asked = Asked(
            model_stream(subject),
            recipient,
            profile_named(profile),
            tuple(action or ()),
            tuple(map(_size, since or ())),
            tuple(map(parse_stream, absent or ())),
        )
        prepared = prepare(ledger, asked, load_signer(data / "keys" / "engine.pem"))
        if prepared.beside and not as_json:
            say(f"its proofs of absence show that these streams exist: {', '.join(prepared.beside)}")
        if out is None:
            _prepared(book, prepared, as_json=as_json)
            return
        posted = sign_and_post(book, Asker(yes=yes), disclosure.Made, prepared.body, prepared.stream, by)
        _write(book, out, posted.index, prepared.raw, prepared.digest, as_json=as_json)


def _size(text: str) -> int:
    """A size, or the size of a trust file's checkpoint."""
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    return parse_pin(readable(Path(text), "pin-unreadable")).checkpoint.size


def _prepared(book: Session, prepared: Prepared, *, as_json: bool) -> None:
    """Say what two disclosers are to sign; the body is kept beside the bundle."""
    digest, stream, body = prepared.digest, prepared.stream, prepared.body
    path = bundle_path(book.folder, digest).with_suffix(".json")
    write_synced(path, json.dumps(body, sort_keys=True).encode(), mode=0o600)
    if as_json:
        said = {"digest": digest, "stream": stream, "body": body, "beside": list(prepared.beside)}
        answer("disclose", [said], book=book)
        return
    say(f"prepared {digest}; two disclosers sign it:")
    say(f"  holdpoint event new disclosure.made=@{path} --stream {stream} --signer discloser-1 --signer discloser-2 \\")
    say("    --out made.json")
    say("  holdpoint event sign made.json --as discloser-1 --out made.dsse.json")
    say("  holdpoint event sign made.dsse.json --add --as discloser-2; holdpoint event post made.dsse.json")
    say(f"  holdpoint disclose --release {digest} --out FILE.zip")


def _write(book: Session, out: Path, index: int, raw: bytes, digest: str, *, as_json: bool) -> None:
    """The bundle, and beside it the receipt of the event that released it."""
    _, receipt = book.entry(index)
    write_synced(out, raw)
    write_synced(out.with_name(out.name + ".released.tlog-proof"), receipt.encode())
    if as_json:
        answer("disclose", [{"digest": digest, "file": str(out), "released_at_index": index}], book=book)
    else:
        say(f"released at index {index}: {out} ({len(raw)} bytes, {digest})")
        say(f"  check it as its reader will: holdpoint verify {out} --pin PIN")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(disclose)
