"""The log's keys change under a running ledger: made, named by the root's quorum, signing at once, without a restart (access.md §4)."""

import json
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.founding import found
from api.wiring import open_ledger
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.admit import Submission, open_submission
from ledger.checkpoint import open_checkpoint
from ledger.envelope import read_envelope
from ledger.errors import Fault, Unverified
from ledger.note import parse_vkey
from ledger.strict import shift
from tests.commands import Cli, running

BEGIN = "2026-04-07T09:00:00.000000Z"


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> str:
        return self.now


def rotate(cli: Cli, vkeys: list[str], **more: int) -> int:
    """`log.rotated`, by two of the three root keys, each with a file of its own."""
    draft, signed = cli.folder / "rotate.json", cli.folder / "rotate.dsse.json"
    for path in (draft, signed):
        path.unlink(missing_ok=True)
    roots = [cli.folder / "keys" / f"root-{n}.pem" for n in (1, 2)]
    text = "log.rotated=" + json.dumps({"vkeys": vkeys, **more})
    cli.ok("event", "new", text, "--stream", "ledger", "--signer", roots[0], "--signer", roots[1], "--out", draft)
    cli.ok("event", "sign", draft, "--out", signed, "--key", roots[0], "--yes")
    cli.ok("event", "sign", signed, "--add", "--key", roots[1], "--yes")
    return cli("event", "post", signed).code


def pair(cli: Cli, name: str) -> list[str]:
    found: list[str] = json.loads(cli.ok("keys", "new-log", name, "--data", cli.folder, "--json").out)["details"]
    return found


def lines(cli: Cli) -> int:
    return cli.ledger.appender.published[1].count("\n\u2014 ")


def verified(cli: Cli, pin: Path) -> V:
    """The export is brought to now, and verified under the trust file from before every rotation."""
    out = cli.folder / "out"
    cli.ok("export", out)
    return verify_export(folder_reader(out), parse_pin(pin.read_bytes())).verdict


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    found(tmp_path / "lab", "dev/rotation", clock=lambda: BEGIN).close()
    return tmp_path / "lab"


def test_five_rotations_and_the_first_pin(dev: Path) -> None:
    clock = Hand()
    with running(dev, clock) as cli:
        pin = dev / "first.json"
        cli.ok("pin", pin)
        now = list(cli.ledger.appender.state.get("meta", "vkeys"))
        for n in range(1, 6):
            new = pair(cli, f"p{n}")
            clock.now = shift(clock.now, seconds=60)
            assert rotate(cli, [*now, *new]) == 0
            assert lines(cli) == 4
            assert verified(cli, pin) is V.VALID_UNWITNESSED
            clock.now = shift(clock.now, seconds=1800)
            assert rotate(cli, new) == 3, "the overlap lasts an hour"
            clock.now = shift(clock.now, seconds=1801)
            assert rotate(cli, new) == 0
            assert lines(cli) == 2
            assert verified(cli, pin) is V.VALID_UNWITNESSED
            now = new
        head = cli.ledger.appender.published
    for old in ("log", *(f"log-p{n}" for n in range(1, 5))):  # the old private keys may be destroyed
        for kind in ("ed25519", "mldsa44"):
            (dev / "keys" / f"{old}-{kind}.pem").unlink()
    ledger = open_ledger(dev, clock=clock)
    try:
        assert ledger.appender.published[0] == head[0]
        assert ledger.appender.stopped is None
    finally:
        ledger.close()


def test_no_word_of_a_draft_is_dropped(dev: Path) -> None:
    """Who says that a pair is stolen gets no statement that an overlap ends."""
    with running(dev, Hand()) as cli:
        pair(cli, "next")
        roots = [cli.folder / "keys" / f"root-{n}.pem" for n in (1, 2)]
        for words in (
            ("log", "rotate", "--finish", "--compromised-above", "3"),
            ("log", "rotate", "--finish", "--pair", "next"),
            ("log", "rotate", "--pair", "next", "--vkey", "fictional"),
            ("root", "rotate", "--threshold", "0"),
        ):
            done = cli(*words, "--signer", roots[0], "--signer", roots[1], "--out", cli.folder / "draft.json")
            assert done.code == 2, done.err
            assert not (cli.folder / "draft.json").exists()


def by_the_back_door(cli: Cli) -> str:
    """The signed rotation, submitted behind the door; the code of what became of it."""
    submission = open_submission(
        read_envelope((cli.folder / "rotate.dsse.json").read_bytes()), cli.ledger.appender.lookup
    )
    assert isinstance(submission, Submission)
    (outcome,) = cli.ledger.appender.submit([submission]).result(60)
    return outcome.code if isinstance(outcome, Fault) else "ok"


def test_a_rotation_to_keys_that_are_not_here_is_refused_at_the_door(dev: Path) -> None:
    clock = Hand()
    with running(dev, clock) as cli:
        old, new = list(cli.ledger.appender.state.get("meta", "vkeys")), pair(cli, "new")
        lost = dev / "keys" / "log-new-mldsa44.pem"
        away = [(p, p.read_bytes()) for p in (lost, lost.with_name("log-new-ed25519.pem"))]
        for path, _ in away:
            path.unlink()
        before = cli.ledger.appender.size
        assert rotate(cli, [*old, *new]) == 5
        web = TestClient(create_app(cli.ledger), base_url="http://127.0.0.1", client=("127.0.0.1", 1))
        post = {"content": (dev / "rotate.dsse.json").read_bytes(), "headers": {"content-type": "application/json"}}
        answer = web.post("/v1/entries", **post)
        assert (answer.status_code, answer.json()["reason"]) == (409, "log-key-absent")
        assert (cli.ledger.appender.size, cli.ledger.appender.stopped) == (before, None), "nothing was recorded"
        bent = json.loads(post["content"])
        bent["signatures"][0]["sig"] = bent["signatures"][1]["sig"]
        forged = json.dumps(bent).encode()
        alone = web.post("/v1/entries", content=forged, headers=post["headers"])
        lot = web.post("/v1/entries", content=forged + b"\n", headers={"content-type": "application/x-ndjson"})
        told = [alone.json()["reason"], json.loads(lot.text.splitlines()[0])["reason"]]
        assert told == ["signature-invalid"] * 2, "which keys lie here is told to nobody who did not sign"
        for path, content in away:
            path.write_bytes(content)
            path.chmod(0o600)
        assert web.post("/v1/entries", **post).status_code == 201, "the same statement, once the keys are here"
        assert lines(cli) == 4
        for path, _ in away:
            path.rename(path.with_suffix(".away"))
        assert web.post("/v1/entries", **post).status_code == 200, "what stands in the log is answered, keys or not"


def test_a_compromise_is_bridged(dev: Path) -> None:
    """The new pair signs at once, and the last good size again; served, exported, verified under the pin of the stolen pair."""
    clock = Hand()
    with running(dev, clock) as cli:
        pin, out, ledger = dev / "first.json", dev / "out", cli.ledger
        cli.ok("pin", pin)
        web = TestClient(create_app(ledger), base_url="http://127.0.0.1", client=("127.0.0.1", 1))
        assert web.get("/log/checkpoint.bridge").status_code == 404
        good, old = ledger.appender.size, [parse_vkey(v) for v in ledger.appender.state.get("meta", "vkeys")]
        cli.ok("principal", "register", "somebody")
        new = pair(cli, "fresh")
        roots = [("--signer", dev / "keys" / f"root-{n}.pem") for n in (1, 2)]
        draft, signed = dev / "log.json", dev / "log.dsse.json"
        said = cli.ok(
            "log", "rotate", "--pair", "fresh", "--compromised-above", good, *roots[0], *roots[1], "--out", draft
        )
        assert "COMPROMISED" in said.out
        cli.ok("event", "sign", draft, "--out", signed, "--as", "root-1", "--yes")
        cli.ok("event", "sign", signed, "--add", "--as", "root-2", "--yes")
        cli.ok("event", "post", signed)
        for _ in range(100):
            if ledger.appender.bridge[0]:
                break
            time.sleep(0.05)
        note = web.get("/log/checkpoint.bridge").text
        found = open_checkpoint(note, [parse_vkey(v) for v in new])
        assert found.size == good
        with pytest.raises(Unverified):
            open_checkpoint(note, old)
        cli.ok("export", out)
        assert (out / "checkpoint.bridge").read_text() == note
        report = verify_export(folder_reader(out), parse_pin(pin.read_bytes()))
        assert report.verdict is V.VALID_UNWITNESSED
        assert [c.code for c in report.checks if c.name == "bridge"] == ["ok"]
    with running(dev, clock) as cli:  # kept nowhere: a restart signs it again
        for _ in range(100):
            if cli.ledger.appender.bridge[0]:
                break
            time.sleep(0.05)
        assert open_checkpoint(cli.ledger.appender.bridge[1], [parse_vkey(v) for v in new]).root == found.root


def test_a_key_that_is_not_there_signs_nothing_until_it_is_brought(dev: Path) -> None:
    """The rotation is committed and nothing is published over it: half of what the root named is no checkpoint. The door lets no
    such rotation in; here the files go between the door and the commit.
    """
    clock = Hand()
    with running(dev, clock) as cli:
        old = list(cli.ledger.appender.state.get("meta", "vkeys"))
        new = pair(cli, "new")
        away = [(p, p.read_bytes()) for p in (dev / "keys").glob("log-new-*.pem")]
        assert len(away) == 2
        for path, _ in away:
            path.unlink()
        before = cli.ledger.appender.size
        assert rotate(cli, [*old, *new]) == 5
        assert by_the_back_door(cli) == "log-key-unavailable"
        assert cli.ledger.appender.published[0] == before
        stopped = cli.ledger.appender.stopped
        assert isinstance(stopped, Fault)
        assert stopped.code == "log-key-unavailable"
        for path, content in away:
            path.write_bytes(content)
            path.chmod(0o600)
        assert cli("event", "post", dev / "rotate.dsse.json").code in (
            0,
            6,
        )  # the same statement; the appender looks anew
        for _ in range(100):
            if cli.ledger.appender.stopped is None:
                break
            time.sleep(0.1)
        cli.ok("event", "post", dev / "rotate.dsse.json")
        assert lines(cli) == 4
