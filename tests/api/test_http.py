"""The door over HTTP: a real ledger on a real PostgreSQL, through the real application."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.founding import ACTIONS, STREAMS
from api.session import Session
from api.tokens import TokenFile, new_token
from api.wiring import Ledger
from ledger.events import body, model, role, token
from ledger.keys import P256_ORDER
from ledger.note import parse_vkey
from ledger.receipt import check_receipt
from ledger.strict import format_base64, shift

JSON = {"content-type": "application/json"}
Ask = Callable[..., Any]


@pytest.fixture
def ask(ledger: Ledger) -> Ask:
    app = create_app(ledger)

    def call(method: str, url: str, **options: Any) -> Any:
        async def go() -> Any:
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, url, **options)

        return asyncio.run(go())

    return call


def registration(ledger: Ledger, stream: str = "model/a") -> Any:
    session = Session(ledger)
    said = {"kind": "base", "subject": {"name": "A", "weights": "w"}}
    return session.write(model.Registered, said, stream, session.signers("assessor"), subject="ab" * 32)


def test_post_gives_a_receipt_that_proves(ledger: Ledger, ask: Ask) -> None:
    written = registration(ledger)
    answer = ask("POST", "/v1/entries", content=written.wire(), headers=JSON)
    assert answer.status_code == 201, answer.text
    value = answer.json()
    entry = answer.content[answer.content.index(b'"entry":') + 8 : answer.content.index(b',"receipt"')]
    vkeys = [parse_vkey(v) for v in ledger.appender.state.get("meta", "vkeys")]
    checkpoint = check_receipt(value["receipt"], entry, vkeys, ledger.origin)
    assert (value["index"], checkpoint.size) == (28, 29)
    again = ask("POST", "/v1/entries", content=written.wire(), headers=JSON)
    assert (again.status_code, again.json()["index"]) == (200, 28)
    assert again.headers["idempotent-replay"] == "true"
    assert ledger.appender.size == 29
    shown = ask("GET", f"/v1/entries/by-event/{written.event_id}").json()
    assert shown == {"outcome": "committed", "index": 28}


def test_disclosures_are_checked_at_the_door(ledger: Ledger, ask: Ask) -> None:
    written = registration(ledger)
    good = {"envelope": json.loads(written.wire()), "disclosures": list(written.disclosures)}
    bad = {**good, "disclosures": [*written.disclosures, *registration(ledger).disclosures]}
    refused = ask("POST", "/v1/entries", json=bad)
    assert (refused.status_code, refused.json()["reason"]) == (400, "disclosure-orphan")
    assert ledger.appender.size == 28
    assert ask("POST", "/v1/entries", json=good).status_code == 201


@pytest.mark.parametrize(
    ("content", "headers", "status", "reason"),
    [
        (b"{", JSON, 400, "not-json"),
        (b'{"payload":"a","payload":"b"}', JSON, 400, "duplicate-key"),
        (b"[" * 100_000, JSON, 400, "too-deep"),
        (b"x" * (1 << 20) + b"y", JSON, 413, "too-large"),
        (b"{}", {"content-type": "text/plain"}, 415, "media-type"),
        (b"{}", {**JSON, "content-encoding": "gzip"}, 415, "content-encoding"),
        (b"", {"content-type": "application/x-ndjson"}, 400, "batch-empty"),
    ],
)
def test_bad_input(ledger: Ledger, ask: Ask, content: bytes, headers: dict[str, str], status: int, reason: str) -> None:
    answer = ask("POST", "/v1/entries", content=content, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert ledger.appender.size == 28


def test_a_flipped_signature_is_403(ledger: Ledger, ask: Ask) -> None:
    value = json.loads(registration(ledger).wire())
    sig = bytearray(__import__("base64").b64decode(value["signatures"][0]["sig"]))
    sig[0] ^= 1
    value["signatures"][0]["sig"] = format_base64(bytes(sig))
    answer = ask("POST", "/v1/entries", json=value)
    assert (answer.status_code, answer.json()["reason"]) == (403, "signature-invalid")
    assert P256_ORDER > 0


def test_the_same_id_for_another_statement_is_409(ledger: Ledger, ask: Ask) -> None:
    first = registration(ledger)
    assert ask("POST", "/v1/entries", content=first.wire(), headers=JSON).status_code == 201
    session = Session(ledger)
    said = {"kind": "snapshot"}
    other = session.write(
        model.Registered, said, "model/b", session.signers("assessor"), subject="cd" * 32, event_id=first.event_id
    )
    answer = ask("POST", "/v1/entries", content=other.wire(), headers=JSON)
    assert (answer.status_code, answer.json()["reason"]) == (409, "event-id-conflict")
    assert {answer.json()["first"], answer.json()["second"]} == {first.digest, other.digest}


def test_batches_answer_in_order_and_atomic_is_all_or_none(ledger: Ledger, ask: Ask) -> None:
    session = Session(ledger)
    bad = session.write(
        body.Informed, {"body": "BOARD", "documents": [], "of": "0" * 64}, "model/x", session.signers("deployer")
    )
    lines = b"\n".join([registration(ledger, "model/1").wire(), bad.wire(), registration(ledger, "model/2").wire()])
    headers = {"content-type": "application/x-ndjson"}
    answer = ask("POST", "/v1/entries?atomic=true", content=lines, headers=headers)
    assert answer.status_code == 422
    assert ledger.appender.size == 28
    answer = ask("POST", "/v1/entries", content=lines, headers=headers)
    assert [json.loads(x)["status"] for x in answer.text.splitlines()] == [201, 422, 201]
    assert ledger.appender.size == 30


def test_expected_version(ledger: Ledger, ask: Ask) -> None:
    session = Session(ledger)
    said = {"principal": "deployer", "role": "approver", "streams": list(STREAMS), "actions": list(ACTIONS)}
    wrong = session.write(role.Granted, said, "ledger", session.signers("key-admin", 2), expected_version=5)
    answer = ask("POST", "/v1/entries", content=wrong.wire(), headers=JSON)
    assert (answer.status_code, answer.json()["present_version"]) == (409, "28")
    right = session.write(role.Granted, said, "ledger", session.signers("key-admin", 2), expected_version=28)
    assert ask("POST", "/v1/entries", content=right.wire(), headers=JSON).status_code == 201


def test_pages_and_time_travel(ledger: Ledger, ask: Ask) -> None:
    seen: list[int] = []
    url = "/v1/entries?limit=10"
    while url:
        answer = ask("GET", url)
        seen += [row["index"] for row in answer.json()["entries"]]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == list(range(28))
    keys = ask("GET", "/v1/keys?at=1")
    assert len(keys.json()["keys"]) == 6
    assert ask("GET", "/v1/keys?at=1", headers={"if-none-match": keys.headers["etag"]}).status_code == 304
    assert ask("GET", "/v1/keys?at=99").json()["reason"] == "at-beyond-head"
    assert ask("GET", "/v1/models/none/gate/train").json()["clearance"] == "undetermined"


def test_headers_hosts_and_problems(ask: Ask) -> None:
    answer = ask("GET", "/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert ask("GET", "/livez", headers={"host": "evil.example"}).status_code == 421
    page = ask("GET", "/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "DEVELOPMENT" in page.text
    assert "http://" not in page.text
    assert page.headers["ledger-checkpoint"].startswith("size=28, root=:")
    assert "<script" not in page.text + ask("GET", "/docs").text


def test_tokens(ledger: Ledger, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(ledger), "development", property(lambda _self: False))
    fresh = new_token("live")
    said = {"audience": "ci", "expires_at": shift(ledger.now(), days=1), "id": fresh.id, "scopes": ["gate:read"]}
    session = Session(ledger)
    session.say(token.Issued, said, "ledger", "key-admin-1")
    TokenFile(ledger.folder / "tokens.json").add(fresh, ("gate:read",))
    bearer = {"authorization": f"Bearer {fresh.text}"}
    gate = "/v1/models/x/gate/train"
    assert ask("GET", gate).status_code == 401
    assert ask("GET", gate, headers=bearer).status_code == 200
    assert ask("GET", "/v1/entries", headers=bearer).status_code == 404
    assert ask("GET", f"{gate}?token={fresh.text}").json()["reason"] == "token-in-url"
    assert ask("GET", "/log/checkpoint").status_code == 200
    assert fresh.text[40:80] not in (ledger.folder / "tokens.json").read_text()
    session.say(token.Revoked, {"id": fresh.id}, "ledger", "key-admin-1")
    assert ask("GET", gate, headers=bearer).status_code == 401
