"""The people's verbs: nothing is signed that was not shown, nothing is asked without a terminal, and what is withheld stays here."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from auditor.pin import parse_pin
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.strict import parse_base64url
from ledger.withheld import open_body
from tests.commands import Cli, Done, adopt, running
from tests.conftest import copy_of

SCOPE = ("--audience", "general", "--host", "own-cloud", "--surface", "api")


def size(cli: Cli) -> int:
    return cli.ledger.desk.read_head().size


def payload(cli: Cli, done: Done) -> dict[str, object]:
    entry, _ = cli.ledger.receipt(json.loads(done.out)["index"])
    found: dict[str, object] = json.loads(parse_envelope(parse_entry(entry).envelope).payload)
    return found


def test_without_a_terminal_every_missing_flag_is_named_at_once(cli: Cli) -> None:
    before = size(cli)
    for words, names in (
        (("determine", "one", "CBRN-3"), ("--state", "--rationale")),
        (("attest", "one"), ("--set", "--audience", "--host", "--surface")),
        (("document", "submit", "capability_report"), ("FILE", "--model")),
        (("request", "one", "external_deploy"), ("--audience",)),
        (("register", "model/three"), ("--name", "--weights")),
        (("register", "model/three", "--compute-ratio", "4"), ("--parent",)),
    ):
        done = cli(*words)
        assert done.code == 2
        assert all(name in done.err for name in names), done.err
    done = cli("determine", "one", "CBRN-3", "--state", "below", "--rationale", "shown")
    assert done.code == 2
    assert "--yes" in done.err
    assert size(cli) == before


def test_what_is_shown_is_what_is_signed(cli: Cli) -> None:
    done = cli(
        "determine", "one", "CBRN-4", "--state", "below", "--rationale", "secret-reason", "--json", typed="yes\n"
    )
    assert done.code == 0, done.err
    assert "clause: anthropic-rsp-2.2, CBRN-4: section 2; Appendix C" in done.err
    shown = re.search(r"statement digest ([0-9a-f]{64})", done.err)
    assert shown is not None
    assert json.loads(done.out)["digest"] == shown.group(1)
    assert "secret-reason   (withheld" in done.err
    assert "secret-reason" not in json.dumps(payload(cli, done))
    event_id = json.loads(done.out)["details"][0]["event_id"]
    kept = cli.folder / "disclosures" / f"{event_id}.jsonl"
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("typed", ["no\n", "\n", "", "yess\n"])
def test_anything_but_yes_signs_nothing(cli: Cli, typed: str) -> None:
    cli.ok("request", "one", "external_deploy", *SCOPE, "--yes")
    before = size(cli)
    done = cli("inform", "one", "external_deploy", "BOARD", typed=typed)
    assert done.code == 7, done.err
    assert "declined" in done.err
    assert size(cli) == before


def test_a_person_is_asked_and_the_pack_says_what_can_be_answered(cli: Cli) -> None:
    done = cli("determine", "one", "AIRD-4", typed="below\nbecause\nyes\n")
    assert done.code == 0
    assert "(below, not_ruled_out, crossed)" in done.err
    assert "yes or no" in done.err
    wrong = cli("determine", "one", "AIRD-4", typed="harmless\n")
    assert wrong.code == 2
    assert "not-a-choice" in wrong.err


def test_filled_in_from_the_pack(cli: Cli) -> None:
    done = cli.ok("determine", "one", "CBRN-3", "--state", "below", "--rationale", "x", "--yes", "--json")
    body = payload(cli, done)["predicate"]["body"]  # type: ignore[index]  # JSON
    (published,) = [p for _, p in cli.ledger.appender.state.scan("published") if p.pack.id == "anthropic-rsp-2.2"]
    assert body["framework"] == published.digest
    assert body["review_by"] > cli.ledger.now()
    done = cli.ok("attest", "one", "--set", "ASL-3-SECURITY", *SCOPE, "--yes", "--json")
    body = payload(cli, done)["predicate"]["body"]  # type: ignore[index]  # JSON
    assert body["safeguards"] == list(published.pack.safeguard_set("ASL-3-SECURITY").safeguards)
    assert "section 4.2(1)" in done.err


def test_an_unwritten_standard_can_not_be_attested(cli: Cli) -> None:
    done = cli("attest", "one", "--set", "ASL-4-SECURITY", *SCOPE, "--yes")
    assert done.code == 2
    assert "its issuer has not written this standard" in done.err


def test_unknown_names_are_refused_before_anything_is_signed(cli: Cli) -> None:
    before = size(cli)
    for words, code in (
        (("determine", "one", "CBRN-9", "--state", "below", "--rationale", "x"), 2),
        (("determine", "nobody", "CBRN-3", "--state", "below", "--rationale", "x"), 2),
        (("attest", "one", "--set", "NO-SET", *SCOPE), 2),
        (("decide", "one", "train", "permit"), 2),
        (("document", "confirm", "no_such_report", "--model", "one"), 2),
        (("determine", "one", "CBRN-3", "--state", "below", "--rationale", "x", "--as", "engine"), 7),
        (("determine", "one", "CBRN-3", "--state", "below", "--rationale", "x", "--as", "nobody"), 7),
    ):
        done = cli(*words, "--yes")
        assert done.code == code, f"{words}: {done.err}"
        assert len(done.err.strip().split("\n")) >= 4
    assert size(cli) == before


def test_a_veto_and_taking_it_back(cli: Cli) -> None:
    cli.ok("request", "one", "internal_deploy", *SCOPE, "--yes")
    refused = cli.ok("approve", "one", "internal_deploy", "--refuse", "--as", "approver-2", "--yes", "--json")
    assert payload(cli, refused)["predicateType"] == "urn:holdpoint:event:approval.refused:1"
    other = cli("approve", "one", "internal_deploy", "--withdraw", "--reason", "x", "--as", "approver-1", "--yes")
    assert other.code == 2
    back = cli.ok(
        "approve", "one", "internal_deploy", "--withdraw", "--reason", "talked", "--as", "approver-2", "--yes", "--json"
    )
    assert payload(cli, back)["predicateType"] == "urn:holdpoint:event:approval.withdrawn:1"
    given = cli.ok("approve", "one", "internal_deploy", "--as", "approver-1", "--yes", "--json")
    seen = payload(cli, given)["predicate"]["body"]["checkpoint"]  # type: ignore[index]  # JSON
    assert seen["size"] == json.loads(back.out)["index"] + 2  # the gate's answer followed


def test_a_decision_against_the_verdict_says_why(cli: Cli) -> None:
    cli.ok("request", "one", "store_weights", *SCOPE, "--yes")
    for who in ("approver-1", "approver-2"):
        cli.ok("approve", "one", "store_weights", "--as", who, "--yes")
    gate = cli("gate", "one", "store_weights", *SCOPE, "--json")
    assert json.loads(gate.out)["verdict"] != "permit"
    done = cli("decide", "one", "store_weights", "permit", "--yes")
    assert done.code == 3
    assert "divergence-unexplained" in done.err
    assert "--divergence-reason" in done.err
    why = ("--divergence-reason", "a fictional emergency")
    assert "--basis" in cli("decide", "one", "store_weights", "permit", *why, "--yes").err
    cli.ok("decide", "one", "store_weights", "permit", *why, "--basis", "discretionary", "--yes")
    rows = [json.loads(line) for line in cli.ok("decision", "list", "--json").out.splitlines()]
    assert rows[0]["divergence"], "those that differ come first"
    asked = json.loads(cli("gate", "one", "store_weights", "--json").out)
    assert (asked["clearance"], asked["ok"]) == ("permit_with_conditions", False)
    accepted = cli("gate", "one", "store_weights", "--accept-conditions", asked["conditions_digest"])
    assert accepted.code == 0
    assert cli("gate", "one", "store_weights", "--accept-conditions", "0" * 64).code == 3


def test_the_same_artifact_at_the_door(cli: Cli, tmp_path: Path) -> None:
    weights = Path("weights.bin")
    subject = cli.ledger.appender.state.get("subject", "model/one")
    asked = ("gate", "one", "external_deploy", "--json", "--artifact")
    by_file, by_digest = json.loads(cli(*asked, weights).out), json.loads(cli(*asked, subject).out)
    assert by_file["verdict"] == by_digest["verdict"]
    assert "artifact-mismatch" not in by_file["reasons"]
    other = tmp_path / "other.bin"
    other.write_bytes(weights.read_bytes() + b"!")
    for words in (other, "sha256:" + "9" * 64, "8" * 64):
        done = cli(*asked, words)
        assert done.code == 3
        assert json.loads(done.out)["verdict"] == "deny"
    assert cli(*asked, tmp_path / "absent").code == 2
    record = next((cli.folder / "disclosures").glob("*.subject.json"))
    hidden = record.rename(record.with_suffix(".aside"))
    try:
        done = cli(*asked[:-2], "--artifact", weights)
        assert done.code == 2
        assert "subject-record-missing" in done.err
    finally:
        hidden.rename(record)


def test_a_gate_asked_by_request(cli: Cli, tmp_path: Path) -> None:
    done = cli.ok("request", "one", "controlled_deploy", *SCOPE, "--yes", "--json")
    digest, index = json.loads(done.out)["digest"], json.loads(done.out)["index"]
    entry, _ = cli.ledger.receipt(index)
    envelope = tmp_path / "request.json"
    envelope.write_bytes(parse_entry(entry).envelope)
    statement = tmp_path / "statement.json"
    statement.write_bytes(parse_envelope(envelope.read_bytes()).payload)
    direct = json.loads(cli("gate", "one", "controlled_deploy", *SCOPE, "--json").out)
    for asked in (digest, envelope, statement):
        said = cli("gate", "--request", asked, "--json")
        assert said.code == 3
        assert json.loads(said.out)["details"] == direct["details"]
    assert cli("gate", "--request", "7" * 64).code == 2
    assert cli("gate", "one").code == 2


def test_signed_offline_by_two(cli: Cli, tmp_path: Path) -> None:
    text = 'role.granted={"principal":"deployer","role":"responder","streams":["model/"]}'
    file, out = tmp_path / "grant.json", tmp_path / "grant.dsse.json"
    signers = ("--signer", "key-admin-1", "--signer", cli.folder / "keys" / "key-admin-2.pem")
    cli.ok("event", "new", text, "--stream", "ledger", *signers, "--out", file)
    stranger = cli("event", "sign", file, "--out", out, "--as", "attester", "--yes")
    assert stranger.code == 2
    assert "key-not-listed" in stranger.err
    assert cli("event", "sign", file, "--out", out, "--as", "key-admin-1").code == 2, "not without --yes"
    cli.ok("event", "sign", file, "--out", out, "--as", "key-admin-1", "--yes")
    half = cli("event", "post", out)
    assert half.code == 2
    assert "signatures-missing" in half.err
    cli.ok("event", "sign", out, "--add", "--as", "key-admin-2", "--yes")
    cli.ok("event", "sign", out, "--add", "--as", "key-admin-2", "--yes")  # again changes nothing
    first = json.loads(cli.ok("event", "post", out, "--json").out)
    again = json.loads(cli.ok("event", "post", out, "--json").out)
    assert (first["code"], again["code"], again["index"]) == ("recorded", "known", first["index"])
    assert cli("event", "new", text, "--stream", "ledger", "--out", file).code == 2, "a statement names its signers"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("no.such={}", "type-unknown"),
        ("body.informed=[]", "schema"),
        ("body.informed={", "not-json"),
        ("body.informed={}", "schema"),
    ],
)
def test_an_event_that_is_none(cli: Cli, text: str, rule: str, tmp_path: Path) -> None:
    done = cli("event", "new", text, "--stream", "model/one", "--signer", "deployer", "--out", tmp_path / "x")
    assert done.code == 2
    assert rule in done.err
    assert not (tmp_path / "x").exists()


def test_the_pin_is_one_that_verifies(cli: Cli, tmp_path: Path) -> None:
    cli.ok("pin", tmp_path / "pin.json")
    assert parse_pin((tmp_path / "pin.json").read_bytes()).checkpoint.size == size(cli)
    assert "Trust letter" in (tmp_path / "pin.json.letter.txt").read_text()


def test_the_screen_says_why_where_no_clause_answers(cli: Cli) -> None:
    done = cli("gate", "one", "publish_report")
    assert done.code == 3
    assert "x no clause answers: " in done.out
    assert "no-rule" in done.out


def test_an_action_that_no_pack_can_gate_is_no_question(cli: Cli) -> None:
    done = cli("gate", "one", "fly_to_the_moon")
    assert done.code == 2
    assert "no pack can gate fly_to_the_moon" in done.err


def test_a_new_engine_key_is_registered_and_put_in_place(founded_folder: Path, tmp_path: Path) -> None:
    """As docs/how-to/refusals/engine-key-wrong.md says: what follows is signed by the newest registered key alone."""
    folder, fresh = copy_of(founded_folder, tmp_path / "held"), tmp_path / "engine.pem"
    ask = ("request", "model/one", "train", "--audience", "none", "--yes")
    with running(folder) as commands:
        adopt(commands)
        commands.ok("register", "model/one", "--name", "One", "--weights", __file__, "--yes")
        commands.ok("keys", "new", fresh)
        commands.ok("keys", "register", fresh, "engine", "--use", "engine")
        stopped = commands(*ask)
        assert (stopped.code, "engine-key-wrong" in stopped.err) == (7, True), stopped
    fresh.replace(folder / "keys" / "engine.pem")
    with running(folder) as commands:
        assert "derived gate.evaluated" in commands.ok(*ask).out


def test_withhold_hides_more_and_says_so_before_anything_is_signed(cli: Cli) -> None:
    """Dissent is open by default; named, each voice is hidden by itself, and the array is filled so that no count tells."""
    said = (
        "determine",
        "one",
        "CBRN-4",
        "--state",
        "below",
        "--rationale",
        "r",
        "--dissent",
        "voice-one",
        "--dissent",
        "voice-two",
    )
    open_ = payload(cli, cli.ok(*said, "--yes", "--json"))["predicate"]["body"]  # type: ignore[index]  # a statement
    assert open_["dissent"] == ["voice-one", "voice-two"]
    done = cli(*said, "--withhold", "dissent.1", "--json", typed="yes\n")
    assert done.code == 0, done.err
    assert "withheld inside it, by digest: dissent.1" in done.err
    body = payload(cli, done)["predicate"]["body"]  # type: ignore[index]  # a statement
    assert len(body["dissent"]) == 8
    assert [d for d in body["dissent"] if isinstance(d, str)] == ["voice-one"]
    kept = cli.folder / "disclosures" / f"{json.loads(done.out)['details'][0]['event_id']}.jsonl"
    assert [v for v in open_body(body, kept.read_text().split()).body["dissent"] if isinstance(v, str)] == [
        "voice-one",
        "voice-two",
    ]
    none = payload(
        cli,
        cli.ok(
            "determine",
            "one",
            "CBRN-4",
            "--state",
            "below",
            "--rationale",
            "r",
            "--withhold",
            "dissent.*",
            "--yes",
            "--json",
        ),
    )
    assert len(none["predicate"]["body"]["dissent"]) == 8, "not even that there was none"  # type: ignore[index]  # a statement


def test_findings_of_a_document_are_withheld_by_default(cli: Cli) -> None:
    done = cli.ok(
        "document",
        "submit",
        "capability_report",
        "weights.bin",
        "--model",
        "one",
        "--finding",
        "secret-finding",
        "--yes",
        "--json",
    )
    body = payload(cli, done)["predicate"]["body"]  # type: ignore[index]  # a statement
    assert len(body["findings"]) == 16
    assert "secret-finding" not in json.dumps(body)


@pytest.mark.parametrize(
    ("words", "path", "allowed"),
    [
        (("determine", "one", "CBRN-4", "--state", "below", "--rationale", "r"), "state", "confidence, rationale, dissent.*"),
        (("determine", "one", "CBRN-4", "--state", "below", "--rationale", "r"), "rationale.0", "confidence, rationale, dissent.*"),
        (("attest", "one", "--set", "ASL-2-SECURITY", *SCOPE), "claim", "detail"),
        (("register", "model/four", "--name", "x", "--weights", "weights.bin"), "kind", "subject"),
        (("request", "one", "external_deploy", *SCOPE), "facts", "audience_detail"),
        (("document", "submit", "capability_report", "weights.bin", "--model", "one"), "digest", "findings.*"),
        (("event", "new", 'role.revoked={"principal":"a","role":"attester"}', "--stream", "ledger", "--signer", "key-admin-1", "--out", "x.json"),
         "principal", "nothing"),
    ],
)  # fmt: skip
def test_what_a_type_can_not_withhold_is_refused_and_named(
    cli: Cli, words: tuple[str, ...], path: str, allowed: str
) -> None:
    before = size(cli)
    confirmed = () if words[0] == "event" else ("--yes",)
    done = cli(*words, "--withhold", path, *confirmed)
    assert done.code == 2, done.err
    assert "not-withholdable" in done.err
    assert f"{path}; of this type may be withheld: {allowed}" in done.err
    assert size(cli) == before
    assert not Path("x.json").exists()


def test_a_withheld_value_of_another_form_is_refused_before_it_is_a_digest(cli: Cli) -> None:
    done = cli("determine", "one", "CBRN-4", "--state", "below", "--rationale", "r", "--confidence", "x" * 401, "--yes")
    assert done.code == 2
    assert "$.predicate.body.confidence" in done.err


def test_what_is_signed_can_not_be_withheld_any_more(cli: Cli) -> None:
    done = cli("event", "post", "weights.bin", "--withhold", "rationale")
    assert done.code == 2
    assert "event new" in done.err


def test_event_new_withholds_by_path_and_binds_a_model_s_record(cli: Cli, tmp_path: Path) -> None:
    """The subject of a registration is the record that is hidden, however it was written."""
    body = {"kind": "base", "subject": {"name": "Two", "weights": "sha256:" + "0" * 64}}
    out = tmp_path / "s.json"
    cli.ok(
        "event",
        "new",
        f"model.registered={json.dumps(body)}",
        "--stream",
        "model/bound",
        "--signer",
        "assessor",
        "--out",
        out,
    )
    statement = json.loads(out.read_bytes())
    (kept,) = [p for p in (cli.folder / "disclosures").glob("*.jsonl") if p.stem == statement["predicate"]["event_id"]]
    (text,) = kept.read_text().split()
    assert statement["subject"][0]["digest"]["sha256"] == sha256(parse_base64url(text)).hexdigest()
