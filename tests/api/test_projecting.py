"""The projector in `serve`: views follow the log, say how far they are, outlive their connections, and stop cleanly."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from api import projecting as module
from api.projecting import Projecting
from api.session import Session
from api.wiring import Ledger
from ledger.events import model
from projections.history import HISTORY
from projections.keys import KEYS
from projections.questions import QUESTIONS
from projections.store.run import Stop
from tests.projections.conftest import wait_until


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def running(ledger: Ledger, said: list[str]) -> Iterator[Projecting]:
    with contextlib.closing(Projecting(ledger, said.append)) as projecting:
        ledger.projecting = projecting
        yield projecting


def register(ledger: Ledger, name: str) -> None:
    Session(ledger).say(model.Registered, {"kind": "base"}, f"model/{name}", "assessor", subject="ab" * 32)


def admin(ledger: Ledger, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger.projector_url.replace("holdpoint_projector", "postgres"), autocommit=True) as conn:
        cursor = conn.execute(sql)
        return cursor.fetchall() if cursor.description else []


def caught_up(projecting: Projecting) -> bool:
    return set(projecting.lags.values()) == {0}


def test_views_follow_what_is_appended(ledger: Ledger, running: Projecting, said: list[str]) -> None:
    for n in range(3):
        register(ledger, f"followed-{n}")
        wait_until(lambda: caught_up(running), 3)
        position, row = ledger.views.row(HISTORY, f"model/followed-{n}|{1:016d}")
        assert position == ledger.appender.published[0]
        assert row is not None
        assert row["index"] == position - 1
    assert running.stale == {}
    assert running.trouble is None
    assert running.audit() == ()
    assert said == []


def test_a_hint_after_signing_reaches_other_processes(ledger: Ledger, running: Projecting) -> None:
    wait_until(lambda: caught_up(running))
    with psycopg.connect(ledger.projector_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {module.CHANNEL}")
        register(ledger, "hinted")
        assert [n.channel for n in listener.notifies(timeout=5, stop_after=1)] == [module.CHANNEL]


def test_it_outlives_its_connections(ledger: Ledger, running: Projecting, said: list[str]) -> None:
    wait_until(lambda: caught_up(running))
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'holdpoint_projector'"
    assert admin(ledger, kill)
    register(ledger, "after-the-kill")
    wait_until(lambda: caught_up(running) and running.trouble is None)
    assert any("went away" in text for text in said)


def test_a_poisoned_view_is_named_and_others_go_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """F25, short form: the event is named, the view stands before it, lag and staleness say so."""

    def changes(look, event):
        if event.index == 3:
            raise ZeroDivisionError
        return KEYS.changes(look, event)

    poisoned = replace(KEYS, changes=changes)
    monkeypatch.setattr(module, "QUESTIONS", (HISTORY, poisoned))
    with contextlib.closing(Projecting(ledger, said.append)) as projecting:
        wait_until(lambda: projecting.stops != () and projecting.lags["history/1"] == 0)
        assert projecting.stops == (Stop("keys/1", 3, "ZeroDivisionError"),)
        assert projecting.lags["keys/1"] == ledger.appender.size - 3
        assert projecting.stale == {"keys/1": "stopped before entry 3: ZeroDivisionError"}
        assert "before entry 3" in (ledger.views.staleness(KEYS, ledger.appender.size, 0) or "")
        assert ledger.views.staleness(HISTORY, ledger.appender.size, 0) is None
    assert said == ["view keys/1 stopped before entry 3: ZeroDivisionError"]


def test_an_edited_view_is_named_by_the_audit(ledger: Ledger, running: Projecting, said: list[str]) -> None:
    wait_until(lambda: caught_up(running))
    admin(ledger, "UPDATE holdpoint.view_keys_1 SET rank = 3 WHERE key LIKE 'key|%'")
    found = running.audit()
    assert {m.view for m in found} == {"keys/1"}
    assert running.stale == {"keys/1": "projection-mismatch: row-differs"}
    assert any("projection-mismatch" in text for text in said)
    admin(ledger, "UPDATE holdpoint.view_keys_1 SET rank = 1 WHERE key LIKE 'key|%'")
    assert running.audit() == ()


def test_the_audit_comes_by_itself_and_outlives_what_it_can_not_read(
    ledger: Ledger, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AUDIT_FIRST_SECONDS", 0.05)
    monkeypatch.setattr(module, "AUDIT_SECONDS", 0.05)
    with contextlib.closing(Projecting(ledger, said.append)) as projecting:
        wait_until(lambda: caught_up(projecting))
        admin(ledger, "REVOKE SELECT ON holdpoint.view_keys_1 FROM holdpoint_projector")
        wait_until(lambda: any(text.startswith("view audit: ") for text in said))
        admin(ledger, "GRANT SELECT ON holdpoint.view_keys_1 TO holdpoint_projector")
        admin(ledger, "UPDATE holdpoint.view_keys_1 SET rank = 3 WHERE key LIKE 'key|%'")
        wait_until(lambda: "keys/1" in projecting.stale)


def test_a_log_too_long_to_compare_is_said_never_passed_over(
    running: Projecting, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AUDIT_MOST", 1)
    assert running.audit() == ()
    assert any("run holdpoint fsck" in text for text in said)


def test_without_tables_the_ledger_serves_and_says_so(ledger: Ledger, said: list[str]) -> None:
    admin(ledger, "DROP TABLE holdpoint.view_keys_1")
    with contextlib.closing(Projecting(ledger, said.append)) as projecting:
        wait_until(lambda: projecting.trouble is not None)
        assert projecting.trouble == "views-missing: no table for view keys/1"
        assert set(projecting.stale) == {p.title for p in QUESTIONS}
        register(ledger, "meanwhile")
    assert len(said) == 1


def test_it_leaves_no_thread_behind(ledger: Ledger) -> None:
    before = set(threading.enumerate())
    projecting = Projecting(ledger, lambda _text: None)
    wait_until(lambda: caught_up(projecting))
    projecting.close()
    assert set(threading.enumerate()) == before
    # A backend ends a moment after its client has closed.
    wait_until(lambda: not admin(ledger, "SELECT 1 FROM pg_stat_activity WHERE usename = 'holdpoint_projector'"))
