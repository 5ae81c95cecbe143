"""Importers on the real logs: the facts that the shared folder's README states, our own examples, and hostile archives."""

import io
import zipfile
from pathlib import Path

import pytest

from api.importers import read_log
from ledger.errors import Malformed

ROOT = Path(__file__).resolve().parents[3]
LOGS = ROOT.parent / "shared" / "eval_logs"
shared = pytest.mark.skipif(not LOGS.is_dir(), reason="the shared eval_logs folder is absent")


def one(name: str):
    (record,) = read_log((LOGS / name).read_bytes())
    return record


@shared
def test_zstandard_members_and_a_dirty_revision() -> None:
    record = one("produced__inspect-0.3.285_toy-cyber-ctf_success_zstd.eval")
    assert (record.task, record.task_version, record.status) == ("toy_cyber_ctf", "2", "success")
    assert [(m.name, m.value, m.stderr) for m in record.metrics] == [("accuracy", "0.5", "0.1889822365046136")]
    assert record.revision is not None
    assert record.revision.dirty is True
    assert any("dirty" in w for w in record.warnings)


@shared
def test_digits_are_kept_and_versions_are_text() -> None:
    record = one("produced__inspect-0.3.285_toy-refusal-rate_success.json")
    assert (record.task_version, record.metrics[0].value, record.metrics[0].stderr) == (
        "1.1",
        "0.95",
        "0.05000000000000001",
    )
    assert (record.dataset.samples_declared, record.dataset.samples_run) == (20, 20)


@shared
def test_one_run_in_two_encodings() -> None:
    a, b = one("inspect_ai__log_formats.eval"), one("inspect_ai__log_formats.json")
    differ = {f for f in a.__struct_fields__ if getattr(a, f) != getattr(b, f)}
    assert differ == {"log_sha256", "log_bytes", "log_format"}
    assert a.run.startswith("run:")


@shared
def test_success_without_scores_says_so() -> None:
    record = one("inspect_ai__2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval")
    assert record.metrics == ()
    assert any("no scores" in w for w in record.warnings)
    assert any("10 of 100" in w for w in record.warnings)


@shared
def test_lm_eval_both_layouts() -> None:
    old = read_log((LOGS / "lm_eval__pythia-160m_zero-shot_step143000.json").read_bytes())
    assert len(old) == 87
    assert all(any("cannot show amendments" in w for w in r.warnings) for r in old)
    new = one("produced__lm_eval-0.4.13_dummy_toy_mc_results.json")
    assert (new.status, new.tool_version, new.task_version, new.metrics[0].value) == (
        "not-recorded",
        "0.4.13",
        "1.0",
        "0.25",
    )


def test_our_examples() -> None:
    names = {
        "uplift-trials.eval": "0.5",
        "autonomy-suite.json": "0.1",
        "answer-rate.eval": "0.0",
        "answer-rate-limit.eval": "0.05",
    }
    for name, value in names.items():
        (record,) = read_log((ROOT / "examples" / "logs" / name).read_bytes())
        assert (record.status, record.metrics[0].value) == ("success", value)


def archive(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in members:
            z.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "not-json"),
        (b"{}", "log-unknown"),
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b"PK\x03\x04 no zip", "not-a-zip"),
        (archive(("../x", b"")), "unsafe-name"),
        (archive(("/etc/x", b"")), "unsafe-name"),
        (archive(("other.json", b"{}")), "header-missing"),
        (archive(("header.json", b"{}")), "schema"),
    ],
)
def test_unreadable_is_malformed(data: bytes, rule: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_log(data)
    assert caught.value.code == rule


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_refused() -> None:
    with pytest.raises(Malformed) as caught:
        read_log(archive(("header.json", b"{}"), ("header.json", b"[]")))
    assert caught.value.code == "duplicate-member"


def test_an_edited_score_is_found_in_the_samples_alone() -> None:
    raw = (ROOT / "examples" / "logs" / "autonomy-suite.json").read_bytes()
    edited = raw.replace(b'"history": []', b'"history": [{"value": "C"}]', 1).replace(
        b'"history":[]', b'"history":[{"value":"C"}]', 1
    )
    assert edited != raw
    (record,) = read_log(edited)
    assert len(record.edits_detected) == 1
