"""Who may ask what, the host that was asked, and the headers on every answer. Denial is the default (T31).

Public and signature-guarded routes stand in one list here; every other path needs a token with the scope that its prefix
names, and a path that no line covers is refused even with one.
"""

import itertools
import re
import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from api.tokens import TokenFile
from api.wiring import Ledger

PUBLIC: Final = re.compile(r"/(log/(checkpoint|tile/[0-9].*)|v1/keys|livez|readyz|style\.css)")
SIGNED: Final = ("POST", "/v1/entries")
SCOPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"/v1/models/.+/gate/[a-z_]+"), "gate:read"),
    (re.compile(r"/(|docs|openapi\.json)|/v1/(models|decisions|frameworks)(/.*)?"), "status:read"),
    (re.compile(r"/v1/entries/[0-9]+/receipt"), "proofs:read"),
    (re.compile(r"/v1/entries(/.*)?|/log/tile/entries/.*"), "entries:read"),
    (re.compile(r"/metrics"), "metrics:read"),
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
RAW_HEADERS: Final = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]|testserver)(:[0-9]{1,5})?")


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, write: ASGIApp, ledger: Ledger, hosts: tuple[str, ...] = ()) -> None:
        self._write = write
        self._app, self._ledger, self._hosts = app, ledger, frozenset(hosts)
        self._tokens = TokenFile(ledger.folder / "tokens.json")
        self._run, self._numbers = secrets.token_hex(4), itertools.count(1)
        self._header: tuple[str, str] = ("", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else f"{self._run}-{next(self._numbers)}"

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(raw=message["headers"])
                out.raw.extend(RAW_HEADERS)
                out["X-Request-Id"] = request_id
                if "ledger-checkpoint" not in out and self._ledger.appender.published[0]:
                    out["Ledger-Checkpoint"] = self._checkpoint()
                message["headers"] = out.raw
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, answered)
        elif (scope["method"], scope["path"]) == SIGNED:
            await self._write(scope, receive, answered)
        else:
            await self._app(scope, receive, answered)

    def _checkpoint(self) -> str:
        """`size=…, root=:base64:`, from the newest checkpoint; kept until there is a newer one."""
        note = self._ledger.appender.published[1]
        if self._header[0] is not note:
            _, size, root, _ = note.split("\n", 3)
            self._header = (note, f"size={size}, root=:{root}:")
        return self._header[1]

    def _refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        host = headers.get("host", "")
        if host not in self._hosts and _LOOPBACK.fullmatch(host) is None:
            return problem(421, "wrong-host", "this server does not answer for that host", "Host")
        path, method = scope["path"], scope["method"]
        if b"hpt_" in scope["query_string"]:
            return problem(
                400, "token-in-url", "a token belongs into the Authorization header; revoke this one", "query"
            )
        if (method, path) == SIGNED or (method in ("GET", "HEAD") and PUBLIC.fullmatch(path)):
            return None
        needed = next((s for pattern, s in SCOPES if pattern.fullmatch(path)), None)
        if self._ledger.development and needed is not None:
            return None
        bearer = headers.get("authorization", "")
        scopes = None
        if bearer.startswith("Bearer "):
            scopes = self._tokens.scopes_of(bearer[7:], self._ledger.appender.state, self._ledger.now())
        if scopes is None:
            return problem(401, "token-missing", "send a bearer token that lives", "Authorization")
        if needed is None or needed not in scopes:
            return problem(404, "not-found", "no such thing, or not yours", "path")
        return None
