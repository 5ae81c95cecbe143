"""Framework packs (domain.md §4): one version of an issuer's document or a law, as strict data.

TOML is for authors; what is published and digested is the JSON object of the same content (`pack_object`, RFC 8785). The
loader is strict: unknown, missing, duplicate or contradictory is an error that names the line. No floats: numbers are
decimal strings. Texts are our paraphrase, and each clause carries its reference. Normative text: spec/framework-pack.md.
"""

import re
import tomllib
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from ledger.canonical import dumps
from ledger.errors import Malformed
from policies.pack import Pack
from policies.pack_fault import bad
from policies.pack_gate import Gate, When
from policies.pack_lines import line_of
from policies.pack_parts import Safeguard, SafeguardSet, Threshold
from policies.pack_rules import check_pack

__all__ = [
    "Gate",
    "Pack",
    "Safeguard",
    "SafeguardSet",
    "Threshold",
    "When",
    "load_toml",
    "pack_digest",
    "pack_object",
    "parse_pack",
]


def load_toml(text: str, name: str) -> Pack:
    """Read an author's TOML. Raises `Malformed`; its place is `name:line` where the line can be told."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise bad(f"{name}: {err}", "pack-toml") from None
    except RecursionError:
        raise bad(f"{name}: nested too deeply", "pack-toml") from None
    try:
        return parse_pack(values)
    except Malformed as err:
        raise bad(f"{name}:{line_of(text, err.place)} {err.place}", err.rule) from None


def pack_object(pack: Pack) -> dict[str, Any]:
    """The JSON object that is published and digested."""
    value: dict[str, Any] = msgspec.to_builtins(pack)
    return value


def pack_digest(value: Pack | dict[str, Any]) -> str:
    """`sha256:` over the RFC 8785 bytes of the pack's object."""
    return "sha256:" + sha256(dumps(pack_object(value) if isinstance(value, Pack) else value)).hexdigest()


def parse_pack(value: Any) -> Pack:
    """Read a pack's object strictly, and check that everything it names exists, once. Raises `Malformed`."""
    try:
        pack = msgspec.convert(value, Pack, strict=True)
    except msgspec.ValidationError as err:
        raise bad(*_schema_fault(str(err))) from None
    check_pack(pack)
    _check_text(value, "$")
    if dumps(pack_object(pack)) != dumps(value):
        raise bad("$", "pack-not-canonical")
    return pack


def _check_text(value: Any, place: str) -> None:
    """Texts are of our domain (formats.md §1): else name the member. Raises `Malformed`."""
    members: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        members = ((f".{name}", member) for name, member in value.items())
    elif isinstance(value, list | tuple):
        members = ((f"[{n}]", member) for n, member in enumerate(value))
    elif isinstance(value, str):
        try:
            dumps(value)
        except Malformed as err:
            raise bad(place, err.rule) from None
    for step, member in members:
        _check_text(member, place + step)


_FAULT = re.compile(r"Object (missing required|contains unknown) field `([A-Za-z0-9_]{1,60})`")
_PATH = re.compile(r" - at `(\$[A-Za-z0-9_.\[\]]{0,200})`\Z")


def _schema_fault(message: str) -> tuple[str, str]:
    """Place and rule of a schema reader's message; never the values of the input."""
    path, fault = _PATH.search(message), _FAULT.match(message)
    place = "$" if path is None else path.group(1)
    if fault is None:
        return place, "pack-schema"
    return f"{place}.{fault.group(2)}", "pack-missing-key" if "missing" in fault.group(1) else "pack-unknown-key"
