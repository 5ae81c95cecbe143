"""`/livez` and `/readyz`: what is wrong is said by part; a read-only ledger is ready for reads and not for writes."""

import shutil
from typing import Any, NamedTuple

import pytest

from api import answers
from api.routes import health
from ledger.errors import Fault
from ledger.store.anchor import AnchoredHead
from tests.api.asker import Asker, Seen


def ready(asker: Asker) -> tuple[int, int, dict[str, str]]:
    reads, writes = asker.ask("/readyz"), asker.ask("/readyz?for=writes")
    answers.Ready.model_validate_json(reads.content)
    return reads.status_code, writes.status_code, {k: v for k, v in reads.json()["parts"].items() if v != "ok"}


def test_all_is_well(growing: Asker) -> None:
    assert ready(growing) == (200, 200, {})
    assert set(growing.ask("/readyz").json()["parts"]) == {
        "anchor", "appender", "clock", "database", "disk", "projections", "signer",
    }  # fmt: skip


def test_read_only(growing: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(growing.ledger.appender, stopped=Fault("anchor-unwritable", "failed", "x", "y"))
    monkeypatch.setattr(growing.ledger, "appender", seen)
    assert ready(growing) == (200, 503, {"appender": "read-only: anchor-unwritable"})
    assert growing.ask("/v1/keys").status_code == 200


def test_database_away(growing: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object) -> Any:
        raise Fault("database-unreachable", "failed", "CANARY", "CANARY")

    desk = Seen(growing.ledger.desk, query=away, read_head=away, find=away)
    monkeypatch.setattr(growing.ledger, "desk", desk)
    reads, writes, parts = ready(growing)
    assert (reads, writes, parts["database"]) == (503, 503, "database-unreachable")
    assert growing.ask("/livez").status_code == 200
    answer = growing.ask("/v1/entries")
    assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (
        503,
        "database-unreachable",
        "1",
    )
    assert "CANARY" not in answer.text + growing.said


def test_anchor_ahead(growing: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = AnchoredHead("dev/tests", 10**6, b"\0" * 32)
    monkeypatch.setattr(growing.ledger, "anchor", Seen(growing.ledger.anchor, head=ahead))
    assert ready(growing)[1:] == (503, {"anchor": "ahead of the database"})


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_disk_at_its_floor(growing: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1, 1, health.FLOOR))
    assert ready(growing)[1:] == (503, {"disk": "below its floor"})


def test_clock_apart(growing: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SKEW_SECONDS", -1.0)
    assert ready(growing)[:2] == (200, 503)


def test_behind_the_last_commit(growing: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    appender = growing.ledger.appender
    seen = Seen(appender, published=(appender.size - 1, appender.published[1]))
    monkeypatch.setattr(growing.ledger, "appender", seen)
    assert ready(growing)[1:] == (503, {"signer": "behind the last commit"})
