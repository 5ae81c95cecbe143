"""Withheld fields on the wire: RFC 9901's mechanism inside a body (formats.md §8).

A hidden member is the text base64url(JCS([salt, name, value])); its digest, base64url SHA-256 of that text, stands in the
sorted `_sd` of its object. A hidden array element is [salt, value] and stands in place as {"...": digest}. What is hidden may
hide in turn. Salts are 16 fresh bytes, arguments here; never derived, never reused. Sealing is `ledger/sealing.py`.

A verifier that dropped what does not fit would let an edited disclosure pass as "not disclosed": everything here refuses.
"""

from collections.abc import Iterable, Mapping, Sequence
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


def decoy(salt: bytes) -> str:
    """A digest of nothing, which nobody can tell from another's (RFC 9901 §4.2.5)."""
    if len(salt) != SALT_BYTES:
        raise Malformed("disclosure", "salt", "salt-length")
    return format_base64url(sha256(b"decoy" + salt).digest())


@dataclass(frozen=True, slots=True)
class Placed:
    """A field disclosure and where it belongs: names of members and numbers of elements, from the body down."""

    path: tuple[str | int, ...]
    disclosure: FieldDisclosure

    @property
    def member(self) -> str:
        """The member of the body that it is, or is a part of."""
        return str(self.path[0])


@dataclass(frozen=True, slots=True)
class Opened:
    """A body with what was disclosed put back, and each field disclosure with its place, parents before children.

    An element that stays withheld, or is a decoy, stays where it stands: RFC 9901 §7.1 would take it out, and with it the place
    of all behind it. `hidden` counts the digests that nothing opened, decoys among them.
    """

    body: dict[str, Any]
    placed: tuple[Placed, ...]
    hidden: int


def open_body(body: Mapping[str, Any], disclosures: Iterable[str]) -> Opened:
    """Put back what is disclosed, refusing all that RFC 9901 §7.1 rejects (spec/withheld.md §5).

    Raises `Malformed` (a text or digest that is not of its form) or `Unverified`: `disclosure-orphan` where nothing references
    it (edited, of another body, or a child without its parent), `disclosure-duplicate`, `disclosure-arity`,
    `disclosure-name-present`, `digest-duplicate`.
    """
    by_digest: dict[str, FieldDisclosure] = {}
    for text in disclosures:
        disclosure = parse_disclosure(text)
        if disclosure.digest in by_digest:
            raise Unverified("disclosure", "$", "disclosure-duplicate")
        by_digest[disclosure.digest] = disclosure
    opening = _Opening(by_digest)
    opened = opening.open_object(body, ())
    if len(opening.placed) != len(by_digest):
        raise Unverified("disclosure", "$", "disclosure-orphan")
    return Opened(opened, tuple(opening.placed), len(opening.seen) - len(by_digest))


def place_held(body: Mapping[str, Any], held: Iterable[str]) -> tuple[Placed, ...]:
    """For who holds field disclosures, never for who is handed some: those of `held` that have a place, parents before children.

    What was hidden inside a field that has since been erased has none, and is left out: nothing could be shown by it.
    """
    opening = _Opening({d.digest: d for d in map(parse_disclosure, held)})
    opening.open_object(body, ())
    return tuple(opening.placed)


@dataclass(slots=True)
class _Opening:
    """One opening: which digests were met, and which disclosures found their place."""

    by_digest: Mapping[str, FieldDisclosure]
    seen: set[str] = field(default_factory=set)
    placed: list[Placed] = field(default_factory=list)

    def find(self, digest: Any) -> FieldDisclosure | None:
        """The disclosure of a digest, which may stand in one place only; `None` for a decoy or what stays withheld."""
        if not isinstance(digest, str):
            raise Malformed("body", "_sd", "schema")
        if digest in self.seen:
            raise Unverified("body", "_sd", "digest-duplicate")
        self.seen.add(digest)
        return self.by_digest.get(digest)

    def open_object(self, value: Mapping[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        """An object with its hidden members. Disclosures may hide disclosures: their depth is that of any document."""
        if len(path) >= MAX_DEPTH:
            raise Malformed("disclosure", "$", "too-deep")
        if "..." in value or "_sd_alg" in value:
            raise Malformed("body", "$", "reserved-name")
        opened = {k: self.open_value(v, (*path, k)) for k, v in value.items() if k != "_sd"}
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
            place = (*path, disclosure.name)
            self.placed.append(Placed(place, disclosure))
            opened[disclosure.name] = self.open_value(disclosure.value, place)
        return opened

    def open_value(self, value: Any, path: tuple[str | int, ...]) -> Any:
        """A member or an element."""
        if isinstance(value, Mapping):
            return self.open_object(value, path)
        if isinstance(value, list | tuple):
            if len(path) >= MAX_DEPTH:
                raise Malformed("disclosure", "$", "too-deep")
            return [self.open_element(v, (*path, n)) for n, v in enumerate(value)]
        return value

    def open_element(self, value: Any, path: tuple[str | int, ...]) -> Any:
        """An array's element, which may itself be hidden; what stays withheld stays in place."""
        if not isinstance(value, Mapping) or "..." not in value:
            return self.open_value(value, path)
        if len(value) != 1:
            raise Malformed("body", "...", "schema")
        disclosure = self.find(value["..."])
        if disclosure is None:
            return dict(value)
        if disclosure.name is not None:
            raise Unverified("disclosure", "$", "disclosure-arity")
        self.placed.append(Placed(path, disclosure))
        return self.open_value(disclosure.value, path)
