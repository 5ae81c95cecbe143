"""Who may ask what, the host that was asked, and the headers on every answer. Denial is the default (T31).

Access is decided by `api.routes.listed` alone: public and signature-guarded routes answer without a token, every other one
needs a token with its scope, and what is not listed needs a token even to learn that it is not there. A development ledger
answers this machine without one: client and host are loopback, and nothing says that the request was forwarded.
"""

import ipaddress
import itertools
import re
import secrets
import time
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.lines import Lines
from api.measures import Measures
from api.problems import REQUEST_ID, problem
from api.routes.listed import PUBLIC, ROUTES, SIGNED, TOKEN_OR_LOCAL
from api.tokens import SHAPE, TokenFile, opens
from api.wiring import Ledger

WRITE: Final = ("POST", "/v1/entries")
MAX_HEADER = 16_384
SLOW_SECONDS = 1.0
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
RAW_HEADERS: Final = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
POLICY: Final = b"content-security-policy"
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CODE = re.compile(rb'\{"type":"urn:holdpoint:problem:([a-z0-9-]{1,64})"')
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")


class Found:
    """What a path and method are: a route's template for metrics, its guard, and the query parameters that it knows."""

    __slots__ = ("guard", "known", "template")

    def __init__(self, template: str, guard: str | None, known: dict[str, bool] | None) -> None:
        self.template, self.guard, self.known = template, guard, known


PATTERNS: Final = tuple((r.method, r.pattern, Found(r.path, r.guard, r.parameters)) for r in ROUTES)
POSTS: Final = frozenset({WRITE[1], *(r.path for r in ROUTES if r.method == "POST")})
"""Paths that know the method POST."""
WRITES: Final = Found("/v1/entries", SIGNED, {"atomic": False})
NOWHERE: Final = Found("none", None, None)


def find(method: str, path: str) -> Found:
    """The listed route that answers this, or `NOWHERE`."""
    if (method, path) == WRITE:
        return WRITES
    asked = "GET" if method == "HEAD" else method
    return next((found for known, pattern, found in PATTERNS if known == asked and pattern.match(path)), NOWHERE)


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        write: ASGIApp,
        ledger: Ledger,
        measures: Measures,
        lines: Lines,
        hosts: tuple[str, ...] = (),
    ) -> None:
        self._app, self._write, self._ledger, self._hosts = app, write, ledger, frozenset(hosts)
        self._measures, self._lines = measures, lines
        self._tokens = TokenFile(ledger.folder / "tokens.json")
        self._run, self._numbers = secrets.token_hex(4), itertools.count(1)
        self._header: tuple[str, str] = ("", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse; count, and say in a line what went wrong."""
        if scope["type"] != "http":
            return  # no lifespan, no sockets: nothing of ours listens there
        started = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else f"{self._run}-{next(self._numbers)}"
        REQUEST_ID.set(request_id)
        method, found = scope["method"], find(scope["method"], scope["path"])
        status, code = 0, None

        async def answered(message: Message) -> None:
            nonlocal status, code
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._dressed(message, request_id)
            elif status >= 400 and (said := _CODE.match(message.get("body", b""))) is not None:
                code = said.group(1).decode()
            if method == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        refusal = self._refusal(scope, headers, found)
        app = refusal or (self._write if found is WRITES else self._app)
        passed = {**scope, "method": "GET"} if method == "HEAD" else scope
        try:
            await app(passed, receive, answered)
        except Exception as err:  # noqa: BLE001  # the outermost door: whatever it was, nobody outside reads it
            self._lines.fault(request_id, found.template, err)
            if not status:
                await problem("fault")(passed, receive, answered)
        seconds = time.perf_counter() - started
        self._measures.answered(found.template, status, seconds)
        if status >= 400 or seconds > SLOW_SECONDS:
            self._lines.answered(request_id, method, found.template, status, seconds, code)

    def _dressed(self, message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
        """The answer's headers, and those that all answers have."""
        out = MutableHeaders(raw=message["headers"])
        own = "content-security-policy" in out  # a page with a script of its own states its hash
        out.raw.extend(h for h in RAW_HEADERS if not (own and h[0] == POLICY))
        out["X-Request-Id"] = request_id
        if "ledger-checkpoint" not in out and self._ledger.appender.published[0]:
            out["Ledger-Checkpoint"] = self._checkpoint()
        return out.raw

    def _checkpoint(self) -> str:
        """`size=…, root=:base64:`, from the newest checkpoint; kept until there is a newer one."""
        note = self._ledger.appender.published[1]
        if self._header[0] is not note:
            _, size, root, _ = note.split("\n", 3)
            self._header = (note, f"size={size}, root=:{root}:")
        return self._header[1]

    def _refusal(self, scope: Scope, headers: Headers, found: Found) -> ASGIApp | None:
        if sum(len(k) + len(v) + 4 for k, v in scope["headers"]) + len(scope["query_string"]) > MAX_HEADER:
            return problem("header-too-large", headers={"Connection": "close"})
        hosts = headers.getlist("host")
        local = len(hosts) == 1 and _LOOPBACK.fullmatch(hosts[0]) is not None
        if not local and (len(hosts) != 1 or hosts[0] not in self._hosts):
            return problem("wrong-host", place="Host")
        query = scope["query_string"].decode("latin-1")
        if SHAPE.search(unquote_plus(query)) or SHAPE.search(scope["path"]):
            return problem("token-in-url", place="query" if query else "path")
        if found.guard not in (PUBLIC, SIGNED):
            refusal = self._unread(scope, headers, found, local=local)
            if refusal is not None:
                return refusal
        return None if found.known is None or not query else _strange(query, found.known)

    def _unread(self, scope: Scope, headers: Headers, found: Found, *, local: bool) -> ASGIApp | None:
        """Why the asker may not read this; else `None`, and the scopes that entries are narrowed by."""
        near = local and _is_loopback(scope) and not any(name in headers for name in FORWARDED)
        # A token that was sent is looked at everywhere: one that opens nothing must not seem to work on a laptop.
        if near and "authorization" not in headers and (self._ledger.development or found.guard == TOKEN_OR_LOCAL):
            return None
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        scopes = None
        if kind.lower() == "bearer":
            scopes = self._tokens.scopes_of(bearer, self._ledger.appender.state, self._ledger.now())
        if scopes is None:
            return problem("token-missing", place="Authorization", headers={"WWW-Authenticate": "Bearer"})
        if found.guard is not None and not opens(scopes, found.guard):
            return problem("not-found", place="path")
        scope["holdpoint.scopes"] = scopes
        return None


def _is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _strange(query: str, known: dict[str, bool]) -> ASGIApp | None:
    """A query that names what the route does not know, or twice what it takes once: it would be misread in silence."""
    seen: set[str] = set()
    for name, _ in parse_qsl(query, keep_blank_values=True, encoding="latin-1"):
        if name not in known or (name in seen and not known[name]):
            return problem("query", place=name if name in known else "query")
        seen.add(name)
    return None
