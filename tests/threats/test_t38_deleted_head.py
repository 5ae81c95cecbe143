"""T38: the first entries removed, or "retention" abused to remove what is unwelcome. Entries are never purged; only the texts of
withheld fields are, once their time has passed, by a word that two disclosers sign, and that takes nothing from any proof.
"""

import json
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from api.disclosing import prepare, profile_named
from api.erasing import parse_only, plan
from api.exporting import export
from api.fsck import fsck
from api.keyring import load_signer
from api.session import Session
from api.wiring import Ledger, open_ledger, opened
from auditor.bundle import Trust, verify_zip
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from disclosures.builder import Asked
from ledger.canonical import dumps
from ledger.errors import Fault
from ledger.events import disclosure
from tests.conftest import copy_of
from tests.disclosures.forger import honest
from tests.disclosures.test_one_file_verifier import both, told
from tests.erasable import MODEL, NAME, old_folder
from tests.threats.storage import Copy

__all__ = ["old_folder"]
V = VerifyVerdict


@pytest.mark.parametrize("count", [1, 3])
def test_attack_the_first_entries_are_removed(copy: Copy, count: int) -> None:
    """By whoever administers the database: neither a start nor fsck takes what is left for a ledger."""
    place = f"notification_id <= {count}"
    found = copy.attack(
        f"DELETE FROM holdpoint.event WHERE {place}", f"DELETE FROM holdpoint.event_id WHERE {place}"
    ).look()
    assert found.start == "entry-missing"
    assert [(p.index, p.rule) for p in found.problems] == [(0, "entry-missing")]


def test_attack_no_event_purges_entries(old_folder: Path, tmp_path: Path) -> None:
    """The widest erasure that can be signed takes no entry, no leaf and no proof: it can't even be said of an open field."""
    folder = copy_of(old_folder, tmp_path / "ledger")
    with opened(folder) as ledger:
        before = [(row.entry, row.leaf) for row in ledger.desk.read_entries(0, ledger.appender.size)]
        erase(ledger)
        after = [(row.entry, row.leaf) for row in ledger.desk.read_entries(0, len(before))]
    assert after == before


def test_attack_a_redaction_that_nobody_signed_is_no_erasure() -> None:
    """A bundle that says "erased", without the two disclosers' entry: INVALID, for both verifiers."""
    lie = {
        "character": "erased", "count": 0, "ground": "its retention has passed", "id": "erased-7-0",
        "justification": "Entry 7 erased it once its retention had passed; its digests stand, and every proof holds.",
        "kind": "erased", "retained_until": None, "what": "decision.made: reason",
    }  # fmt: skip

    def bend(files: dict[str, bytes]) -> None:
        said = json.loads(files["data/redactions.json"])
        said["classes"] = sorted([*said["classes"], lie], key=lambda c: c["id"])
        files["data/redactions.json"] = dumps(said)

    report, checks, verdict = both(honest().files(bend), told()[0])
    assert (report.verdict, verdict) == (V.INVALID, "INVALID")
    assert "redactions-ground" in {c.code for c in report.checks} & {c[2] for c in checks}


def erase(ledger: Ledger) -> int:
    found = plan(ledger, MODEL, parse_only(()), 0, None, "fictional: it is over")
    assert found.body is not None
    return Session(ledger).say(disclosure.Erased, found.body, disclosure.erasures_of(MODEL), "discloser").index


def test_honest_an_erasure_keeps_valid(old_folder: Path, tmp_path: Path) -> None:
    """Everything that was proven before is proven after, under the pin of before; and the auditor lists what was erased."""
    folder = copy_of(old_folder, tmp_path / "ledger")
    engine = load_signer(folder / "keys" / "engine.pem")
    with opened(folder) as ledger:
        pin = parse_pin(Session(ledger).pin())
        asked = Asked(MODEL, "a fictional authority", profile_named("auditor-full"), since=(pin.checkpoint.size,))
        receipts = [ledger.receipt(n) for n in range(ledger.appender.size)]
        early = prepare(ledger, asked, engine)
        index = erase(ledger)
        late = prepare(ledger, asked, engine)
        export(ledger, tmp_path / "export", engine)
        assert [ledger.receipt(n)[0] for n in range(len(receipts))] == [entry for entry, _ in receipts]
        with psycopg.connect(make_conninfo(ledger.projector_url, user="postgres")) as conn:
            ((left,),) = conn.execute("SELECT count(*) FROM holdpoint.disclosure WHERE field = 'subject'").fetchall()
    assert (left, NAME.encode() in late.raw) == (0, False)
    assert verify_zip(early.raw, Trust(pin)).verdict is V.VALID_UNWITNESSED
    assert {c.code for c in verify_zip(late.raw, Trust(pin)).checks} == {
        "ok",
        "erased-needed",
    }  # what it would have handed over
    assert verify_zip(late.raw, Trust(pin)).verdict is V.INCOMPLETE
    (listed,) = [note for note in verify_zip(late.raw, Trust(pin)).notes if note.startswith("what was erased")]
    assert ("model.registered: subject" in listed, f"Entry {index}" in listed) == (True, True)
    whole = verify_export(folder_reader(tmp_path / "export"), pin)
    assert whole.verdict is V.VALID_UNWITNESSED, whole.checks
    assert fsck(folder) == []
    open_ledger(folder).close()


def test_honest_what_is_retained_can_not_be_erased_by_anyone_who_asks(old_folder: Path, tmp_path: Path) -> None:
    with opened(copy_of(old_folder, tmp_path / "ledger")) as ledger:
        found = plan(ledger, "incident/2020-001", parse_only(["incident.resolved:root_cause"]), 0, None, "too early")
        assert (found.body, len(found.retained)) == (None, 1)
    with pytest.raises(Fault, match="usage"):
        parse_only(["incident.resolved:corrective"])  # an open field
