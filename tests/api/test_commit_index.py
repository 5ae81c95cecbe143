"""`Ledger.commit_index` on a real database: first in its commit, once per end of the log, the same after a restart."""

from base64 import b64decode
from concurrent.futures import Future
from pathlib import Path

import pytest

from api import wiring
from api.author import Audience
from api.exporting import export
from api.fsck import fsck
from api.keyring import load_signer
from api.settings import read_settings
from api.wiring import opened
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from ledger.admit import Submission, open_submission
from ledger.committed import stream_index
from ledger.store.outcome import Appended, Outcome
from tests.faults.seat import registration


def stored(folder: Path) -> list[tuple[int, str]]:
    with opened(folder) as ledger:
        rows = ledger.desk.read_entries(0, ledger.appender.size)
        return [(row.index, row.topic) for row in rows if "index.committed" in row.topic]


def test_it_is_committed_once_per_end_of_the_log(story_folder: Path, tmp_path: Path) -> None:
    with opened(story_folder) as ledger:
        before = ledger.appender.size
        heads = stream_index(ledger.appender.state)
        at = ledger.commit_index()
        assert at == before
        assert ledger.appender.size == before + 1
        assert ledger.commit_index() == at
        assert ledger.appender.size == before + 1
        both: list[Future[list[Outcome]]] = [ledger.appender.commit_index() for _ in range(2)]
        assert {repr(f.result()[0]) for f in both} == {f"Known(index={at})"}
        entry, _ = ledger.receipt(at)
        assert heads.root.hex().encode() in b64decode(entry.split(b'"payload":"')[1].split(b'"')[0])
        assert ledger.view(at).size == at
        export(ledger, tmp_path / "out", load_signer(story_folder / "keys" / "engine.pem"))
    assert verify_export(folder_reader(tmp_path / "out")).verdict is VerifyVerdict.UNANCHORED
    assert fsck(story_folder) == []
    assert [index for index, _ in stored(story_folder)] == [at]


def test_it_comes_by_itself_when_the_log_has_grown(story_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "settings", lambda: read_settings({"HOLDPOINT_INDEX_EVERY": "1"}))
    with opened(story_folder) as ledger:
        size, audience = ledger.appender.size, Audience(ledger.origin, ledger.founding)
        for _ in range(3):
            written = registration(story_folder, audience)
            opened_ = open_submission(written.envelope, ledger.appender.lookup)
            assert isinstance(opened_, Submission)
            (outcome,) = ledger.appender.submit([opened_]).result(20)
            assert isinstance(outcome, Appended), outcome
        assert outcome.event.index == size + 3, "first in the first commit, then not before as many entries as streams"
    assert [at for at, _ in stored(story_folder)] == [size]
    assert fsck(story_folder) == []
