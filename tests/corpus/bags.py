"""Bags whose manifests and statement do not list exactly what is there, and statements that say something else."""

import json
from collections.abc import Callable
from typing import Any

from ledger.canonical import dumps
from ledger.strict import format_base64
from tests.corpus.case import Bytes, Case, Files, forger, format_zip, put, replaced, unsealed
from tests.disclosures.bent import drop

MANIFEST, TAGS, STATEMENT, SIGNATURE = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bundle.json", "bundle.sig"


def said(change: Callable[[Any], object]) -> Callable[[Files], None]:
    """The statement changed, in canonical form."""

    def bend(files: Files) -> None:
        value = json.loads(files[STATEMENT])
        change(value)
        files[STATEMENT] = dumps(value)

    return bend


def line(**change: Any) -> Callable[[Files], None]:
    """The signature line changed."""
    return lambda files: files.update({SIGNATURE: dumps({**json.loads(files[SIGNATURE]), **change})})


def flip(path: str, at: int) -> Callable[[Files], None]:
    """One bit of a file."""

    def bend(files: Files) -> None:
        raw = bytearray(files[path])
        raw[at] ^= 1
        files[path] = bytes(raw)

    return bend


def sealed_by(engine: str, **predicate: Any) -> Bytes:
    """Sealed by another key of the lab, or with another predicate."""

    def make() -> bytes:
        made = forger()
        return format_zip(made.seal(made.payload(), engine, **predicate))

    return make


def tagged(**tags: bytes) -> Bytes:
    """With tag files that no bundle has, in the manifests and in the statement."""
    return lambda: format_zip(forger(tags={name.replace("_", "."): content for name, content in tags.items()}).files())


CASES = [
    Case("bag-without-declaration", unsealed(drop("bagit.txt")), "bag-missing"),
    Case("bag-without-info", unsealed(drop("bag-info.txt")), "bag-missing"),
    Case("bag-without-manifest", unsealed(drop(MANIFEST)), "bag-missing"),
    Case("bag-without-tag-manifest", unsealed(drop(TAGS)), "bag-missing"),
    Case("bag-without-statement", unsealed(drop(STATEMENT)), "bag-missing"),
    Case("bag-without-signature", unsealed(drop(SIGNATURE)), "bag-missing"),
    Case("bag-of-another-version", unsealed(put("bagit.txt", b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n")), "bag-manifest"),
    Case("bag-declaration-with-bom", unsealed(replaced("bagit.txt", b"BagIt", b"\xef\xbb\xbfBagIt")), "bag-manifest"),
    Case("bag-with-a-date", unsealed(replaced("bag-info.txt", b"Payload", b"Bagging-Date: 2026-04-07\nPayload")), "bag-manifest"),
    Case("bag-oxum-wrong", unsealed(replaced("bag-info.txt", b"Oxum: ", b"Oxum: 1")), "bag-manifest"),
    Case("manifest-digest-altered", unsealed(flip(MANIFEST, 3)), "bag-manifest"),
    Case("manifest-names-what-is-not-there", unsealed(put(MANIFEST, b"0" * 64 + b"  data/nothing\n")), "bag-manifest"),
    Case("manifest-leaves-a-file-out", unsealed(lambda f: f.update({MANIFEST: f[MANIFEST].split(b"\n", 1)[1]})), "bag-manifest"),
    Case("manifest-in-capitals", unsealed(lambda f: f.update({MANIFEST: f[MANIFEST].upper()})), "bag-manifest"),
    Case("manifest-with-carriage-returns", unsealed(lambda f: f.update({MANIFEST: f[MANIFEST].replace(b"\n", b"\r\n")})), "bag-manifest"),
    Case("manifest-without-last-newline", unsealed(lambda f: f.update({MANIFEST: f[MANIFEST][:-1]})), "bag-manifest"),
    Case("manifest-of-another-digest", unsealed(put("manifest-md5.txt", b"")), "bag-manifest"),
    Case("tag-manifest-altered", unsealed(flip(TAGS, 70)), "bag-manifest"),
    Case("file-that-no-manifest-names", unsealed(put("data/more.json", b"{}")), "bag-manifest"),
    Case("file-altered", unsealed(flip("data/claims.json", 9)), "bag-manifest"),
    Case("file-emptied", unsealed(put("data/events/3.json", b"")), "bag-manifest"),
    Case("file-left-out", unsealed(drop("data/events/3.json")), "bag-manifest"),
    Case("tag-file-of-no-bundle", tagged(notes_txt=b"read me"), "bag-extra"),
    Case("fetch-file", tagged(fetch_txt=b"https://example.invalid/ 1 data/x\n"), "bag-extra"),
    Case("statement-no-json", unsealed(put(STATEMENT, b"statement")), "statement-form"),
    Case("statement-empty", unsealed(put(STATEMENT, b"")), "statement-form"),
    Case("statement-null", unsealed(put(STATEMENT, b"null")), "statement-form"),
    Case("statement-with-spaces", unsealed(replaced(STATEMENT, b'":', b'": ')), "statement-form"),
    Case("statement-newline-at-the-end", unsealed(lambda f: f.update({STATEMENT: f[STATEMENT] + b"\n"})), "statement-form"),
    Case("statement-key-twice", unsealed(replaced(STATEMENT, b'{"_type"', b'{"_type":"","_type"')), "statement-form"),
    Case("statement-key-twice-escaped", unsealed(replaced(STATEMENT, b'{"_type"', b'{"\\u005ftype":"","_type"')), "statement-form"),
    Case("statement-unknown-member", unsealed(said(lambda v: v.update(note=""))), "statement-form"),
    Case("statement-size-as-float", unsealed(replaced(STATEMENT, b'"size":49', b'"size":49.0')), "statement-form"),
    Case("statement-size-as-text", unsealed(said(lambda v: v["predicate"]["checkpoint"].update(size="49"))), "statement-form"),
    Case("statement-of-older-in-toto", unsealed(said(lambda v: v.update(_type="https://in-toto.io/Statement/v0.1"))), "statement-form"),
    Case("statement-of-another-predicate", unsealed(said(lambda v: v.update(predicateType="urn:holdpoint:event:decision.made:1"))), "statement-form"),
    Case("statement-of-a-later-version", unsealed(said(lambda v: v.update(predicateType="urn:holdpoint:bundle:2"))), "format-unknown", "ERROR"),
    Case("statement-lists-nothing", unsealed(said(lambda v: v.update(subject=[]))), "statement-form"),
    Case("statement-leaves-a-file-out", unsealed(said(lambda v: v["subject"].pop())), "statement-mismatch"),
    Case("statement-lists-what-is-not-there", unsealed(said(lambda v: v["subject"].append(
        {"digest": {"sha256": "0" * 64}, "name": "zz"}))), "statement-mismatch"),
    Case("statement-lists-a-file-twice", unsealed(said(lambda v: v["subject"].append(v["subject"][-1]))), "statement-mismatch"),
    Case("statement-out-of-order", unsealed(said(lambda v: v["subject"].reverse())), "statement-mismatch"),
    Case("statement-digest-altered", unsealed(said(lambda v: v["subject"][0]["digest"].update(sha256="0" * 64))), "statement-mismatch"),
    Case("statement-another-digest-beside", unsealed(said(lambda v: v["subject"][0]["digest"].update(sha512="0" * 128))), "statement-form"),
    Case("statement-of-another-recipient", unsealed(said(lambda v: v["predicate"].update(recipient="somebody"))), "statement-signature"),
    Case("statement-signed-for-another-recipient", sealed_by("engine", recipient="somebody"), "statement-mismatch"),
    Case("statement-signed-for-another-ledger", sealed_by("engine", ledger="dev/other"), "statement-mismatch"),
    Case("statement-signed-for-one-founded-anew", sealed_by("engine", founding="ab" * 32), "statement-mismatch"),
    Case("statement-signed-for-another-profile", sealed_by("engine", profile="another"), "statement-mismatch"),
    Case("statement-signed-by-a-person", sealed_by("assessor"), "statement-key"),
    Case("statement-signed-by-a-root-key", sealed_by("root-1"), "statement-key"),
    Case("signature-of-zeros", unsealed(line(sig=format_base64(bytes(64)))), "statement-signature"),
    Case("signature-cut", unsealed(line(sig=format_base64(bytes(63)))), "statement-signature"),
    Case("signature-empty", unsealed(line(sig="")), "statement-form"),
    Case("signature-not-base64", unsealed(line(sig="!!!!")), "statement-form"),
    Case("signature-of-an-unknown-key", unsealed(line(keyid="ab" * 32)), "statement-key"),
    Case("signature-key-as-path", unsealed(line(keyid="../../keys/engine")), "statement-form"),
    Case("signature-of-another-payload-type", unsealed(line(payloadType="application/vnd.holdpoint.claims+json")), "statement-form"),
    Case("signature-with-its-own-key", unsealed(line(jwk={"kty": "OKP"})), "statement-form"),
    Case("signature-file-of-a-list", unsealed(lambda f: f.update({SIGNATURE: b"[" + f[SIGNATURE] + b"]"})), "statement-form"),
    Case("report-that-says-something-else", lambda: format_zip(_reported()), "report-differs", alone="VALID_UNWITNESSED"),
]  # fmt: skip


def _reported() -> Files:
    made = forger()
    payload = made.payload()
    honest = dict(made.seal(payload))["data/report.html"]
    return made.seal({**payload, "data/report.html": honest.replace(b"</body>", b"<p>All is well.</p></body>")})
