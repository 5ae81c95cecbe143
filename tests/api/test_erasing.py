"""Erasing on a real database: nothing before its time, all of it at once, and every proof as before."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from api.disclosing import prepare, profile_named
from api.erasing import parse_only, plan, sweep
from api.exporting import export
from api.fsck import fsck
from api.keyring import load_signer
from api.restoring import restore
from api.session import RefusedError, Session
from api.wiring import Ledger, open_ledger, opened
from auditor.bundle import Trust, verify_zip
from auditor.pin import parse_pin
from auditor.source import folder_reader
from disclosures.builder import Asked
from disclosures.shown import read_shown
from disclosures.static import verify as one_file
from disclosures.stored_zip import parse_zip
from ledger.errors import Fault
from ledger.events import disclosure, model
from tests.commands import run
from tests.conftest import copy_of
from tests.erasable import CAUSE, INCIDENT, MODEL, NAME, SUMMARY, old_folder

__all__ = ["old_folder"]
SUBJECT, ROOT_CAUSE = frozenset({"subject"}), frozenset({"root_cause"})


@pytest.fixture
def folder(old_folder: Path, tmp_path: Path) -> Path:
    return copy_of(old_folder, tmp_path / "ledger")


@pytest.fixture
def old(folder: Path) -> Iterator[Ledger]:
    ledger = open_ledger(folder)
    yield ledger
    ledger.close()


def erase(ledger: Ledger, stream: str, *only: str, last: int | None = None) -> int:
    """Erase as the command does; the index of the event."""
    found = plan(ledger, stream, parse_only(only), 0, last, "fictional: it is over")
    assert found.body is not None
    return Session(ledger).say(disclosure.Erased, found.body, disclosure.erasures_of(stream), "discloser").index


def rows(ledger: Ledger) -> list[tuple[int, str]]:
    with psycopg.connect(make_conninfo(ledger.projector_url, user="postgres")) as conn:
        found = conn.execute("SELECT notification_id - 1, field FROM holdpoint.disclosure ORDER BY 1, 2").fetchall()
    return [(int(index), str(field)) for index, field in found]


def test_what_has_had_its_time_goes_and_the_rest_stays(old: Ledger) -> None:
    before = rows(old)
    registered, observed, resolved = (index for index, _ in before)
    found = plan(old, INCIDENT, parse_only(()), 0, None, "over")
    assert [(c.type, c.field, c.rows, c.first, c.last) for c in found.counts] == [
        ("incident.observed", "summary", 1, observed, observed)
    ]
    assert [(c.type, c.field, c.retained, c.retained_from) for c in found.retained] == [
        ("incident.resolved", "root_cause", 1, resolved)
    ]
    assert rows(old) == before, "a plan changes nothing"
    index = erase(old, INCIDENT)
    assert rows(old) == [(registered, "subject"), (resolved, "root_cause")]
    assert old.vault.released(observed, frozenset({"summary"})) == ()
    assert len(old.vault.released(resolved, ROOT_CAUSE)) == 1
    assert old.appender.state.get("erased", INCIDENT)[0].index == index


def test_before_its_time_it_is_refused_and_nothing_changes(old: Ledger) -> None:
    before, size = rows(old), old.appender.size
    resolved = before[-1][0]
    assert plan(old, INCIDENT, parse_only(["incident.resolved:root_cause"]), 0, None, "over").body is None
    classes = [
        {"fields": ["summary"], "type": "incident.observed"},
        {"fields": ["root_cause"], "type": "incident.resolved"},
    ]
    body = {"classes": classes, "first": 0, "ground": "too early", "last": resolved, "stream": INCIDENT}
    with pytest.raises(RefusedError, match="still-retained") as caught:
        Session(old).say(disclosure.Erased, body, disclosure.erasures_of(INCIDENT), "discloser")
    assert dict(caught.value.refused.facts)["retained_until"] > old.now()
    assert (rows(old), old.appender.size) == (before, size), "all or nothing: what was over did not go either"


def test_nothing_that_is_not_there_is_erased(old: Ledger) -> None:
    erase(old, MODEL)
    size = old.appender.size
    body = {
        "classes": [{"fields": ["subject"], "type": "model.registered"}],
        "first": 0,
        "ground": "again",
        "last": size - 1,
        "stream": MODEL,
    }
    with pytest.raises(RefusedError, match="nothing-to-erase"):
        Session(old).say(disclosure.Erased, body, disclosure.erasures_of(MODEL), "discloser")
    assert old.appender.size == size


def test_one_discloser_alone_erases_nothing(old: Ledger) -> None:
    session, before = Session(old), rows(old)
    found = plan(old, MODEL, parse_only(()), 0, None, "over")
    assert found.body is not None
    alone = session.write(
        disclosure.Erased, found.body, disclosure.erasures_of(MODEL), session.signers("discloser")[:1]
    )
    with pytest.raises(RefusedError, match="quorum-short"):
        session.post(alone)
    assert rows(old) == before


def test_it_is_erased_in_its_batch_with_others(old: Ledger) -> None:
    """In one commit: an erasure, and an event whose field comes with it."""
    session = Session(old)
    found = plan(old, MODEL, parse_only(()), 0, None, "over")
    assert found.body is not None
    gone = session.write(disclosure.Erased, found.body, disclosure.erasures_of(MODEL), session.signers("discloser", 2))
    said = {"kind": "base", "subject": {"name": "New", "weights": "sha256:" + "1" * 64}}
    new = session.write(model.Registered, said, "model/fictional-new", session.signers("assessor"))
    one, two = session.post_all([gone, new])
    assert two.index == one.index + 1
    assert [index for index, field in rows(old) if field == "subject"] == [two.index]


def test_a_field_of_its_own_batch_is_retained(old: Ledger) -> None:
    """Refused by itself: the database would refuse the whole batch, and with it what others sent."""
    session, size = Session(old), old.appender.size
    said = {"kind": "base", "subject": {"name": "New", "weights": "sha256:" + "1" * 64}}
    new = session.write(model.Registered, said, "model/fictional-new", session.signers("assessor"))
    body = {
        "classes": [{"fields": ["subject"], "type": "model.registered"}],
        "first": 0,
        "ground": "too early",
        "last": size,
        "stream": "model/fictional-new",
    }
    place = disclosure.erasures_of("model/fictional-new")
    early = session.write(disclosure.Erased, body, place, session.signers("discloser", 2))
    with pytest.raises(RefusedError, match="still-retained"):
        session.post_all([new, early])
    assert old.appender.size == size
    assert session.post(new).index == size


def test_every_proof_stays_and_the_bundle_says_what_was_erased(old: Ledger) -> None:
    pin, engine = parse_pin(Session(old).pin()), load_signer(old.folder / "keys" / "engine.pem")
    asked = Asked(MODEL, "a fictional authority", profile_named("auditor-full"), since=(pin.checkpoint.size,))
    earlier = prepare(old, asked, engine)
    assert NAME.encode() in b"".join(bytes(json.dumps(e.body), "utf-8") for e in shown(earlier.raw).entries)
    index = erase(old, MODEL)
    later = prepare(old, asked, engine)
    for bundle, gone in ((earlier, set()), (later, {"erased-needed"})):  # the profile would have handed it over
        assert {c.code for c in verify_zip(bundle.raw, Trust(pin)).checks} == {"ok"} | gone
        assert {c[2] for c in one_file.verify(bundle.raw, None)[0]} - {"ok", "no-pin", "claims-not-folded"} == gone
    seen = shown(later.raw)
    assert [e.index for e in seen.entries if e.type == "disclosure.erased"] == [index]
    (gone,) = [c for c in seen.redactions.classes if c.kind == "erased"]
    assert (gone.id, gone.what, gone.ground) == (
        f"erased-{index}-0",
        "model.registered: subject",
        "fictional: it is over",
    )
    assert [c for c in seen.redactions.classes if c.kind == "unheld" and "subject" in c.what] == []
    notes = verify_zip(later.raw, Trust(pin)).notes
    assert any("model.registered: subject" in note and str(index) in note for note in notes)
    assert NAME.encode() not in later.raw


def shown(raw: bytes):  # type: ignore[no-untyped-def]  # what read_shown returns
    return read_shown(parse_zip(raw))


def test_the_command_previews_erases_and_takes_its_copies_along(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", str(folder))
    with opened(folder) as ledger:
        before, size = rows(ledger), ledger.appender.size
        kept = prepare(
            ledger, Asked(MODEL, "x", profile_named("auditor-full")), load_signer(folder / "keys" / "engine.pem")
        )
    copies = {p: p.read_text() for p in (folder / "disclosures").glob("*.jsonl")}
    assert len(copies) == 3
    assert run("erase", MODEL, *data, "--preview", "--json") == 0
    (said,) = json.loads(capsys.readouterr().out)["details"]
    assert (said["rows"], said["body"]["classes"]) == (1, [{"fields": ["subject"], "type": "model.registered"}])
    assert run("erase", INCIDENT, *data, "--preview") == 0
    told = capsys.readouterr().out
    assert ("incident.observed summary: 1" in told, "stays: incident.resolved root_cause: 1" in told) == (True, True)
    assert not {w for w in (NAME, SUMMARY, CAUSE) if w in told}, "classes, never values"
    with opened(folder) as ledger:
        assert (rows(ledger), ledger.appender.size) == (before, size + 1), (
            "previews change nothing; the bundle committed the index"
        )
    assert run("erase", MODEL, *data, "--yes", "--json") == 0
    (done,) = json.loads(capsys.readouterr().out.splitlines()[-1])["details"]
    assert (done["rows"], done["copies"]) == (1, 2), "the submitter's copy and the bundle"
    assert len([p for p in copies if p.read_text()]) == 2
    assert list((folder / "bundles").glob("*.zip")) == []
    assert kept.digest
    assert run("erase", MODEL, *data, "--yes") != 0
    assert "nothing-to-erase" in capsys.readouterr().err
    assert run("erase", INCIDENT, *data, "--only", "incident.resolved:root_cause", "--yes") != 0
    assert "still-retained" in capsys.readouterr().err
    assert run("erase", INCIDENT, *data, "--only", "incident.resolved:kind") == 2
    assert fsck(folder) == []


def test_copies_that_a_crash_left_go_with_the_next_run(old: Ledger) -> None:
    kept = {p: p.read_bytes() for p in (old.folder / "disclosures").glob("*")}
    erase(old, MODEL)
    assert {p: p.read_bytes() for p in (old.folder / "disclosures").glob("*")} == kept, "the crash: nothing swept"
    (path,) = sweep(old)
    assert path.read_bytes() == b""
    assert sweep(old) == []
    untouched = [p for p in kept if p != path]
    assert all(p.read_bytes() == kept[p] for p in untouched)


def test_a_crash_at_the_record_of_a_model_leaves_what_finds_it(old: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name and weights of an erased text lie in a file of their own, which only the copy leads to."""
    record = old.folder / "disclosures" / f"{old.appender.state.get('subject', MODEL)}.subject.json"
    record.write_text(NAME)
    erase(old, MODEL)
    with monkeypatch.context() as cut:
        cut.setattr(Path, "unlink", cut_off)
        with pytest.raises(OSError, match="cut off"):
            sweep(old)
    assert record.exists()
    assert record in sweep(old)
    assert not record.exists()


def cut_off(path: Path, *, missing_ok: bool = False) -> None:
    raise OSError(f"cut off at {path}, {missing_ok}")


def test_fsck_finds_rows_that_somebody_brought_back(folder: Path) -> None:
    with (
        opened(folder) as old,
        psycopg.connect(make_conninfo(old.projector_url, user="postgres"), autocommit=True) as conn,
    ):
        conn.execute("CREATE TABLE public.kept AS SELECT * FROM holdpoint.disclosure")
        index = erase(old, MODEL)
        conn.execute("INSERT INTO holdpoint.disclosure SELECT * FROM public.kept ON CONFLICT DO NOTHING")
    assert [(p.index, p.rule) for p in fsck(folder)] == [(index, "field-mismatch")]


def test_only_what_a_type_may_withhold_is_named() -> None:
    assert parse_only(["decision.made:reason"]) == {"decision.made": {"reason"}}
    with pytest.raises(Fault, match="usage"):
        parse_only(["decision.made"])


@pytest.mark.parametrize("backup", [True, False])
def test_a_restore_erases_again(folder: Path, old_folder: Path, tmp_path: Path, backup: bool) -> None:
    """The backup is of before the erasure, or there is none: the export brings its entry, and the rows that it names go with it."""
    with opened(folder) as old:
        erase(old, MODEL)
        export(old, tmp_path / "out", load_signer(folder / "keys" / "engine.pem"))
    shutil.rmtree(folder / "pg")
    if backup:
        shutil.copytree(old_folder / "pg", folder / "pg", ignore=shutil.ignore_patterns("socket", "lock"))
    restore(folder, folder_reader(tmp_path / "out"))
    with opened(folder) as again:
        assert [field for _, field in rows(again)] == (["summary", "root_cause"] if backup else [])
    assert fsck(folder) == []
