"""T43: an answer that the history does not give: rows of views edited by a superuser, and claims that the lab itself signs."""

from pathlib import Path

import psycopg
import pytest

from api.fsck import fsck
from api.keyring import load_signer
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from disclosures.claims import sign_claims
from ledger.canonical import loads
from projections.questions import QUESTIONS
from projections.store.run import Projector
from projections.store.tables import view_table
from tests.threats.storage import Copy


@pytest.fixture
def projected(copy: Copy) -> Copy:
    """A copy whose views stand at the head."""
    projector = Projector(copy.url.replace("user=postgres", "user=holdpoint_projector"), QUESTIONS)
    projector.catch_up()
    projector.close()
    return copy


TABLE = {v.name: f"holdpoint.{view_table(v)}" for v in QUESTIONS}
STATUS = TABLE["model_status"]


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        (f"UPDATE {STATUS} SET row = jsonb_set(row::jsonb, '{{edited}}', '\"permit\"')::json WHERE key = (SELECT min(key) FROM {STATUS})",
         "differs"),
        (f"UPDATE {STATUS} SET rank = 3 - rank WHERE key = (SELECT min(key) FROM {STATUS})", "differs"),
        (f"DELETE FROM {TABLE['decisions']} WHERE key = (SELECT max(key) FROM {TABLE['decisions']})", "missing"),
        (f"INSERT INTO {TABLE['history']} VALUES ('zzz', 1, '{{}}')", "is not in"),
        (f"UPDATE {TABLE['keys']} SET key = key || 'x' WHERE key = (SELECT min(key) FROM {TABLE['keys']})", "is not in"),
    ],
)  # fmt: skip
def test_attack_a_row_of_a_view(projected: Copy, sql: str, word: str) -> None:
    """Every view is folded afresh and compared row by row; what an auditor folds does not depend on it at all."""
    with psycopg.connect(projected.url, autocommit=True) as conn:
        assert conn.execute(sql).rowcount == 1
    found = projected.look()
    assert found.start is None, "admission never reads a view"
    assert found.problems
    assert {p.rule for p in found.problems} == {"projection-mismatch"}
    assert any(word in p.detail and "table view_" in p.detail for p in found.problems)
    assert projected.verify(pin=True).verdict is V.VALID_UNWITNESSED


def test_attack_a_position(projected: Copy) -> None:
    """A view that claims to stand elsewhere than its rows do."""
    with psycopg.connect(projected.url, autocommit=True) as conn:
        conn.execute("UPDATE holdpoint.tracking SET notification_id = 100 WHERE application_name = 'model_status/1'")
    assert {p.rule for p in fsck(projected.folder)} == {"projection-mismatch"}
    with psycopg.connect(projected.url, autocommit=True) as conn:
        conn.execute("UPDATE holdpoint.tracking SET notification_id = 9999 WHERE application_name = 'model_status/1'")
    assert any("beyond" in p.detail for p in fsck(projected.folder))


def test_honest_rebuild_equals_incremental(projected: Copy) -> None:
    assert fsck(projected.folder) == []
    before = {v.name: projected.rows(f"SELECT * FROM {TABLE[v.name]} ORDER BY key") for v in QUESTIONS}
    assert all(before.values())
    with psycopg.connect(projected.url, autocommit=True) as conn:
        conn.execute(f"UPDATE {STATUS} SET row = '{{}}'")
    projector = Projector(projected.url.replace("user=postgres", "user=holdpoint_projector"), QUESTIONS)
    projector.rebuild()
    projector.close()
    assert {v.name: projected.rows(f"SELECT * FROM {TABLE[v.name]} ORDER BY key") for v in QUESTIONS} == before
    assert fsck(projected.folder) == []


def test_attack_claims_signed_but_false(told_folder: Path) -> None:
    """The lab itself signs an answer that its own ledger does not give: folded again, it differs."""
    read = folder_reader(told_folder / "export")
    claims = loads(read("claims.json") or b"")
    claims["models"][0]["actions"]["train"]["clearance"] = "permit"
    payload, signature = sign_claims(claims, load_signer(told_folder / "keys" / "engine.pem"))
    forged = {"claims.json": payload, "claims.sig": signature}
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    report = verify_export(lambda path: forged.get(path) or read(path), pin)
    assert report.verdict is V.INVALID
    assert {c.code for c in report.checks if c.verdict is V.INVALID} == {"claims-mismatch"}


def test_honest_claims(told_folder: Path) -> None:
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    report = verify_export(folder_reader(told_folder / "export"), pin)
    assert report.verdict is V.VALID_UNWITNESSED
    assert any(c.name == "claims" and c.code == "ok" for c in report.checks)
