"""The canonical record of an evaluation log, and the lax-free reading that all importers share (domain.md §3).

A fact that the log does not carry stays absent; nothing is guessed. Numbers keep the digits of the log, as decimal strings.
"""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from ledger.errors import Malformed
from ledger.events.evaluation import Dataset, Metric, Revision
from ledger.fields import Closed
from ledger.strict import parse_decimal

MAX_LOG = 512 * 1024 * 1024
_FLOAT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?")


class Record(Closed, frozen=True):
    """One task of one log. Field names are those of `evaluation.recorded`, with `metrics` for its `scores`."""

    dataset: Dataset
    edits_detected: tuple[str, ...]
    log_bytes: int
    log_format: str
    log_sha256: str
    metrics: tuple[Metric, ...]
    model_as_named: str
    run: str
    status: str
    task: str
    task_version: str
    tool: str
    tool_version: str
    warnings: tuple[str, ...]
    completed_at: str | None = None
    eval_id: str | None = None
    revision: Revision | None = None
    run_id: str | None = None
    started_at: str | None = None
    task_hash: str | None = None
    task_id: str | None = None


class Number(str):
    """A JSON number with a fraction or exponent, as written."""

    __slots__ = ()


class NotANumber:
    """NaN or an infinity in a log: kept out of the record, with a warning."""


def read_json(data: bytes, place: str) -> Any:
    """Read a tool's JSON: duplicate keys refused, floats kept as written, NaN marked. Raises `Malformed`."""
    if len(data) > MAX_LOG:
        raise Malformed("log", place, "too-large")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_pairs,
            parse_float=Number,
            parse_constant=lambda _name: NotANumber(),
        )
    except (ValueError, RecursionError) as err:
        if isinstance(err, Malformed):
            raise
        raise Malformed("log", place, "not-json") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("log", "object", "duplicate-key")
    return result


def decimal_of(value: Any) -> str | None:
    """A number of the log as a canonical decimal string, or `None` for what is no finite number of our grammar."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        text = str(value)
    elif isinstance(value, Number):
        found = _FLOAT.fullmatch(value)
        if found is None:
            return None
        sign, whole, fraction, exponent = found.groups()
        text = _plain(sign, whole, fraction or "", int(exponent or "0"))
    else:
        return None
    try:
        return parse_decimal(text)
    except Malformed:
        return None


def _plain(sign: str, whole: str, fraction: str, exponent: int) -> str:
    digits = whole + fraction
    point = len(whole) + exponent
    if point <= 0:
        digits, point = "0" * (1 - point) + digits, 1
    if point > len(digits):
        digits += "0" * (point - len(digits))
    head, tail = digits[:point].lstrip("0") or "0", digits[point:]
    text = head + (f".{tail}" if tail else "")
    return text if not sign or not text.strip("0.") else sign + text


def time_of(value: Any) -> str | None:
    """A time of the log (RFC 3339 with zone, or seconds since 1970) as a canonical time; `None` if it is neither."""
    try:
        if isinstance(value, str) and not isinstance(value, Number):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                return None
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        text = decimal_of(value)
        if text is None:
            return None
        seconds, _, fraction = text.partition(".")
        whole = datetime.fromtimestamp(int(seconds), UTC)
        return whole.strftime("%Y-%m-%dT%H:%M:%S.") + (fraction + "000000")[:6] + "Z"
    except (ValueError, OverflowError, OSError):
        return None


def digest_of(data: bytes) -> str:
    """`sha256:` of the whole log file."""
    return "sha256:" + sha256(data).hexdigest()


def text_of(value: Any, limit: int = 400) -> str | None:
    """A name of the log as text; a name is a claim. Controls are dropped, length is capped."""
    if value is None or isinstance(value, dict | list | bool | NotANumber):
        return None
    text = "".join(c for c in str(value) if c.isprintable())[:limit]
    return text or None


def count_of(value: Any) -> int | None:
    """A count of the log."""
    return value if type(value) is int and 0 <= value < 2**53 else None
