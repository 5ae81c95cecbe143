"""What the client reads of a server's replies: JSON, receipts, the next page, and problems as the errors that they were there."""

import functools
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

import msgspec

from api.book import RefusedError
from api.transport import RETRY_SAFE, Reply
from ledger.errors import Fault, Malformed
from ledger.reasons import Reason, Refused

REASONS = frozenset(r.value for r in Reason)
PROBLEM = frozenset({"type", "title", "status", "detail", "instance", "reason", "place", "retryable"})


class Received(msgspec.Struct, frozen=True):
    """What is read of an answer that carries a receipt."""

    index: int
    entry: msgspec.Raw
    receipt: str
    derived: list[dict[str, Any]] = msgspec.field(default_factory=list)


_receipts = msgspec.json.Decoder(Received)


def json_of(reply: Reply) -> Any:
    """The body's JSON value. Raises `Malformed`."""
    try:
        return msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        raise Malformed("answer", "body", "not-json") from None


P = ParamSpec("P")
T = TypeVar("T")


def reading(method: Callable[P, T]) -> Callable[P, T]:
    """An answer that has not the members that it should have is `Malformed`, whoever made it so."""

    @functools.wraps(method)
    def checked(*given: P.args, **named: P.kwargs) -> T:
        try:
            return method(*given, **named)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as err:
            raise Malformed("answer", method.__name__, "schema") from err

    return checked


_NEXT = re.compile(r"[?&]after=([0-9]{1,16})(&[^>]*)?>; rel=\"next\"")


def following(reply: Reply, after: int) -> int | None:
    """The index that the next page begins after; `None` at the end. A server that goes back is not followed."""
    named = _NEXT.search(reply.headers.get("link", ""))
    index = None if named is None else int(named.group(1))
    return index if index is not None and index > after else None


def model_path(stream: str) -> str:
    """The path of a model by its stream."""
    return f"/v1/models/{quote(stream.removeprefix('model/'), safe='/')}"


def received(reply: Reply) -> Received:
    """The entry and receipt of an answer. Raises `Malformed`."""
    try:
        return _receipts.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        raise Malformed("answer", "receipt", "schema") from None


def fault_of(reply: Reply) -> Fault:
    """A problem+json as the error it was there. Raises `RefusedError` for a refusal, `Malformed` for a format."""
    try:
        said = json_of(reply)
    except Malformed:
        said = {}
    said = said if isinstance(said, dict) else {}
    code, detail = str(said.get("reason", f"http-{reply.status}")), str(said.get("detail", "no detail"))
    if code in REASONS:
        facts = tuple((str(k), str(v)) for k, v in said.items() if k not in PROBLEM)
        raise RefusedError(Refused(Reason(code), detail, facts))
    if reply.status == 400 and code not in ("token-in-url", "query"):
        raise Malformed("submission", str(said.get("place", "")) or "body", code)
    if reply.status in (401, 403):
        return Fault(code, "failed", detail, "put a token that lives into a file, and name it: HOLDPOINT_TOKEN_FILE")
    unknown = reply.status >= 500 or reply.status == 408
    return Fault(code, "unknown" if unknown else "failed", detail, RETRY_SAFE if unknown else "ask for what is there")
