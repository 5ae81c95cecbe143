"""Whoever asks over HTTP: the real application over a real ledger, from this machine or from elsewhere."""

import asyncio
import io
from typing import Any

import httpx2

from api.app import create_app
from api.lines import Lines
from api.session import Session
from api.tokens import TokenFile, new_token
from api.wiring import Ledger
from ledger.events import token
from ledger.strict import shift

NEAR = ("127.0.0.1", 50_000)
FAR = ("203.0.113.7", 50_000)
HOST = "ledger.example"


class Asker:
    """`ask` from this machine, `ask_far` from elsewhere; `said` are the log lines so far."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._lines = io.StringIO()
        self.app = create_app(ledger, (HOST,), Lines(self._lines))

    @property
    def state(self) -> Any:
        """What the framework's application keeps. Not for `monkeypatch`: pytest puts back what the `__dict__` held, and Starlette's
        `State` keeps nothing there, so that the undoing would delete the member."""
        return self.app._app.state  # type: ignore[attr-defined]  # the guard's inside

    @property
    def said(self) -> str:
        """Log lines."""
        return self._lines.getvalue()

    def ask(self, url: str, method: str = "GET", *, client: tuple[str, int] = NEAR, **options: Any) -> Any:
        """One request, answered."""

        async def go() -> Any:
            transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False, client=client)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as asker:
                return await asker.request(method, url, **options)

        return asyncio.run(go())

    def ask_far(self, url: str, method: str = "GET", bearer: str | None = None, **options: Any) -> Any:
        """The same from another machine, to the server's own name."""
        headers = {"host": HOST, **options.pop("headers", {})}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        return self.ask(url, method, client=FAR, headers=headers, **options)

    def all(self, url: str, name: str, **options: Any) -> list[Any]:
        """Every row of a list, page after page by `Link` alone."""
        rows: list[Any] = []
        while url:
            answer = self.ask(url, **options)
            assert answer.status_code == 200, answer.text
            rows += answer.json()[name]
            url = answer.links.get("next", {}).get("url", "")
        return rows

    def token(self, *scopes: str, days: int = 1) -> tuple[str, str]:
        """A fresh token's id and text, issued in the ledger."""
        fresh = new_token("live")
        said = {
            "audience": "ci",
            "expires_at": shift(self.ledger.now(), days=days),
            "id": fresh.id,
            "scopes": list(scopes),
        }
        Session(self.ledger).say(token.Issued, said, "ledger", "key-admin-1")
        TokenFile(self.ledger.folder / "tokens.json").add(fresh, scopes)
        return fresh.id, fresh.text

    def revoke(self, token_id: str) -> None:
        """End a token."""
        Session(self.ledger).say(token.Revoked, {"id": token_id}, "ledger", "key-admin-1")


class Seen:
    """A part of a ledger as readers see it at a bad moment, which its own thread would end at once, and never sees."""

    def __init__(self, part: Any, **still: Any) -> None:
        self._part, self._still = part, still

    def __getattr__(self, name: str) -> Any:
        return self._still[name] if name in self._still else getattr(self._part, name)
