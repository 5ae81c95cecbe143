"""`holdpoint rebuild`: views folded again from entry 0, told as it goes, compared at the end."""

import json
from pathlib import Path

import psycopg
import pytest

from api.wiring import opened
from auditor import pace
from ledger.store.embedded import EmbeddedPostgres
from projections.questions import QUESTIONS
from tests.commands import run


def test_rebuild_fills_compares_and_mends(
    story_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "EVERY_SECONDS", 0.0)
    assert run("rebuild", "--data", str(story_folder)) == 0
    out, err = capsys.readouterr()
    with opened(story_folder) as ledger:
        size = ledger.appender.size
    assert out.splitlines() == [f"{p.title}: {size} entries folded" for p in QUESTIONS]
    assert f"rebuilt {size} of {size} entries" in err
    with (
        EmbeddedPostgres(story_folder / "pg") as server,
        psycopg.connect(server.url("postgres"), autocommit=True) as conn,
    ):
        before = conn.execute("SELECT key, rank, row::text FROM holdpoint.view_history_1 ORDER BY key").fetchall()
        conn.execute("DELETE FROM holdpoint.view_history_1 WHERE key LIKE 'model/%'")
    assert run("fsck", "--data", str(story_folder), "--json") == 4
    found = json.loads(capsys.readouterr().out)
    assert found["code"] == "projection-mismatch"
    assert "table view_history_1" in found["details"][0]["detail"]
    assert run("rebuild", "--view", "history", "--data", str(story_folder), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["ok"], answer["code"]) == ("holdpoint.rebuild/1", True, "rebuilt")
    assert answer["details"] == [{"view": "history/1", "position": size, "stopped": False}]
    with (
        EmbeddedPostgres(story_folder / "pg") as server,
        psycopg.connect(server.url("postgres"), autocommit=True) as conn,
    ):
        after = conn.execute("SELECT key, rank, row::text FROM holdpoint.view_history_1 ORDER BY key").fetchall()
    assert after == before


def test_an_unknown_view_is_a_usage_error(story_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rebuild", "--view", "moods", "--data", str(story_folder)) == 2
    assert "no view moods" in capsys.readouterr().err
