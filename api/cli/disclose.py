"""`disclose`: a part of the ledger about one model, for one recipient, under a profile; released by two."""

from pathlib import Path
from typing import Annotated

import typer

from api.book import Book, Offer, readable
from api.cli.asking import Asker
from api.cli.options import As, Json, Yes, with_book
from api.cli.output import answer, say
from api.cli.signing import model_stream, sign_and_post
from api.disclosing import profile_named
from api.handed_over import bundle_path
from api.handing_over import write_synced
from auditor.pin import parse_pin
from disclosures.builder import Asked
from ledger.canonical import dumps
from ledger.errors import Fault
from ledger.events import disclosure
from ledger.strict import parse_digest, parse_stream


@with_book
def disclose(
    book: Book,
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
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Hand over a part that proves itself.

    Example: holdpoint disclose --profile public-notice --subject model/fictional-one --recipient public --out notice.zip --yes
    """
    if (out is None) != prepare_only:
        raise Fault("usage", "failed", "--out says where to; --prepare writes nowhere", "holdpoint disclose --help")
    if release is not None and out is not None:
        _write(book, out, parse_digest(release), as_json=as_json)
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
    offer = book.offer(asked)
    if offer.beside and not as_json:
        say(f"its proofs of absence show that these streams exist: {', '.join(offer.beside)}")
    if out is None:
        _prepared(book, offer, as_json=as_json)
        return
    sign_and_post(book, Asker(yes=yes), disclosure.Made, dict(offer.body), offer.stream, by)
    _write(book, out, offer.digest, as_json=as_json)


def _size(text: str) -> int:
    """A size, or the size of a trust file's checkpoint."""
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    return parse_pin(readable(Path(text), "pin-unreadable")).checkpoint.size


def _prepared(book: Book, offer: Offer, *, as_json: bool) -> None:
    """Say what two disclosers are to sign; the body lies where they find it."""
    path = bundle_path(book.folder, offer.digest).with_suffix(".json")
    write_synced(path, dumps(dict(offer.body)), mode=0o600)  # of a server's ledger nobody has written it here
    if as_json:
        said = {"digest": offer.digest, "stream": offer.stream, "body": dict(offer.body), "beside": list(offer.beside)}
        answer("disclose", [said], book=book)
        return
    say(f"prepared {offer.digest}; two disclosers sign it:")
    say(f"  holdpoint event new disclosure.made=@{path} --stream {offer.stream} --signer discloser-1 \\")
    say(f"    --signer discloser-2 --out made.json{book.where}")
    say(f"  holdpoint event sign made.json --as discloser-1 --out made.dsse.json{book.where}")
    say(f"  holdpoint event sign made.dsse.json --add --as discloser-2{book.where}")
    say(f"  holdpoint event post made.dsse.json{book.where}")
    say(f"  holdpoint disclose --release {offer.digest} --out FILE.zip{book.where}")


def _write(book: Book, out: Path, digest: str, *, as_json: bool) -> None:
    """The bundle, and beside it the receipt of the event that released it, where that may be read."""
    index, raw = book.fetch(digest)
    write_synced(out, raw)
    if index is not None:
        _, receipt = book.entry(index)
        write_synced(out.with_name(out.name + ".released.tlog-proof"), receipt.encode())
    if as_json:
        answer("disclose", [{"digest": digest, "file": str(out), "released_at_index": index}], book=book)
        return
    say(f"released{'' if index is None else f' at index {index}'}: {out} ({len(raw)} bytes, {digest})")
    say(f"  check it as its reader will: holdpoint verify {out} --pin PIN")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(disclose)
