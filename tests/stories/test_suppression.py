"""The root suppresses an entry of a running ledger: no way out hands it on, every proof stands, and the verdict says INCOMPLETE."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.disclosing import LedgerSource
from api.exporting import Export
from api.keyring import load_signer
from api.restoring import restore
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.entry import leaf_hash
from ledger.errors import Fault
from ledger.receipt import check_receipt
from ledger.tile import format_bundle, parse_bundle, tile_path
from tests.commands import Cli, running
from tests.conftest import copy_of

SECRET = "a fictional name that must not be here"
STREAM = "incident/one"


def by_the_root(cli: Cli, *words: object) -> None:
    """A verb of the root: drafted, signed on two machines, posted."""
    draft, signed = cli.folder / "draft.json", cli.folder / "draft.dsse.json"
    for path in (draft, signed):
        path.unlink(missing_ok=True)
    cli.ok(*words, "--signer", "root-1", "--signer", "root-2", "--out", draft)
    cli.ok("event", "sign", draft, "--out", signed, "--as", "root-1", "--yes")
    done = cli.ok("event", "sign", signed, "--add", "--as", "root-2", "--yes")
    assert "shown to nobody" in done.err, "each signer reads what it does"
    cli.ok("event", "post", signed)


def say(cli: Cli, who: str, stream: str, name: str, /, **body: object) -> int:
    done = cli.ok("event", "post", f"{name}={json.dumps(body)}", "--stream", stream, "--as", who, "--json")
    index: int = json.loads(done.out)["details"][0]["index"]
    return index


def observed(cli: Cli) -> int:
    """An incident whose open field holds what must not be there."""
    return say(cli, "responder", STREAM, "incident.observed", first_at=cli.ledger.now(), jurisdictions=[], surfaces=[],
               kind=SECRET, models=["model/one"])  # fmt: skip


@pytest.fixture
def lab(ledger_folder: Path, tmp_path: Path) -> Iterator[Cli]:
    """A ledger with a model, open."""
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"weights of a fictional model")
    with running(ledger_folder) as cli:
        cli.ok("register", "model/one", "--name", "Fictional-1", "--weights", weights, "--yes")
        yield cli


def test_a_suppressed_entry_leaves_by_no_door(lab: Cli, tmp_path: Path) -> None:
    pin_file, out, whole = tmp_path / "pin.json", tmp_path / "out", tmp_path / "whole"
    ledger = lab.ledger
    lab.ok("pin", pin_file)
    index = observed(lab)
    engine = load_signer(lab.folder / "keys" / "engine.pem")
    kept = Export(ledger, out, engine, keep=True)
    kept.bring()
    shutil.copytree(out, whole)
    assert [p for p in whole.rglob("*") if p.is_file() and _held(p)], "as long as it is not suppressed"
    raw, receipt = ledger.receipt(index)
    by_the_root(lab, "entry", "suppress", index, "--ground", "personal data, fictional order 7")
    size = kept.bring()
    pin = parse_pin(pin_file.read_bytes())

    assert not [p for p in out.rglob("*") if p.is_file() and _held(p)], (
        "not in one file of the export, old ones included"
    )
    report = verify_export(folder_reader(out), pin)
    assert (report.verdict, report.exit_code) == (V.INCOMPLETE, 5)
    assert {c.index for c in report.checks if c.code == "suppressed"} == {index}
    assert verify_export(folder_reader(whole), pin).verdict is V.VALID_UNWITNESSED, "an earlier copy keeps it"
    check_receipt(receipt, raw, pin.vkeys, pin.origin)

    web = TestClient(create_app(ledger), base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    for width in (index + 1, size):
        entries = parse_bundle(web.get(f"/log/{tile_path(None, 0, width)}").content, width)
        assert entries[index] == b"", "of every width"
    gone = web.get(f"/v1/entries/{index}")
    assert (gone.status_code, gone.json()["reason"]) == (410, "entry-suppressed")
    assert web.get(f"/v1/entries/{index}/receipt").status_code == 410
    proof = web.get(f"/v1/entries/{index}/receipt", headers={"accept": "text/plain"})
    check_receipt(proof.text, raw, pin.vkeys, pin.origin)
    row = next(r for r in web.get(f"/v1/entries?stream={STREAM}").json()["entries"] if r["index"] == index)
    assert (row["entry"], row["suppressed_at"], row["leaf"]) == (None, size - 1, leaf_hash(raw).hex())
    assert web.get("/v1/entries", params={"text": SECRET[2:20]}).json()["entries"] == []
    assert SECRET not in web.get("/models/one").text
    for url in ("/v1/models/one/history", "/v1/incidents", "/v1/incidents/one", f"/v1/incidents/one?at={size - 1}"):
        assert web.get(url).status_code == 200
        assert SECRET not in web.get(url).text
    shown = lab("event", "show", index)
    assert (shown.code, SECRET in shown.out + shown.err) == (5, False)
    assert "entry-suppressed" in shown.err
    assert SECRET not in lab.ok("history", STREAM).out + lab.ok("incident", "show", "one").out

    source = LedgerSource(ledger, size)
    assert (source.entry(index), dict(source.of_stream(STREAM))[index]) == (b"", b""), "no bundle is made of it"

    (cut := tmp_path / "cut").mkdir()
    kept_whole = Export(ledger, cut, engine)
    kept_whole.bring()
    assert verify_export(folder_reader(cut), pin).verdict is V.INCOMPLETE


def test_a_suppressed_disclosure_is_listed_without_its_words(lab: Cli, tmp_path: Path) -> None:
    """To whom something went is an open field; of a suppressed one the lists say that it was made, and by whom."""
    done = lab.ok("disclose", "--profile", "public-notice", "--subject", "model/one", "--recipient", SECRET, "--out",
                  tmp_path / "b.zip", "--yes", "--json")  # fmt: skip
    (said,) = json.loads(done.out)["details"]
    index = said["released_at_index"]
    web = TestClient(create_app(lab.ledger), base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    urls = [
        "/v1/disclosures",
        f"/v1/disclosures?at={index + 1}",
        f"/v1/disclosures/{said['digest'][7:39]}",
        "/disclosures",
    ]
    assert [SECRET in web.get(url).text for url in urls] == [True] * 4
    by_the_root(lab, "entry", "suppress", index, "--ground", "fictional")
    for url in (*urls, f"/disclosures?at={index + 1}"):
        answer = web.get(url)
        assert (answer.status_code, SECRET in answer.text) == (200, False), url
        assert said["digest"] in answer.text


def _held(path: Path) -> bool:
    raw = path.read_bytes()
    words = [SECRET.encode(), *(base64.b64encode(SECRET.encode()[n : n + 30]) for n in range(3))]
    return any(w in raw for w in words)


def test_an_export_that_was_cut_short_before_the_suppression_goes_on(lab: Cli, tmp_path: Path) -> None:
    """Killed between bundles and checkpoint: the bundle of that size stands there whole, and is written anew without the entry."""
    ledger, out = lab.ledger, tmp_path / "out"
    index = observed(lab)
    by_the_root(lab, "entry", "suppress", index, "--ground", "fictional")
    size = ledger.appender.size
    rows = list(ledger.desk.read_entries(0, size))
    engine = load_signer(lab.folder / "keys" / "engine.pem")
    path = out / tile_path(None, 0, size)
    path.parent.mkdir(parents=True)
    path.write_bytes(format_bundle([r.entry for r in rows]))
    Export(ledger, out, engine).bring()
    assert parse_bundle(path.read_bytes(), size)[index] == b""
    other = tmp_path / "other"
    foreign = other / tile_path(None, 0, size)
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(format_bundle([r.entry if r.index else b"{}" for r in rows]))
    with pytest.raises(Fault, match="export-conflict"):
        Export(ledger, other, engine).bring()


def test_a_restore_says_that_the_export_lacks_the_entry(lab: Cli, tmp_path: Path) -> None:
    index = observed(lab)
    by_the_root(lab, "entry", "suppress", index, "--ground", "fictional")
    lab.ok("export", tmp_path / "out")
    lost = copy_of(lab.folder, tmp_path / "lost")
    shutil.rmtree(lost / "pg")
    with pytest.raises(Fault, match="entry-suppressed"):
        restore(lost, folder_reader(tmp_path / "out"))
