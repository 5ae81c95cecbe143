"""Field disclosures against RFC 9901 §7's rejections, claims that nothing carries, and profiles that let nobody see."""

from typing import Any

from ledger.canonical import dumps
from ledger.strict import format_base64url
from ledger.withheld import hide
from tests.corpus.case import Bytes, Case, bent, forger, format_zip
from tests.disclosures.bent import drop, edit
from tests.disclosures.forger import everything, honest

INDEX = 42
"""The subject's first entry, whose `subject` is disclosed."""
PATH = f"data/disclosures/{INDEX}.jsonl"
TEXT = honest().disclosures[INDEX][0]
SALT = format_base64url(bytes(range(16)))
NAME = {"name": "Fictional-1", "weights": "sha256:" + "cd" * 32}


def lines(*texts: bytes) -> Bytes:
    """These disclosures instead, in order."""
    return bent(lambda f: f.update({PATH: b"".join(t + b"\n" for t in sorted(texts))}))


def raw(content: bytes) -> Bytes:
    """The file of disclosures as these bytes."""
    return bent(lambda f: f.update({PATH: content}))


def made(value: Any) -> bytes:
    """A disclosure of any JSON."""
    return format_base64url(dumps(value)).encode()


def other(name: str, value: Any) -> bytes:
    """A well-formed disclosure under a salt of its own."""
    return hide(name, value, bytes([9] * 16)).text.encode()


def claimed(*claims: dict[str, Any], **profile: Any) -> Bytes:
    """An honest bundle with these claims."""

    def make() -> bytes:
        bundle = forger(claims=claims)
        bundle.profile = {**everything(), **profile}
        return format_zip(bundle.files())

    return make


def allowing(kind: str, **shows: Any) -> Bytes:
    """A profile that shows of one type only this, and of the others everything."""

    def make() -> bytes:
        bundle = forger()
        rest = [s for s in everything()["shows"] if s["type"] != kind]
        bundle.profile = {**everything(), "shows": [*rest, {"type": kind, **shows}] if shows else rest}
        return format_zip(bundle.files())

    return make


def profiled(**change: Any) -> Bytes:
    """A profile that is none, in an otherwise honest bundle."""

    def make() -> bytes:
        bundle = forger()
        bundle.profile = {**everything(), **change}
        return format_zip(bundle.files())

    return make


mine = TEXT.encode()
CASES = [
    Case("disclosure-edited", lines(other("subject", {**NAME, "name": "Harmless-1"})), "disclosure-orphan"),
    Case("disclosure-under-another-salt", lines(other("subject", NAME)), "disclosure-orphan"),
    Case("disclosure-that-nothing-references", lines(mine, other("reason", "made up")), "disclosure-orphan"),
    Case("disclosure-twice", raw(mine + b"\n" + mine + b"\n"), "disclosure-form"),
    Case("disclosure-of-an-entry-that-has-none", bent(lambda f: f.update({"data/disclosures/3.jsonl": f[PATH]})), "disclosure-orphan"),
    Case("disclosure-of-an-entry-not-shown", bent(lambda f: f.update({"data/disclosures/999.jsonl": f[PATH]})), "bag-extra"),
    Case("disclosure-file-empty", raw(b""), "disclosure-form"),
    Case("disclosure-line-empty", raw(b"\n"), "disclosure-form"),
    Case("disclosure-without-last-newline", raw(mine), "disclosure-form"),
    Case("disclosure-with-carriage-return", raw(mine + b"\r\n"), "disclosure-form"),
    Case("disclosure-padded", raw(mine + b"=\n"), "disclosure-form"),
    Case("disclosure-in-the-other-base64", raw(mine.replace(b"_", b"/").replace(b"-", b"+") + b"/\n"), "disclosure-form"),
    Case("disclosure-not-ascii", raw("é\n".encode()), "disclosure-form"),
    Case("disclosure-no-json", lines(format_base64url(b"not json").encode()), "disclosure-form"),
    Case("disclosure-with-spaces", lines(format_base64url(b'["' + SALT.encode() + b'", "subject", {}]').encode()), "disclosure-form"),
    Case("disclosure-of-one", lines(made([SALT])), "disclosure-arity"),
    Case("disclosure-of-four", lines(made([SALT, "subject", NAME, 1])), "disclosure-arity"),
    Case("disclosure-of-an-object", lines(made({"salt": SALT})), "disclosure-arity"),
    Case("disclosure-salt-too-short", lines(made(["AAAA", "subject", NAME])), "disclosure-salt"),
    Case("disclosure-salt-a-number", lines(made([1, "subject", NAME])), "disclosure-salt"),
    Case("disclosure-name-a-number", lines(made([SALT, 1, NAME])), "disclosure-name"),
    Case("disclosure-of-a-reserved-name", lines(made([SALT, "_sd", []])), "disclosure-name"),
    Case("disclosure-of-the-dots", lines(made([SALT, "...", "x"])), "disclosure-name"),
    Case("disclosure-of-an-element-where-a-member-is", lines(made([SALT, NAME])), "disclosure-orphan"),
    Case("disclosure-out-of-order", raw(b"".join(t + b"\n" for t in sorted([mine, other("reason", "x")], reverse=True))), "disclosure-form"),
    Case("claim-of-a-decision-that-is-none", claimed({"kind": "decision", "index": 5}), "claims-short", "INCOMPLETE"),
    Case("claim-of-a-decision-beyond-the-log", claimed({"kind": "decision", "index": 10**6}), "claims-short", "INCOMPLETE"),
    Case("claim-of-no-kind", claimed({}), "claims-not-allowed"),
    Case("claim-of-a-kind-that-is-none", claimed({"kind": "harmless"}), "claims-not-allowed"),
    Case("claim-that-the-profile-does-not-list", claimed({"kind": "status", "actions": {}}, claims=["decision"]), "claims-not-allowed"),
    Case("claims-no-list", bent(edit("data/claims.json", lambda v: v.update(claims={}))), "claims-form"),
    Case("profile-does-not-show-the-type", allowing("model.registered"), "profile-exceeded"),
    Case("profile-does-not-disclose-the-field", allowing("model.registered", fields=["*"]), "profile-exceeded"),
    Case("profile-does-not-show-an-open-field", allowing("model.compute-reached", fields=["of"]), "profile-exceeded"),
    Case("profile-does-not-show-the-pack", allowing("framework.published"), "profile-exceeded"),
    Case("profile-of-a-later-schema", profiled(schema="holdpoint.profile/2"), "profile-form"),
    Case("profile-with-an-unknown-member", profiled(note=""), "profile-form"),
    Case("profile-of-an-unknown-type", profiled(shows=[{"type": "model.destroyed", "fields": ["*"]}]), "profile-form"),
    Case("profile-without-a-class-for-the-rest", profiled(withholds=[]), "profile-form"),
    Case("pack-left-out", bent(lambda f: [f.pop(p) for p in list(f) if "frameworks" in p]), "framework-mismatch"),
    Case("pack-that-nobody-published", bent(lambda f: f.update({"data/frameworks/" + "ab" * 32 + ".json": b"{}"})), "framework-mismatch"),
    Case("pack-altered", bent(lambda f: [f.update({p: f[p].replace(b"anthropic", b"anthropiq", 1)}) for p in list(f) if "frameworks" in p]), "framework-mismatch"),
    Case("keys-of-a-thief", bent(lambda f: f.update({"data/keys": f["data/keys"][:-9] + b"AAAAAAAA\n"})), "keys-mismatch"),
    Case("keys-empty", bent(lambda f: f.update({"data/keys": b""})), "keys-mismatch"),
    Case("keys-left-out", bent(drop("data/keys")), "bag-missing"),
    Case("request-left-out", bent(drop("data/request.json")), "bag-missing"),
    Case("completeness-left-out", bent(drop("data/completeness.json")), "bag-missing"),
    Case("redactions-left-out", bent(drop("data/redactions.json")), "bag-missing"),
    Case("claims-left-out", bent(drop("data/claims.json")), "bag-missing"),
    Case("consistency-left-out", bent(drop("data/consistency.json")), "bag-missing"),
    Case("checkpoint-left-out", bent(drop("data/checkpoint")), "bag-missing"),
    Case("no-trust-file", lambda: format_zip(forger().files()), "no-pin", "UNANCHORED", pin=0),
    Case("trust-file-of-a-size-that-nothing-links", lambda: format_zip(forger().files()), "pin-not-linked", "UNANCHORED", pin=7),
    Case("trust-file-of-a-larger-log", lambda: format_zip(forger().files()), "pin-not-linked", "UNANCHORED", pin=60),
]  # fmt: skip
