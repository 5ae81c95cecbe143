"""The door as an attacker meets it: the real application over a real ledger on a real PostgreSQL.

Whatever is refused must leave nothing behind: tree size, every evidence table, the published size and the anchor file are
compared before and after.
"""

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any

import httpx2
import psycopg

from api.app import create_app
from api.founding import ENGINE, KEY_ADMINS
from api.keyring import load_signer
from api.session import Session
from api.wiring import Ledger
from ledger.events import key, model, principal, role
from ledger.keys import Signer
from ledger.store.embedded import EmbeddedPostgres
from tests.simulator import grant, record, signer

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
TABLES = ("event", "event_id", "tile", "checkpoint", "stream", "head")
"""All evidence but `note`: the appender renews its signature over the same head by the clock, whoever knocks meanwhile."""
Stored = dict[str, object]


class Door:
    """Posts over HTTP, and knows what is stored."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.session = ledger, Session(ledger)
        self._app = create_app(ledger)
        self._names = itertools.count(1)
        url = EmbeddedPostgres(ledger.folder / "pg").url("postgres")
        self._conn = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Leave the database."""
        self._conn.close()

    def ask(self, method: str, url: str, **options: Any) -> Any:
        """One request, answered."""

        async def go() -> Any:
            transport = httpx2.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, url, **options)

        return asyncio.run(go())

    def post(self, content: bytes, headers: Mapping[str, str] = JSON, url: str = "/v1/entries") -> Any:
        """POST of one body."""
        return self.ask("POST", url, content=content, headers=dict(headers))

    def stored(self) -> Stored:
        """All that evidence consists of."""
        found: Stored = {
            t: self._conn.execute(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM holdpoint.{t} t"
            ).fetchone()
            for t in TABLES
        }
        appender = self.ledger.appender
        return {
            **found,
            "anchor": (self.ledger.folder / "anchor").read_bytes(),
            "size": appender.size,
            "published": appender.published[0],
        }

    def unchanged(self, before: Stored) -> None:
        """Nothing was stored since `before`."""
        after = self.stored()
        changed = {name: (before[name], after[name]) for name in after if after[name] != before[name]}
        assert not changed, changed

    def refuses(
        self,
        content: bytes,
        status: int,
        reason: str,
        place: str | None = None,
        *,
        headers: Mapping[str, str] = JSON,
        url: str = "/v1/entries",
    ) -> dict[str, Any]:
        """The body is refused with this status, reason and place, and nothing was stored."""
        before = self.stored()
        answer = self.post(content, headers, url)
        assert answer.headers["content-type"] == "application/problem+json", answer.text[:300]
        problem: dict[str, Any] = answer.json()
        assert (answer.status_code, problem["status"], problem["reason"]) == (status, status, reason), problem
        assert place is None or problem["place"] == place, problem
        self.unchanged(before)
        return problem

    def refuses_line(self, line: bytes, status: int, reason: str) -> None:
        """The same for a line of a batch: by itself, and in an atomic batch, nothing of it is stored."""
        before = self.stored()
        for url in ("/v1/entries", "/v1/entries?atomic=true"):
            (answer,) = self.post(line + b"\n", NDJSON, url).text.splitlines()
            found = json.loads(answer)
            assert (found["status"], found["reason"]) == (status, reason), found
        self.unchanged(before)

    def admits(self, content: bytes, headers: Mapping[str, str] = JSON) -> dict[str, Any]:
        """The body is admitted as one new entry at the present end."""
        size = self.ledger.appender.size
        answer = self.post(content, headers)
        assert answer.status_code == 201, answer.text
        value: dict[str, Any] = answer.json()
        assert value["index"] == size
        assert self.ledger.appender.size == size + 1 + len(value["derived"])
        return value

    # -- what attacks and twins are made of ------------------------------------------------------------------------------

    def name(self, kind: str = "model") -> str:
        """A stream name that nobody used before."""
        return f"{kind}/x{next(self._names)}"

    def signers(self, who: str, count: int = 1) -> list[Signer]:
        """The ledger's own signers; the engine's too, which no session hands out."""
        if who == ENGINE:
            return [load_signer(self.ledger.folder / "keys" / "engine.pem")]
        return self.session.signers(who, count)

    def model(self, stream: str | None = None, *by: Signer, **options: Any) -> Any:
        """A registration of a model: the plainest honest statement."""
        options.setdefault("subject", "ab" * 32)
        signers = list(by) or self.signers("assessor")
        return self.session.write(model.Registered, {"kind": "base"}, stream or self.name(), signers, **options)

    def person(self, what: str | None = None, alg: str = "ed25519") -> tuple[str, Signer]:
        """A new principal with a key of its own and, if asked, a role."""
        who = f"person-{next(self._names)}"
        own = signer(f"door {who}", alg)
        said = {"id": who, "kind": "person", "unit": "safety"}
        self.session.say(principal.Registered, said, "ledger", "key-admin")
        self.register(who, own)
        if what is not None:
            self.session.say(role.Granted, grant(who, what), "ledger", "key-admin")
        return who, own

    def register(self, who: str, own: Signer, **more: Any) -> Any:
        """Register a key with its proof of possession."""
        admins = self.signers("key-admin", 2)
        assert [s.keyid for s in admins] == [
            s.keyid for s in (*self.signers(KEY_ADMINS[0]), *self.signers(KEY_ADMINS[1]))
        ]
        return self.session.post(self.session.write(key.Registered, record(own, who, **more), "ledger", [*admins, own]))
