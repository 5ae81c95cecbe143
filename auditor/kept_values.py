"""Values of `State` as MessagePack and back: what an audit keeps of itself (`auditor.working_file`).

Closed: structs, dataclasses and enumerations of our own rooms, by name, and plain containers. Whatever else a file says is
refused; nothing in it is run, imported or called (threats.md T63). Lists of two stand for what MessagePack has no type of.
"""

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from ledger.errors import Malformed

ROOMS: Final = ("auditor.", "ledger.", "policies.")


@lru_cache(maxsize=1)
def _classes() -> Mapping[str, type]:
    """The classes of our rooms that only hold values, by name. A copy: modules are loaded while it is made."""
    modules = [m for name, m in list(sys.modules.items()) if name.startswith(ROOMS) and m is not None]
    found = (
        c for m in modules for c in list(vars(m).values()) if isinstance(c, type) and c.__module__.startswith(ROOMS)
    )
    return {_name(c): c for c in found if issubclass(c, Struct | Enum) or is_dataclass(c)}


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _members(cls: type) -> tuple[str, ...]:
    """The names of what an instance is made from."""
    if issubclass(cls, Struct):
        return cls.__struct_fields__
    return tuple(f.name for f in fields(cls) if f.init)  # type: ignore[arg-type]  # `_classes` holds dataclasses


def encode(value: Any) -> bytes:
    """The bytes of a value. Raises `Malformed` `kept-form` for one of no known kind."""
    return msgspec.msgpack.encode(_plain(value))


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return [_name(type(value)), value.value]
        case None | bool() | int() | str() | bytes():
            return value
        case tuple():
            return ["tuple", [_plain(v) for v in value]]
        case list():
            return ["list", [_plain(v) for v in value]]
        case frozenset():
            return ["frozenset", [_plain(v) for v in sorted(value)]]
        case dict():
            return ["dict", [_plain(v) for pair in value.items() for v in pair]]
    if value is UNSET:
        return ["unset", None]
    cls = type(value)
    if isinstance(value, Struct) or is_dataclass(cls):
        return [_name(cls), [_plain(getattr(value, name)) for name in _members(cls)]]
    raise Malformed("kept", _name(cls), "kept-form")


def decode(raw: bytes) -> Any:
    """The value of `encode`'s bytes. Raises `Malformed` `kept-form`."""
    try:
        return _value(msgspec.msgpack.decode(raw))
    except (msgspec.DecodeError, TypeError, ValueError, KeyError, RecursionError) as err:
        raise Malformed("kept", type(err).__name__, "kept-form") from None


def _value(plain: Any) -> Any:
    if not isinstance(plain, list):
        return plain
    kind, inner = plain
    match kind:
        case "tuple":
            return tuple(_value(v) for v in inner)
        case "list":
            return [_value(v) for v in inner]
        case "frozenset":
            return frozenset(_value(v) for v in inner)
        case "dict":
            return {_value(k): _value(v) for k, v in zip(inner[::2], inner[1::2], strict=True)}
        case "unset":
            return UNSET
    cls = _classes()[kind]
    if issubclass(cls, Enum):
        return cls(inner)
    return cls(**{name: _value(v) for name, v in zip(_members(cls), inner, strict=True)})
