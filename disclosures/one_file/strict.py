"""What does not hold, and the strict readers: JSON, base64, hex."""

from __future__ import annotations

import base64
import json
import re

from disclosures.one_file.tables import HEX, UNDECIDED, Json


class Bad(Exception):  # a finding, not a failure of this program
    """What does not hold: a code of spec/bundle.md §7, words, and the entry's index where there is one."""

    def __init__(self, code: str, detail: str, index: int | None = None, verdict: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.index = code, detail, index
        self.verdict = verdict or ("ERROR" if code in UNDECIDED else "INVALID")


def need(holds: object, code: str, detail: str, index: int | None = None) -> None:
    """Raise `Bad` unless it holds."""
    if not holds:
        raise Bad(code, detail, index)


def canonical(value: Json) -> bytes:
    """RFC 8785 within the domain of these formats: ASCII names, integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def parse_json(raw: bytes, code: str) -> Json:
    """A JSON text that is its own canonical form."""

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        need(len(dict(found)) == len(found) and all(k.isascii() for k, _ in found), code, "a name twice, or not ASCII")
        return dict(found)

    def whole(text: str) -> int:
        need(len(text) < 18 and abs(int(text)) < 2**53, code, "a number is too large")
        return int(text)

    def no(_text: str) -> Json:
        raise Bad(code, "a number is not whole")

    depth = 0
    for mark in re.sub(rb'"(?:[^"\\]++|\\.)*+"', b"", raw, flags=re.DOTALL):
        depth += (mark in b"[{") - (mark in b"]}")
        need(depth <= 32, code, "nested too deep")
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=pairs, parse_int=whole, parse_float=no, parse_constant=no
        )
        need(canonical(value) == raw, code, "not in canonical form")
    except (ValueError, RecursionError):
        raise Bad(code, "not JSON") from None
    return value


def shaped(value: Json, code: str, required: str, optional: str = "") -> dict[str, Json]:
    """An object with exactly these members."""
    need(isinstance(value, dict), code, "not an object")
    names = set(value)
    holds = set(required.split()) <= names <= {*required.split(), *optional.split()}
    need(holds, code, "another member than the format's")
    return dict(value)


def fits(value: Json, shape: Json) -> bool:
    """Whether a value has a shape of `SHAPES`; a truth value is no number."""
    if isinstance(shape, tuple):
        return any(value is None if one is None else fits(value, one) for one in shape)
    if isinstance(shape, str):
        return isinstance(value, str) and re.fullmatch(shape, value) is not None
    if isinstance(shape, int):
        return type(value) is int and value >= shape
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(v, shape[0]) for v in value)
    if shape is dict or not isinstance(value, dict):
        return isinstance(value, dict)
    names = {k.rstrip("?"): k for k in shape}
    must = {k for k in shape if not k.endswith("?")}
    return must <= value.keys() <= names.keys() and all(fits(v, shape[names[k]]) for k, v in value.items())


def base64_of(text: Json, code: str) -> bytes:
    """Standard base64 with padding and canonical last bits."""
    need(isinstance(text, str), code, "not a text")
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Bad(code, "not base64") from None
    need(base64.b64encode(raw).decode() == text, code, "base64 with stray bits")
    return raw


def base64url_of(text: Json, code: str) -> bytes:
    """URL-safe base64 without padding."""
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, code, "not base64url")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(raw).decode().rstrip("=") == text, code, "base64url with stray bits")
    return raw


def unhex(text: Json, code: str) -> bytes:
    """32 bytes of lower-case hex."""
    need(isinstance(text, str) and HEX.fullmatch(text), code, "not 64 hex digits")
    return bytes.fromhex(text)
