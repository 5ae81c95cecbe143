"""`holdpoint disclose` on a real database: built, signed by two, and only then handed out; verified by who holds a pin alone."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from msgspec.inspect import VarTupleType, type_info
from msgspec.structs import fields

from api.cli.disclose import disclose as cli_disclose
from api.disclosing import EARLIER, LedgerSource, prepare, profile_named, released
from api.handed_over import bundle_path
from api.keyring import load_signer
from api.preparing import DisclosureRequest
from api.recipients import recipient_scope
from api.session import Session
from api.wiring import opened
from auditor.bundle import Trust, verify_zip
from auditor.pin import parse_pin
from auditor.verdict import VerifyVerdict
from disclosures.absence import EDGES
from disclosures.bag import bag_files, check_bag, seal_bag
from disclosures.builder import Asked
from disclosures.parts import BundleRequest
from disclosures.report_html import render
from disclosures.shown import Shown, read_shown
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip, parse_zip
from ledger.canonical import dumps
from ledger.errors import Fault, Malformed
from ledger.stream_index import Head
from tests.commands import run

MODEL, WHO = "model/fictional-one", "a fictional authority"


def disclose(folder: Path, out: Path, profile: str, *more: str) -> int:
    words = ("disclose", "--data", str(folder), "--profile", profile, "--subject", MODEL, "--recipient", WHO)
    return run(*words, "--out", str(out), "--yes", *more)


def shown_in(path: Path) -> Shown:
    return read_shown(parse_zip(path.read_bytes()))


def pinned(folder: Path) -> Any:
    with opened(folder) as ledger:
        return parse_pin(Session(ledger).pin())


@pytest.mark.parametrize("profile", ["auditor-full", "public-notice", "california-oes-incident"])
def test_a_bundle_verifies_under_a_pin_from_before(story_folder: Path, tmp_path: Path, profile: str) -> None:
    pin = pinned(story_folder)
    out = tmp_path / "b.zip"
    assert disclose(story_folder, out, profile, "--action", "external_deploy") == 0
    report = verify_zip(out.read_bytes(), Trust(pin))
    assert [c for c in report.checks if c.verdict is not VerifyVerdict.VALID_UNWITNESSED] == []
    checks, _ = one_file.verify(out.read_bytes(), None)
    claimed = {"claims-not-folded"} if shown_in(out).claims.claims else set()
    assert {c[2] for c in checks} == {"ok", "no-pin", *claimed}, checks
    shown = shown_in(out)
    assert shown.request.recipient == WHO
    assert [e.type for e in shown.entries if e.stream == MODEL and e.type == "decision.made"] == (
        [] if profile == "california-oes-incident" else ["decision.made"] * 2
    )
    kinds = [c["kind"] for c in shown.claims.claims]
    assert kinds == {"auditor-full": ["decision", "decision", "status"], "public-notice": ["decision"] * 2}.get(
        profile, []
    )
    assert out.with_name("b.zip.released.tlog-proof").read_text().startswith("c2sp.org/tlog-proof@v1\n")


def test_the_example_of_its_help_is_run(story_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(story_folder.parent)
    words = shlex.split((cli_disclose.__doc__ or "").split("Example: holdpoint ")[1].strip())
    assert run(*words, "--data", str(story_folder)) == 0
    assert shown_in(Path("notice.zip")).request.recipient == "public"


def test_the_name_of_the_model_leaves_only_where_the_profile_says_so(story_folder: Path, tmp_path: Path) -> None:
    notice, full = tmp_path / "notice.zip", tmp_path / "full.zip"
    assert disclose(story_folder, notice, "public-notice") == 0
    assert disclose(story_folder, full, "auditor-full") == 0
    names = {
        e.body["subject"]["name"]
        for e in shown_in(full).entries
        if e.type == "model.registered" and "subject" in e.disclosed
    }
    assert names
    for name in names:
        assert name.encode() not in notice.read_bytes()
    assert all(not e.disclosed for e in shown_in(notice).entries)


def test_the_same_request_at_the_same_checkpoint_gives_the_same_bytes(story_folder: Path) -> None:
    asked = Asked(MODEL, WHO, profile_named("public-notice"))
    engine = load_signer(story_folder / "keys" / "engine.pem")
    with opened(story_folder) as ledger:
        one, two = prepare(ledger, asked, engine), prepare(ledger, asked, engine)
        assert one == two
        assert prepare(ledger, Asked(MODEL, "somebody else", asked.profile), engine).digest != one.digest


def test_nothing_is_handed_out_before_two_have_signed(
    story_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, draft, sealed = tmp_path / "b.zip", tmp_path / "made.json", tmp_path / "made.dsse.json"
    data = ("--data", str(story_folder))
    asked = ("--profile", "public-notice", "--subject", MODEL, "--recipient", WHO)
    assert run("disclose", *data, *asked, "--prepare", "--json") == 0
    (said,) = json.loads(capsys.readouterr().out)["details"]
    assert not out.exists()
    assert run("disclose", *data, "--release", said["digest"], "--out", str(out)) == 1
    assert "bundle-unreleased" in capsys.readouterr().err
    assert not out.exists()
    body = bundle_path(story_folder, said["digest"]).with_suffix(".json")
    assert json.loads(body.read_text()) == said["body"]
    both = ("--signer", "discloser-1", "--signer", "discloser-2")
    assert (
        run("event", "new", f"disclosure.made=@{body}", *data, "--stream", said["stream"], "--out", str(draft), *both)
        == 0
    )
    assert run("event", "sign", str(draft), *data, "--as", "discloser-1", "--yes", "--out", str(sealed)) == 0
    assert run("event", "post", str(sealed), *data) != 0
    with opened(story_folder) as ledger, pytest.raises(Fault, match="bundle-unreleased"):
        released(ledger, said["digest"])
    assert run("event", "sign", str(sealed), *data, "--add", "--as", "discloser-2", "--yes") == 0
    assert run("event", "post", str(sealed), *data) == 0
    assert run("disclose", *data, "--release", said["digest"], "--out", str(out)) == 0
    assert out.read_bytes() == bundle_path(story_folder, said["digest"]).read_bytes()


def test_a_token_for_a_recipient_opens_that_name_alone(story_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(story_folder))
    assert run("token", "issue", "office", "--bundles-for", "EU AI Office", *data) == 0
    (held,) = [
        t["scopes"]
        for t in json.loads((story_folder / "tokens.json").read_text()).values()
        if "bundles" in t["scopes"][0]
    ]
    assert held == [recipient_scope("EU AI Office")]
    capsys.readouterr()
    assert run("token", "issue", "nobody", *data) != 0
    assert "scope-unknown" in capsys.readouterr().err


def test_a_stream_that_there_is_not_is_proven_absent(
    story_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, none = tmp_path / "b.zip", "incident/none-here"
    assert disclose(story_folder, out, "public-notice", "--absent", none) == 0
    size = shown_in(out).completeness.committed.size
    printed = capsys.readouterr().out
    beside = {s.stream for s in _heads(story_folder, size)}
    assert any(f"show that these streams exist: {name}" in printed for name in beside), printed
    assert run("verify", str(out)) == 5
    assert f"no stream {none} as of size {size}" in capsys.readouterr().out
    assert disclose(story_folder, tmp_path / "c.zip", "public-notice", "--absent", MODEL) == 2
    assert "absent-exists" in capsys.readouterr().err
    assert disclose(story_folder, tmp_path / "c.zip", "public-notice", "--absent", "Not A Stream") == 2
    assert not (tmp_path / "c.zip").exists()


def test_a_decision_whose_frameworks_are_left_out_is_short(story_folder: Path) -> None:
    """Its gate's answer names the packs that it was judged by: their streams can't be left out, whatever the claim says."""
    engine = load_signer(story_folder / "keys" / "engine.pem")
    with opened(story_folder) as ledger:
        files = parse_zip(prepare(ledger, Asked(MODEL, WHO, profile_named("auditor-full")), engine).raw)
    gone = [e.index for e in read_shown(files).entries if e.stream.startswith("framework/")]
    payload = {p: c for p, c in files.items() if p.startswith("data/") and not p.startswith("data/frameworks/")}
    for n in gone:
        del payload[f"data/events/{n}.json"], payload[f"data/proofs/{n}.tlog-proof"]
    ends, claims = json.loads(payload["data/completeness.json"]), json.loads(payload["data/claims.json"])
    ends["streams"] = [s for s in ends["streams"] if not s["stream"].startswith("framework/")]
    for claim in claims["claims"]:
        claim["frameworks"] = []
    payload |= {"data/completeness.json": dumps(ends), "data/claims.json": dumps(claims)}
    payload["data/report.html"] = render(read_shown(payload))
    bag = bag_files(payload, {p: files[p] for p in ("VERIFY.md", "verify.py", "verify.html") if p in files})
    report = verify_zip(format_zip(seal_bag(bag, check_bag(files).predicate, engine)), Trust())
    assert {c.code for c in report.checks if c.code not in ("ok", "no-pin")} == {"claims-short"}, report.to_json()
    assert any("rests on the pack sha256:" in c.detail for c in report.checks)


def _heads(folder: Path, size: int) -> list[Head]:
    with opened(folder) as ledger:
        return LedgerSource(ledger, size).heads(size)


def test_a_later_bundle_is_tied_to_the_earlier_one(story_folder: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    assert disclose(story_folder, one, "public-notice") == 0
    assert disclose(story_folder, two, "public-notice") == 0
    earlier = shown_in(one).checkpoint.size
    assert earlier in [p.size for p in shown_in(two).consistency.proofs]


def test_every_size_that_may_be_asked_for_has_its_place_beside_those_that_are_added() -> None:
    """Earlier disclosures' checkpoints, the stamped one and the commitment's; the edges of the frameworks: never one too many."""
    asked, held = ({f.name: f.type for f in fields(kind)} for kind in (DisclosureRequest, BundleRequest))
    for name, added in {"absent": len(EDGES), "since": EARLIER + 2}.items():
        assert _most(asked[name]) + added == _most(held[name])


def _most(kind: Any) -> int:
    found = type_info(kind)
    assert isinstance(found, VarTupleType)
    assert found.max_length is not None
    return found.max_length


def test_what_does_not_exist_is_refused(story_folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "b.zip"
    words = ("disclose", "--data", str(story_folder), "--recipient", WHO, "--out", str(out), "--yes")
    assert run(*words, "--profile", "public-notice", "--subject", "model/none") == 2
    assert "subject-unknown" in capsys.readouterr().err
    assert run(*words, "--profile", "no-such-profile", "--subject", MODEL) != 0
    assert "profile-missing" in capsys.readouterr().err
    assert run(*words) == 2
    whole = (*words, "--profile", "public-notice", "--subject", MODEL)
    assert run(*whole, "--since", str(tmp_path / "no-pin.json")) == 2
    assert "pin-unreadable" in capsys.readouterr().err
    assert run(*whole, "--since", "1000000") == 2
    assert "since-beyond" in capsys.readouterr().err
    assert run(*whole, "--prepare") == 2
    assert run("disclose", "--data", str(story_folder), "--release", f"sha256:{'0' * 64}") == 2
    assert not out.exists()
    asked = Asked("model/none", WHO, profile_named("public-notice"))
    engine = load_signer(story_folder / "keys" / "engine.pem")
    with opened(story_folder) as ledger, pytest.raises(Malformed, match="subject-unknown"):
        prepare(ledger, asked, engine)
