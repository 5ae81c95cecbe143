"""`POST /v1/entries`: a real ledger on a real PostgreSQL, through the real application."""

import itertools
import json
from typing import Any

import pytest

from api import gather
from api.founding import ACTIONS, STREAMS
from api.ingest import MAX_BODY
from api.session import Session
from ledger.errors import Fault
from ledger.events import body, model, role
from ledger.note import parse_vkey
from ledger.receipt import check_receipt
from tests.api.asker import Asker
from tests.api.test_reads import raw_entry

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
_names = itertools.count()


def registration(asker: Asker, stream: str | None = None, **options: Any) -> Any:
    session = Session(asker.ledger)
    name = stream or f"model/posted-{next(_names)}"
    return session.write(
        model.Registered, {"kind": "base"}, name, session.signers("assessor"), subject="ab" * 32, **options
    )


def orphan(asker: Asker) -> Any:
    """Signed and well formed, about a model that nobody registered."""
    session = Session(asker.ledger)
    said = {"body": "BOARD", "documents": [], "of": "0" * 64}
    return session.write(body.Informed, said, "model/never", session.signers("deployer"))


def post(asker: Asker, content: bytes, headers: dict[str, str] = JSON, url: str = "/v1/entries") -> Any:
    return asker.ask(url, "POST", content=content, headers=headers)


def size(asker: Asker) -> int:
    return asker.ledger.appender.size


def test_post_gives_a_receipt_that_proves(growing: Asker) -> None:
    before, written = size(growing), registration(growing)
    answer = post(growing, written.wire())
    assert answer.status_code == 201, answer.text
    value = answer.json()
    vkeys = [parse_vkey(v) for v in growing.ledger.appender.state.get("meta", "vkeys")]
    checkpoint = check_receipt(value["receipt"], raw_entry(answer.content), vkeys, growing.ledger.origin)
    assert (value["index"], value["status"], checkpoint.size) == (before, 201, before + 1)
    assert "idempotent-replay" not in answer.headers
    again = post(growing, written.wire())
    assert (again.status_code, again.json()["status"], again.json()["index"]) == (200, 200, before)
    assert again.headers["idempotent-replay"] == "true"
    assert again.json()["entry"] == value["entry"]
    assert size(growing) == before + 1
    shown = growing.ask(f"/v1/entries/by-event/{written.event_id}").json()
    assert shown == {"outcome": "committed", "index": before}


def test_disclosures_are_checked_at_the_door_and_kept(growing: Asker) -> None:
    session = Session(growing.ledger)
    said = {"kind": "base", "subject": {"name": "A", "weights": "sha256:" + "0" * 64}}
    written = session.write(model.Registered, said, "model/withheld", session.signers("assessor"))
    other = session.write(model.Registered, said, "model/other", session.signers("assessor"))
    before = size(growing)
    good = {"envelope": json.loads(written.wire()), "disclosures": list(written.disclosures)}
    for bad, reason in (
        ([*written.disclosures, *other.disclosures], "disclosure-orphan"),
        ([written.disclosures[0]] * 2, "disclosure-duplicate"),
        ("text", "schema"),
        ([1], "schema"),
    ):
        refused = post(growing, json.dumps({**good, "disclosures": bad}).encode())
        assert (refused.status_code, refused.json()["reason"]) == (400, reason)
    assert post(growing, json.dumps({**good, "more": 1}).encode()).json()["reason"] == "schema"
    assert size(growing) == before
    assert post(growing, json.dumps(good).encode()).status_code == 201
    assert growing.ledger.vault.released(before, {"subject"}) == written.disclosures


@pytest.mark.parametrize(
    ("content", "headers", "status", "reason"),
    [
        (b"", JSON, 400, "not-json"),
        (b"{", JSON, 400, "not-json"),
        (b"x" * MAX_BODY + b"y", JSON, 413, "too-large"),
        (b"{}", {"content-type": "text/plain"}, 415, "media-type"),
        (b"{}", {}, 415, "media-type"),
        (b"", NDJSON, 400, "batch-empty"),
        (b"{}\n" * 501, NDJSON, 413, "batch-size"),
        (b"{}\n", {**NDJSON, "idempotency-key": "x"}, 400, "idempotency-key"),
    ],
)
def test_bad_input(growing: Asker, content: bytes, headers: dict[str, str], status: int, reason: str) -> None:
    before = size(growing)
    answer = post(growing, content, headers)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert size(growing) == before


def test_an_idempotency_key_is_the_event_id_or_refused(growing: Asker) -> None:
    written, before = registration(growing), size(growing)
    other = registration(growing).event_id
    wrong = post(growing, written.wire(), {**JSON, "idempotency-key": other})
    assert (wrong.status_code, wrong.json()["reason"], size(growing)) == (400, "idempotency-key", before)
    assert post(growing, written.wire(), {**JSON, "idempotency-key": written.event_id}).status_code == 201
    assert post(growing, written.wire(), {**JSON, "idempotency-key": written.event_id}).status_code == 200


def test_batches_answer_in_order_and_atomic_is_all_or_none(growing: Asker) -> None:
    bad, before = orphan(growing), size(growing)
    lines = b"\n".join([registration(growing).wire(), bad.wire(), registration(growing).wire()])
    answer = post(growing, lines, NDJSON, "/v1/entries?atomic=true")
    assert answer.status_code == 422
    assert [json.loads(x)["status"] for x in answer.text.splitlines()] == [422, 422, 422]
    assert json.loads(answer.text.splitlines()[1])["reason"] == "subject-unknown"
    assert size(growing) == before
    answer = post(growing, lines, NDJSON, "/v1/entries?atomic=false")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(x)["status"] for x in answer.text.splitlines()] == [201, 422, 201]
    assert size(growing) == before + 2
    again = post(growing, lines, NDJSON)
    assert [json.loads(x)["status"] for x in again.text.splitlines()] == [200, 422, 200]


def test_an_atomic_batch_with_a_line_that_can_not_be_read(growing: Asker) -> None:
    before, good = size(growing), registration(growing)
    answer = post(growing, good.wire() + b"\n{\n", NDJSON, "/v1/entries?atomic=true")
    said = [json.loads(x) for x in answer.text.splitlines()]
    assert [(x["status"], x["reason"]) for x in said] == [(422, "atomic-batch"), (400, "not-json")]
    assert (answer.status_code, size(growing)) == (422, before)


@pytest.mark.parametrize("query", ["atomic=yes", "atomic=", "atomic=true&atomic=false", "Atomic=true", "after=1"])
def test_attack_a_batch_that_would_not_be_atomic_after_all(growing: Asker, query: str) -> None:
    before = size(growing)
    answer = post(growing, registration(growing).wire() + b"\n", NDJSON, f"/v1/entries?{query}")
    assert (answer.status_code, answer.json()["reason"], size(growing)) == (400, "query", before)


def test_expected_version(growing: Asker) -> None:
    session = Session(growing.ledger)
    said = {"principal": "deployer", "role": "approver", "streams": list(STREAMS), "actions": list(ACTIONS)}
    wrong = session.write(role.Granted, said, "ledger", session.signers("key-admin", 2), expected_version=5)
    answer = post(growing, wrong.wire())
    present = int(answer.json()["present_version"])
    assert (answer.status_code, answer.json()["reason"]) == (409, "version-conflict")
    right = session.write(role.Granted, said, "ledger", session.signers("key-admin", 2), expected_version=present)
    assert post(growing, right.wire()).status_code == 201


def test_a_body_in_pieces_without_a_length(growing: Asker) -> None:
    wire = registration(growing).wire()

    async def pieces() -> Any:
        for i in range(0, len(wire), 100):
            yield wire[i : i + 100]

    assert growing.ask("/v1/entries", "POST", content=pieces(), headers=JSON).status_code == 201


def test_overload_is_refused_at_once_and_says_when_to_come_again(
    growing: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written = size(growing), registration(growing)
    with monkeypatch.context() as full:
        full.setattr(growing.ledger.appender._intake, "_limit", 0)
        answer = post(growing, written.wire())
        assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (503, "overloaded", "1")
        assert answer.json()["retryable"]
        lines = post(growing, written.wire() + b"\n", NDJSON).text.splitlines()
        assert [json.loads(x)["reason"] for x in lines] == ["overloaded"]
    assert size(growing) == before
    assert post(growing, written.wire()).status_code == 201


def test_no_answer_in_time_is_an_unknown_outcome_and_the_retry_is_single(
    growing: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written = size(growing), registration(growing)
    with monkeypatch.context() as hurried:
        hurried.setattr(gather, "APPEND_SECONDS", 0.0)
        answer = post(growing, written.wire())
    assert (answer.status_code, answer.json()["reason"]) == (503, "outcome-unknown")
    assert answer.headers["retry-after"] == "1"
    retried = post(growing, written.wire())
    assert (retried.status_code, retried.json()["index"]) in ((200, before), (201, before))
    assert size(growing) == before + 1


@pytest.mark.parametrize("code", ["clock-untrusted", "log-key-unavailable", "database-unreachable"])
def test_while_nothing_can_be_appended(growing: Asker, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise Fault(code, "failed", "CANARY", "CANARY")

    monkeypatch.setattr(growing.ledger.appender, "submit", refuse)
    answer = post(growing, registration(growing).wire())
    assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (503, code, "1")
    assert "CANARY" not in answer.text
    assert growing.ask("/v1/keys").status_code == 200, "reads go on"
