"""T41 (and F20): an old backup restored, then appended to. Read-only until the missing entries are back; no second tree, ever."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from api.anchoring import Brought, bring_anchor, from_pin
from api.app import create_app
from api.exporting import export
from api.fsck import fsck
from api.gate_text import ask as gate
from api.handing_over import write_pin
from api.keyring import load_signer
from api.restoring import restore
from api.session import Session
from api.wiring import Ledger, open_ledger
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import Read, verify_export
from ledger.errors import Fault
from ledger.events import model, principal
from ledger.store.anchor import Anchor
from ledger.tile import tile_path
from policies.answer import Answer, Request
from tests.conftest import copy_of
from tests.simulator import KEY_ADMINS, Lab
from tests.threats.storage import Copy, Vault, cut_to, signed_notes
from tests.watcher import World


def ask(ledger: Ledger, method: str, url: str, **options: Any) -> Any:
    async def go() -> Any:
        transport = httpx2.ASGITransport(app=create_app(ledger), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, url, **options)

    return asyncio.run(go())


def one_more(ledger: Ledger, name: str) -> Any:
    session = Session(ledger)
    said = {"kind": "base", "subject": {"name": name, "weights": "sha256:" + "0" * 64}}
    return session.write(model.Registered, said, f"model/{name}", session.signers("assessor"))


def backup_at(copy: Copy, vault: Vault, at: int = 200) -> int:
    size = max(s for s in signed_notes(vault.folder) if s <= at)
    note = signed_notes(vault.folder)[size]
    copy.attack(cut_to(size))
    copy.attack(lambda conn: conn.execute("INSERT INTO holdpoint.note VALUES (%s, %s)", (size, note)))
    return size


def refusal(act: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        act()
    return caught.value


def test_attack_backup_restored_is_served_read_only(copy: Copy, vault: Vault) -> None:
    """Reads go on under the note that was kept; an append is refused with both sizes; the gate does not clear; no signature."""
    size = backup_at(copy, vault)
    assert refusal(lambda: open_ledger(copy.folder)).code == "diverged"
    ledger = open_ledger(copy.folder, read_only=True)
    try:
        answer = ask(ledger, "POST", "/v1/entries", content=one_more(ledger, "late").wire(),
                     headers={"content-type": "application/json"})  # fmt: skip
        assert (answer.status_code, answer.json()["reason"]) == (503, "read-only")
        sizes = f"anchored size 280, stored size {size}"
        assert sizes in refusal(lambda: Session(ledger).post(one_more(ledger, "later"))).detail
        assert ask(ledger, "GET", "/readyz?for=writes").status_code == 503
        ready = ask(ledger, "GET", "/readyz")
        assert (ready.status_code, sizes in ready.json()["parts"]["appender"]) == (200, True), "ready for reads"
        assert ask(ledger, "GET", "/log/checkpoint").text == signed_notes(vault.folder)[size], "kept, not signed again"
        assert ask(ledger, "GET", "/log/tile/0/000.p/5").status_code == 200
        entry, receipt = ledger.receipt(17)
        assert signed_notes(vault.folder)[size] in receipt
        assert entry == copy.rows("SELECT state FROM holdpoint.event WHERE notification_id = 18")[0][0]
        with ledger.view() as view:
            assert view.as_of.verified is False
    finally:
        ledger.close()
    assert copy.rows("SELECT size FROM holdpoint.head") == [(size,)]
    evidence = json.loads((copy.folder / f"diverged-280-{size}.json").read_text())
    assert (evidence["anchored"]["size"], evidence["stored"]["size"]) == (280, size)
    anchor = Anchor(copy.folder / "anchor")
    assert anchor.head is not None
    assert anchor.head.size == 280
    anchor.close()


def test_attack_gate_does_not_clear(copy: Copy, vault: Vault) -> None:
    """A permit of the past is no permit now: what came after it is missing."""
    backup_at(copy, vault)
    ledger = open_ledger(copy.folder, read_only=True)
    try:
        _, clearance, _ = gate(ledger, Request("model/fictional-one", "external_deploy"))
        assert (clearance.answer, clearance.reasons) == (Answer.UNDETERMINED, ("ledger-not-verified",))
        _, past, _ = gate(ledger, Request("model/fictional-one", "external_deploy"), 44)
        # Past answers keep coming, and say the same: which of its entries a restored backup has kept, it can't tell.
        assert (past.answer, past.reasons) == (Answer.UNDETERMINED, ("ledger-not-verified",))
    finally:
        ledger.close()


def test_attack_forced_append_then_an_old_reader(copy: Copy, vault: Vault, tmp_path: Path) -> None:
    """Someone removes the anchor, brings an old one, and appends: pins and the newer anchor contradict it for ever."""
    size = backup_at(copy, vault)
    newer = (copy.folder / "anchor").read_bytes()
    (copy.folder / "anchor").unlink()
    bring_anchor(copy.folder, Brought(signed_notes(vault.folder)[size], "an old note"))
    ledger = open_ledger(copy.folder)
    session = Session(ledger)
    session.post_all([one_more(ledger, f"forked{n}") for n in range(90)])
    export(ledger, tmp_path / "fork", load_signer(copy.folder / "keys" / "engine.pem"))
    ledger.close()
    pin = parse_pin((vault.folder / "pin.json").read_bytes())
    report = verify_export(folder_reader(tmp_path / "fork"), pin)
    assert (report.verdict, report.size > 280) == (V.DIVERGED, True)
    (copy.folder / "anchor").write_bytes(newer)
    for read_only in (True, False):
        fault = refusal(lambda read_only=read_only: open_ledger(copy.folder, read_only=read_only))
        assert (fault.code, "another root" in fault.detail) == ("diverged", True)
    assert len(list(copy.folder.glob("diverged-280-*.json"))) == 1, "what contradicts what is kept"
    assert [p.rule for p in fsck(copy.folder)] == ["diverged"]
    fault = refusal(lambda: restore(copy.folder, folder_reader(vault.folder / "export")))
    assert fault.code in ("diverged", "nothing-missing")


@pytest.mark.parametrize("defect", ["short", "foreign", "torn", "other-entries", "no-bundle"])
def test_attack_restore_from_a_bad_export(copy: Copy, vault: Vault, told_folder: Path, defect: str) -> None:
    """Nothing is written before all of it fits."""
    size = backup_at(copy, vault)
    good = folder_reader(vault.folder / "export")
    short = folder_reader(told_folder / "export")
    first = tile_path(None, 0)

    def bad(name: str) -> bytes | None:
        content = good(name)
        match defect:
            case "short":
                return short(name)
            case "foreign" if name == "checkpoint":
                return (content or b"").replace(b"dev/fictional-lab.example", b"dev/other-lab.example")
            case "torn" if name == first:
                return (content or b"")[:-5]
            case "other-entries" if name == first:
                return (content or b"")[:-5] + b"xxxxx"
            case "no-bundle" if name == first:
                return None
        return content

    code = {"short": "export-short", "foreign": "export-unusable", "torn": "bundle-cut", "other-entries": "diverged",
            "no-bundle": "export-unusable"}[defect]  # fmt: skip
    with pytest.raises(Exception) as caught:
        restore(copy.folder, bad)
    assert getattr(caught.value, "code", "") == code
    assert copy.rows("SELECT size FROM holdpoint.head") == [(size,)]
    assert copy.rows("SELECT count(*) FROM holdpoint.event") == [(size,)]


def interrupted(read: Read, after: int) -> Read:
    """A mirror that goes away."""
    left = [after]

    def reading(name: str) -> bytes | None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("gone")
        return read(name)

    return reading


@pytest.mark.parametrize("cut", [0, 1, 63, 200])
def test_honest_restore_resumes(copy: Copy, vault: Vault, tmp_path: Path, cut: int) -> None:
    """Missing entries come back from an export; the root is the anchored one; appends go on; the pin still holds."""
    size = max([s for s in signed_notes(vault.folder) if s <= cut], default=0)
    copy.attack(cut_to(size))
    with pytest.raises(OSError, match="gone"):
        restore(copy.folder, interrupted(folder_reader(vault.folder / "export"), 4))
    done = restore(copy.folder, folder_reader(vault.folder / "export"))
    assert (done.before >= size, done.after) == (True, 280)
    assert refusal(lambda: restore(copy.folder, folder_reader(vault.folder / "export"))).code == "nothing-missing"
    assert fsck(copy.folder) == []
    assert copy.rows("SELECT state FROM holdpoint.event ORDER BY notification_id") == _entries(vault)
    ledger = open_ledger(copy.folder)
    try:
        assert Session(ledger).post(one_more(ledger, "after")).index == 280
        export(ledger, tmp_path / "out", load_signer(copy.folder / "keys" / "engine.pem"))
    finally:
        ledger.close()
    pin = parse_pin((vault.folder / "pin.json").read_bytes())
    assert verify_export(folder_reader(tmp_path / "out"), pin).verdict is V.VALID_UNWITNESSED


def _entries(vault: Vault) -> list[tuple[bytes]]:
    with psycopg.connect(vault.server.url("postgres")) as conn:
        return conn.execute("SELECT state FROM holdpoint.event ORDER BY notification_id").fetchall()


def test_honest_only_the_anchor_is_old(copy: Copy, vault: Vault) -> None:
    """F20: the head is ahead and consistent: anchored, signed, on it goes."""
    (copy.folder / "anchor").unlink()
    assert refusal(lambda: open_ledger(copy.folder)).code == "anchor-missing"
    old = max(s for s in signed_notes(vault.folder) if s < 200)
    assert bring_anchor(copy.folder, Brought(signed_notes(vault.folder)[old], "a note"))[1] == 280
    ledger = open_ledger(copy.folder)
    assert ledger.appender.published[0] == 280
    ledger.close()


def test_honest_anchor_from_a_pin(copy: Copy, vault: Vault, told_folder: Path) -> None:
    pin = parse_pin((vault.folder / "pin.json").read_bytes())
    assert refusal(lambda: bring_anchor(copy.folder, from_pin(pin))).code == "anchor-present"
    (copy.folder / "anchor").write_bytes(b"x" * 2048)
    assert refusal(lambda: open_ledger(copy.folder)).code == "anchor-torn"
    assert bring_anchor(copy.folder, from_pin(pin))[0].size == 280
    assert (copy.folder / "anchor.torn").read_bytes() == b"x" * 2048
    open_ledger(copy.folder).close()


def test_attack_anchor_from_a_pin_of_another_tree(
    copy: Copy, vault: Vault, founded_folder: Path, tmp_path: Path
) -> None:
    (copy.folder / "anchor").unlink()
    other = open_ledger(copy_of(founded_folder, tmp_path / "other"))
    write_pin(other, tmp_path / "other.json")
    other.close()
    foreign = parse_pin((tmp_path / "other.json").read_bytes())
    assert refusal(lambda: bring_anchor(copy.folder, from_pin(foreign))).code == "checkpoint-foreign"
    copy.attack("UPDATE holdpoint.event SET recorded_at = recorded_at WHERE notification_id = 1", cut_to(200))
    pin = parse_pin((vault.folder / "pin.json").read_bytes())
    head, stored = bring_anchor(copy.folder, from_pin(pin))
    assert (head.size, stored) == (280, 200), "brought, and DIVERGED says what is missing"
    assert refusal(lambda: open_ledger(copy.folder)).code == "diverged"


def test_attack_a_monitor_sees_the_restored_backup_and_then_the_fork(tmp_path: Path) -> None:
    """Set back it shows less than before; appended to, it is another history."""
    lab = Lab("dev/restored")
    backup = lab.fork()
    for name in ("a", "b", "c"):
        lab.say(principal.Registered, {"id": name, "kind": "person", "unit": "safety"}, "ledger", *KEY_ADMINS)
    world = World(tmp_path)
    world.keys, world.max_age = lab.log.vkeys, 10**9
    world.show(lab.export())
    assert world.look() == []
    world.show(backup.export())
    assert world.look() == ["rollback"]
    for name in ("d", "e", "f", "g"):
        backup.say(principal.Registered, {"id": name, "kind": "person", "unit": "safety"}, "ledger", *KEY_ADMINS)
    world.show(backup.export())
    assert world.look() == ["split-view"]


def test_honest_log_raises_nothing_at_a_monitor(tmp_path: Path) -> None:
    lab, world = Lab("dev/restored"), World(tmp_path)
    world.keys, world.max_age = lab.log.vkeys, 10**9
    for name in ("a", "b"):
        world.show(lab.export())
        assert world.look() == []
        lab.say(principal.Registered, {"id": name, "kind": "person", "unit": "safety"}, "ledger", *KEY_ADMINS)
