"""Strict canonical JSON (formats.md §1): RFC 8785, read so that nothing is lost or bent on the way.

Two readers. `loads` takes any JSON text and refuses what its domain rules out; `loads_canonical` also demands that the
text is its own canonical form. `decode_canonical` is the hot path: a typed decode, a sorted re-encode, a comparison of
bytes. Whatever a parser drops (duplicate keys, floats, escapes, blanks, unknown or defaulted members) makes the bytes
differ; a walk over the raw text settles what comparison cannot see.
"""

import json
import re
from typing import Any, TypeVar

import msgspec
import rfc8785
from msgspec import inspect

from ledger.errors import Malformed

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_KEYS = 1024
MAX_STRING = 65_536
MAX_INT = 2**53 - 1
T = TypeVar("T")
_encoder = msgspec.json.Encoder(order="sorted")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)  # possessive: no memory per character
_DOMAIN_HINT = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]")


def _no(rule: str, place: str = "text") -> Malformed:
    return Malformed("json", place, rule)


def dumps(value: Any) -> bytes:
    """RFC 8785 bytes of a value of our domain (no floats). Raises `Malformed` for a value outside it.

    Within our domain, whose keys are ASCII and whose numbers are integers, a sorted encoding is that form (a test compares).
    """
    _walk(value, 0)
    return _encoder.encode(value)


def loads(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read JSON strictly. Raises `Malformed` with one reason code per defect (spec/canonical-json.md)."""
    if len(data) > max_bytes:
        raise _no("too-large")
    if data.startswith(b"\xef\xbb\xbf"):
        raise _no("bom")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _no("not-utf8") from None
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_int=_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except (json.JSONDecodeError, RecursionError):
        raise _no("not-json") from None
    _walk(value, 0)
    return value


def loads_canonical(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read JSON that is its own RFC 8785 form."""
    value = loads(data, max_bytes=max_bytes)
    if rfc8785.dumps(value) != data:
        raise _no("not-canonical")
    return value


def decode_canonical(data: bytes, kind: type[T], *, max_bytes: int = MAX_BYTES) -> T:
    """Decode canonical JSON into a closed msgspec type. Raises `Malformed`; `schema` names the place, never the value."""
    if len(data) > max_bytes:
        raise _no("too-large")
    try:
        value: T = _decoder(kind).decode(data)
    except msgspec.ValidationError as err:
        loads_canonical(data, max_bytes=max_bytes)  # a defect of the text is named before one of the schema
        raise Malformed("schema", place_of(err), "schema") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loads(data, max_bytes=max_bytes)
        raise _no("not-json") from None
    if _encoder.encode(value) != data:
        loads_canonical(data, max_bytes=max_bytes)
        raise _no("not-canonical")
    if (
        kind in _open_kinds or _DOMAIN_HINT.search(data) is not None or len(data) > MAX_STRING
    ):  # a closed type bounds depth and keys by itself
        loads(data, max_bytes=max_bytes)
    return value


def encode(value: Any) -> bytes:
    """Canonical bytes of a closed msgspec value whose members are all of our domain."""
    return _encoder.encode(value)


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_open_kinds: set[Any] = set()
"""Types with a member of any shape, or within themselves: only a walk sees floats, huge integers, foreign keys and depth."""


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    found = _decoders.get(kind)
    if found is None:
        if _is_open(inspect.type_info(kind), set()):
            _open_kinds.add(kind)
        found = _decoders[kind] = msgspec.json.Decoder(kind, strict=True)
    return found


def _is_open(info: Any, seen: set[Any]) -> bool:
    """Whether a msgspec type lets some member be anything."""
    if isinstance(info, inspect.AnyType | inspect.DictType | inspect.FloatType):
        return True
    if isinstance(info, inspect.IntType):
        return None in {info.ge, info.le}  # an integer without bounds may lie outside our domain
    if isinstance(info, inspect.StructType):
        return info.cls in seen or any(_is_open(f.type, seen | {info.cls}) for f in info.fields)
    if isinstance(info, inspect.UnionType):
        return any(_is_open(t, seen) for t in info.types)
    if isinstance(info, inspect.VarTupleType | inspect.ListType):
        return _is_open(info.item_type, seen)
    return isinstance(info, inspect.TupleType) and any(_is_open(t, seen) for t in info.item_types)


def place_of(err: msgspec.ValidationError) -> str:
    """The path in msgspec's message; the rest of the message may quote the input and is dropped."""
    found = re.search(r"at `(\$[^`]{0,200})`", str(err))
    return found.group(1) if found else "$"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise _no("too-many-keys")
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _no("duplicate-key")
    return result


def _integer(text: str) -> int:
    if _INTEGER.fullmatch(text) is None or text == "-0":
        raise _no("number-domain")
    value = int(text)
    if abs(value) > MAX_INT:
        raise _no("number-domain")
    return value


def _refuse_number(_text: str) -> Any:
    raise _no("number-domain")


def _check_depth(text: str) -> None:
    """Count brackets outside strings before anything recurses (T04)."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _BRACKETS.finditer(text):
        mark = token.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _no("too-deep")
        elif mark in "]}":
            depth -= 1


def _walk(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value)
    elif kind is dict:
        if depth >= MAX_DEPTH:
            raise _no("too-deep")
        if len(value) > MAX_KEYS:
            raise _no("too-many-keys")
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise _no("key-not-ascii")
            _check_text(key)
            _walk(item, depth + 1)
    elif kind is list or kind is tuple:
        if depth >= MAX_DEPTH:
            raise _no("too-deep")
        for item in value:
            _walk(item, depth + 1)
    elif kind is int:
        if abs(value) > MAX_INT:
            raise _no("number-domain")
    elif kind is not bool and value is not None:
        raise _no("number-domain")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _no("text-domain")
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise _no("text-domain") from None
    if size > MAX_STRING:
        raise _no("string-too-long")
