"""Log lines (T32, T59): one JSON object each; no token, no withheld field, no refused value, no exception's text in any."""

import io
import json
import logging
import secrets
from typing import Any

import pytest

from api.lines import Lines, gather, redact
from api.session import Session
from api.tokens import new_token
from ledger.events import model
from tests.api.asker import Asker, Seen

CANARY = "CANARY-" + secrets.token_hex(8)
JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}


def parsed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_attack_what_is_refused_is_told_nowhere(growing: Asker, capfd: pytest.CaptureFixture[str]) -> None:
    """A canary in every place of a request that can be refused: it comes back in no answer and no line."""
    envelope = {
        "payload": CANARY,
        "payloadType": CANARY,
        "signatures": [{"keyid": CANARY, "sig": CANARY}],
        CANARY: CANARY,
    }
    session = Session(growing.ledger)
    said = {"kind": "base", "subject": {"name": CANARY, "weights": "sha256:" + "0" * 64}}
    written = session.write(model.Registered, said, f"model/{CANARY.lower()}", session.signers("evaluator"))
    shown = {"envelope": json.loads(written.wire()), "disclosures": list(written.disclosures)}
    wrong = {"envelope": json.loads(written.wire()), "disclosures": [CANARY]}
    urls = [
        f"/{CANARY}", f"/v1/{CANARY}", f"/v1/entries/{CANARY}", f"/v1/entries/by-event/{CANARY}", f"/v1/models/{CANARY}",
        f"/v1/models/x/gate/{CANARY}", f"/log/tile/{CANARY}/000", f"/log/tile/0/{CANARY}", f"/v1/entries?stream={CANARY}",
        f"/v1/entries?{CANARY}=1", f"/v1/keys?at={CANARY}", f"/v1/decisions?after={CANARY}", f"/readyz?for={CANARY}",
        f"/v1/models/x/gate/train?fact={CANARY}", f"/v1/models/x/gate/train?fact=={CANARY}", f"/?at={CANARY}",
    ]  # fmt: skip
    answers = [growing.ask(url) for url in urls]
    answers += [growing.ask("/livez", CANARY), growing.ask("/livez", headers={"host": CANARY})]
    for content, headers in (
        (json.dumps(envelope).encode(), JSON), (CANARY.encode(), JSON), (f'{{"{CANARY}": 1e999}}'.encode(), JSON),
        (json.dumps(shown).encode(), JSON), (json.dumps(wrong).encode(), JSON), (CANARY.encode(), NDJSON),
        (b"{}", {"content-type": CANARY}), (b"{}", {**JSON, "content-encoding": CANARY}),
        (written.wire(), {**JSON, "idempotency-key": CANARY}),
    ):  # fmt: skip
        answers.append(growing.ask("/v1/entries", "POST", content=content, headers=headers))
    for answer in answers:
        assert answer.status_code >= 400 or "status" in answer.text, answer.url
        said_ = answer.text + str(answer.headers)
        assert CANARY not in said_, answer.url
        assert CANARY.lower() not in said_ or "subject" in said_, answer.url
    assert CANARY.lower() not in growing.said.lower()
    assert len(parsed(growing.said)) >= len(urls)
    assert CANARY.lower() not in "".join(capfd.readouterr()).lower()


def test_attack_a_fault_tells_its_place_and_not_its_text(growing: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> Any:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(growing.ledger, "desk", Seen(growing.ledger.desk, find=broken))
    answer = growing.ask("/v1/entries", headers={"x-request-id": "fault-1"})
    assert (answer.status_code, answer.json()["reason"]) == (500, "fault")
    assert answer.json()["instance"].endswith("fault-1")
    fault = next(x for x in parsed(growing.said) if x["event"] == "fault" and x["request"] == "fault-1")
    assert (fault["error"], fault["route"], fault["level"]) == ("RuntimeError", "/v1/entries", "error")
    assert any(place.startswith("entries.py:") for place in fault["where"])
    assert CANARY not in answer.text + growing.said


def test_lines_name_what_an_operator_needs(growing: Asker) -> None:
    growing.ask("/v1/entries?limit=0", headers={"x-request-id": "line-1"})
    line = next(x for x in parsed(growing.said) if x.get("request") == "line-1")
    assert {k: line[k] for k in ("code", "event", "level", "method", "route", "status")} == {
        "code": "query", "event": "answered", "level": "info", "method": "GET", "route": "/v1/entries", "status": 400,
    }  # fmt: skip
    assert line["at"].endswith("Z")
    before = growing.said
    assert growing.ask("/livez").status_code == 200
    assert growing.said == before, "successes are counted, not told"


def test_secrets_are_struck_by_name_and_by_shape() -> None:
    text = new_token("live").text
    stream = io.StringIO()
    Lines(stream).say(
        f"x {text} y",
        detail=[text, {"deep": (text,)}],
        Authorization=f"Bearer {text}",
        token="t",
        nested={"secret": "s"},
        n=1,
    )
    (line,) = parsed(stream.getvalue())
    assert text[9:60] not in stream.getvalue()
    assert (line["event"], line["Authorization"], line["token"]) == ("x [struck] y", "[struck]", "[struck]")
    assert line["nested"] == {"secret": "[struck]"}
    assert line["n"] == 1
    assert redact(None, "info", {"event": "plain"}) == {"event": "plain"}


def test_attack_a_line_can_not_be_forged(growing: Asker) -> None:
    growing.ask("/livez", headers={"x-request-id": 'a"}\n{"event":"VALID"', "user-agent": "\x1b[32mVALID"})
    growing.ask("/nothing%0a%7b%22event%22:%22VALID%22%7d")
    assert "VALID" not in growing.said
    assert all(set(x) >= {"at", "event", "level"} for x in parsed(growing.said))


def test_what_libraries_log_is_a_line_without_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    root, stream = logging.getLogger(), io.StringIO()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    try:
        gather(Lines(stream))
        logging.getLogger("uvicorn.error").warning("Refused %s", CANARY)
        text = f"Task exception was never retrieved\nfuture: {CANARY}"  # as asyncio writes it
        logging.getLogger("asyncio").error(text, exc_info=ValueError(CANARY))
        logging.getLogger("uvicorn.error").info("quiet")
    finally:
        root.setLevel(level)
    first, second = parsed(stream.getvalue())
    assert (first["logger"], first["text"], first["severity"]) == ("uvicorn.error", "Refused %s", "warning")
    assert (second["text"], second["error"]) == ("Task exception was never retrieved", "ValueError")
    assert CANARY not in stream.getvalue()
