"""Withheld fields on the wire: RFC 9901's mechanism inside a body (formats.md §8).

A hidden member is the text base64url(JCS([salt, name, value])); its digest, base64url SHA-256 of that text, stands in the
body's sorted `_sd`. A hidden array element is [salt, value] and stands in place as {"...": digest}. Every `_sd` has a fixed
number of slots per event type, filled with decoys. Salts are 16 fresh bytes, arguments here; never derived, never reused.

A verifier that dropped what does not fit would let an edited disclosure pass as "not disclosed": everything here refuses.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ledger.canonical import MAX_DEPTH, dumps, loads_canonical
from ledger.errors import Malformed, Unverified
from ledger.strict import format_base64url, parse_base64url

SALT_BYTES = 16
RESERVED = frozenset({"_sd", "...", "_sd_alg"})


@dataclass(frozen=True, slots=True)
class FieldDisclosure:
    """One disclosed field: the text as sent (hashed as it stands), `name` is `None` for an array element."""

    text: str
    digest: str
    name: str | None
    value: Any


def digest_of(text: str) -> str:
    """base64url SHA-256 of the disclosure's text (RFC 9901 §4.2.3); the text is never re-serialised."""
    return format_base64url(sha256(text.encode("ascii")).digest())


def _disclose(parts: list[Any], salt: bytes) -> str:
    if len(salt) != SALT_BYTES:
        raise Malformed("disclosure", "salt", "salt-length")
    return format_base64url(dumps([format_base64url(salt), *parts]))


def hide(name: str, value: Any, salt: bytes) -> FieldDisclosure:
    """Hide a member."""
    if name in RESERVED:
        raise Malformed("disclosure", "name", "reserved-name")
    text = _disclose([name, value], salt)
    return FieldDisclosure(text, digest_of(text), name, value)


def hide_element(value: Any, salt: bytes) -> FieldDisclosure:
    """Hide an array element."""
    text = _disclose([value], salt)
    return FieldDisclosure(text, digest_of(text), None, value)


def parse_disclosure(text: str) -> FieldDisclosure:
    """Read a disclosure's text: canonical, a salt, and one or two more members."""
    if not text.isascii():
        raise Malformed("disclosure", "text", "base64-form")
    parts = loads_canonical(parse_base64url(text))
    if not isinstance(parts, list) or len(parts) not in (2, 3):
        raise Malformed("disclosure", "$", "disclosure-arity")
    salt, *rest = parts
    if not isinstance(salt, str) or len(parse_base64url(salt)) != SALT_BYTES:
        raise Malformed("disclosure", "salt", "salt-length")
    if len(rest) == 1:
        return FieldDisclosure(text, digest_of(text), None, rest[0])
    name = rest[0]
    if not isinstance(name, str) or name in RESERVED:
        raise Malformed("disclosure", "name", "reserved-name")
    return FieldDisclosure(text, digest_of(text), name, rest[1])


def seal(
    body: Mapping[str, Any], withhold: AbstractSet[str], slots: int, salts: Iterator[bytes]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Hide members of `body` and fill `_sd` to `slots` with decoys. Returns the body and the disclosures' texts."""
    hidden = [hide(name, body[name], next(salts)) for name in sorted(withhold)]
    if len(hidden) > slots:
        raise Malformed("body", "_sd", "sd-slots")
    digests = [d.digest for d in hidden]
    while len(digests) < slots:
        digests.append(format_base64url(sha256(b"decoy" + next(salts)).digest()))
    shown = {k: v for k, v in body.items() if k not in withhold}
    shown["_sd"] = sorted(digests)
    return shown, tuple(d.text for d in hidden)


def open_(body: Mapping[str, Any], disclosures: Iterable[str]) -> dict[str, Any]:
    """The body with what was disclosed put back. Raises `Malformed` or `Unverified` (`disclosure-…`) on anything that
    does not fit: orphan, duplicate, wrong arity, a name already present, a child without its parent.
    """
    by_digest: dict[str, FieldDisclosure] = {}
    for text in disclosures:
        disclosure = parse_disclosure(text)
        if disclosure.digest in by_digest:
            raise Unverified("disclosure", "$", "disclosure-duplicate")
        by_digest[disclosure.digest] = disclosure
    opening = _Opening(by_digest)
    opened = opening.open_object(body, 0)
    if set(by_digest) - opening.used:
        raise Unverified("disclosure", "$", "disclosure-orphan")
    return opened


@dataclass(slots=True)
class _Opening:
    """One opening: which digests were met, and which disclosures found their place."""

    by_digest: Mapping[str, FieldDisclosure]
    seen: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def find(self, digest: Any) -> FieldDisclosure | None:
        """The disclosure of a digest, which may stand in one place only; `None` for a decoy or what stays withheld."""
        if not isinstance(digest, str):
            raise Malformed("body", "_sd", "schema")
        if digest in self.seen:
            raise Unverified("body", "_sd", "digest-duplicate")
        self.seen.add(digest)
        found = self.by_digest.get(digest)
        if found is not None:
            self.used.add(digest)
        return found

    def open_object(self, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """An object with its hidden members. Disclosures may hide disclosures: their depth is that of any document."""
        if depth >= MAX_DEPTH:
            raise Malformed("disclosure", "$", "too-deep")
        opened = {k: self.open_value(v, depth + 1) for k, v in value.items() if k != "_sd"}
        digests = value.get("_sd", ())
        if not isinstance(digests, Sequence) or isinstance(digests, str):
            raise Malformed("body", "_sd", "schema")
        for digest in digests:
            disclosure = self.find(digest)
            if disclosure is None:
                continue
            if disclosure.name is None:
                raise Unverified("disclosure", "$", "disclosure-arity")
            if disclosure.name in opened:
                raise Unverified("disclosure", disclosure.name, "disclosure-name-present")
            opened[disclosure.name] = self.open_value(disclosure.value, depth + 1)
        return opened

    def open_value(self, value: Any, depth: int) -> Any:
        """A member or an element."""
        if isinstance(value, Mapping):
            return self.open_object(value, depth)
        if isinstance(value, list | tuple):
            if depth >= MAX_DEPTH:
                raise Malformed("disclosure", "$", "too-deep")
            return [self.open_element(v, depth + 1) for v in value]
        return value

    def open_element(self, value: Any, depth: int) -> Any:
        """An array's element, which may itself be hidden; what stays withheld stays in place."""
        if not isinstance(value, Mapping) or "..." not in value:
            return self.open_value(value, depth)
        if len(value) != 1:
            raise Malformed("body", "...", "schema")
        disclosure = self.find(value["..."])
        if disclosure is None:
            return dict(value)
        if disclosure.name is not None:
            raise Unverified("disclosure", "$", "disclosure-arity")
        return self.open_value(disclosure.value, depth)
