"""A bundle as a BagIt 1.0 bag (RFC 8493): payload below `data/`, a manifest over it, a manifest over the tag files, and one
statement, signed by the engine, that lists every file (spec/bundle.md §1).

So each byte hangs on something: payload and tag files on the statement, the statement on its signature, and the zip around
them on being the only one (`disclosures.stored_zip`).
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Literal

from msgspec import Meta

from disclosures.stored_zip import Files, check_limits, check_path
from ledger.canonical import decode_canonical, encode
from ledger.envelope import pae
from ledger.errors import Malformed, Unverified
from ledger.fields import Closed, Hex32, Line, Name, Origin, Version
from ledger.keys import KeyRecord, Signer, load_public, verify
from ledger.strict import format_base64, parse_base64

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
STATEMENT, SIGNATURE = "bundle.json", "bundle.sig"
UNLISTED = (STATEMENT, SIGNATURE)
PAYLOAD = "data/"
MAX_STATEMENT = 32 << 20
Path = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._/-]{1,200}\Z")]


class Head(Closed, frozen=True):
    """Root (hex) and size of the checkpoint that everything is proven against."""

    root: Hex32
    size: Version


class Sha256(Closed, frozen=True):
    """An in-toto digest set of one digest, hex."""

    sha256: Hex32


class Listed(Closed, frozen=True):
    """A file by path and digest."""

    digest: Sha256
    name: Path


class Predicate(Closed, frozen=True):
    """What the bundle is: of which ledger, at which checkpoint, under which profile, for whom."""

    checkpoint: Head
    founding: Hex32
    ledger: Origin
    profile: Name
    recipient: Line
    schema: Literal["holdpoint.bundle/1"]


class Statement(Closed, frozen=True, rename={"type_": "_type", "predicate_type": "predicateType"}):
    """An in-toto Statement v1 over every file but itself and its signature."""

    predicate: Predicate
    predicate_type: Literal["urn:holdpoint:bundle:1"]
    subject: Annotated[tuple[Listed, ...], Meta(min_length=1)]
    type_: Literal["https://in-toto.io/Statement/v1"]


class SignatureLine(Closed, frozen=True):
    """A detached DSSE signature: the payload stands by itself, since it outgrows what a JSON string may hold."""

    keyid: Hex32
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815  # the member's name in DSSE
    sig: Annotated[str, Meta(min_length=4, max_length=8192)]


def manifest(files: Files) -> bytes:
    """A line `<sha256>  <path>` per file, ordered by path."""
    return "".join(f"{sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files)).encode()


def bag_files(payload: Files, tags: Files) -> dict[str, bytes]:
    """Payload (paths below `data/`) and tag files, with the declarations and manifests that make a bag of them."""
    oxum = f"{sum(map(len, payload.values()))}.{len(payload)}"
    info = f"Bag-Software-Agent: holdpoint\nPayload-Oxum: {oxum}\n".encode()
    tagged = {**tags, "bagit.txt": BAGIT, "bag-info.txt": info, MANIFEST: manifest(payload)}
    return {**payload, **tagged, TAG_MANIFEST: manifest(tagged)}


def seal_bag(files: Files, predicate: Predicate, engine: Signer) -> dict[str, bytes]:
    """The files of `bag_files` with the signed statement."""
    payload = encode(_statement(files, predicate))
    line = SignatureLine(
        keyid=engine.keyid, payloadType="application/vnd.in-toto+json", sig=format_base64(engine.sign(pae(payload)))
    )
    return {**files, STATEMENT: payload, SIGNATURE: encode(line)}


def _statement(files: Files, predicate: Predicate) -> Statement:
    listed = tuple(
        Listed(digest=Sha256(sha256=sha256(files[path]).hexdigest()), name=path)
        for path in sorted(files)
        if path not in UNLISTED
    )
    return Statement(
        predicate=predicate,
        predicate_type="urn:holdpoint:bundle:1",
        subject=listed,
        type_="https://in-toto.io/Statement/v1",
    )


def check_bag(files: Files) -> Statement:
    """That manifests and statement list exactly these files; returns the statement, whose signature is not yet checked.

    Raises `Malformed`: `bag-path`, `zip-limits`, `bag-missing`, `bag-manifest`, `statement-form`, `statement-mismatch`.
    """
    for path in files:
        check_path(path)
    check_limits(files)
    wanted = ("bagit.txt", "bag-info.txt", MANIFEST, TAG_MANIFEST, STATEMENT, SIGNATURE)
    missing = next((path for path in wanted if path not in files), None)
    if missing is not None:
        raise Malformed("bundle", missing, "bag-missing")
    payload = {path: content for path, content in files.items() if path.startswith(PAYLOAD)}
    made = {MANIFEST, TAG_MANIFEST, "bagit.txt", "bag-info.txt", *UNLISTED}
    tags = {path: files[path] for path in files if path not in payload and path not in made}
    _same(bag_files(payload, tags), files)
    try:
        statement = decode_canonical(files[STATEMENT], Statement, max_bytes=MAX_STATEMENT)
    except Malformed as err:
        raise Malformed("bundle", STATEMENT, "statement-form") from err
    if statement != _statement(files, statement.predicate):
        raise Malformed("bundle", STATEMENT, "statement-mismatch")
    signature_line(files)
    return statement


def _same(wanted: Mapping[str, bytes], files: Files) -> None:
    """What a bag's own files must be, given the others: there is one form of each."""
    for path in sorted(wanted):
        if files[path] != wanted[path]:
            raise Malformed("bundle", path, "bag-manifest")


def signature_line(files: Files) -> SignatureLine:
    """Who signed the statement, by key id. Raises `Malformed` `statement-form`."""
    try:
        line = decode_canonical(files[SIGNATURE], SignatureLine)
        parse_base64(line.sig)
    except Malformed as err:
        raise Malformed("bundle", SIGNATURE, "statement-form") from err
    return line


def check_statement(files: Files, key: KeyRecord) -> None:
    """That the engine's `key` signed the statement. Raises `Unverified` `statement-signature`."""
    line = signature_line(files)
    message = pae(files[STATEMENT])
    if line.keyid != key.keyid or not verify(load_public(key.spki, key.alg), key.alg, message, parse_base64(line.sig)):
        raise Unverified("bundle", SIGNATURE, "statement-signature")
