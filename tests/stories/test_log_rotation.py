"""The log's keys change under a running ledger: made, named by the root's quorum, signing at once, without a restart (access.md §4)."""

import json
import time
from pathlib import Path

import pytest

from api.founding import found
from api.wiring import open_ledger
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.errors import Fault
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


def test_a_key_that_is_not_there_signs_nothing_until_it_is_brought(dev: Path) -> None:
    """The rotation is committed and nothing is published over it: half of what the root named is no checkpoint."""
    clock = Hand()
    with running(dev, clock) as cli:
        old = list(cli.ledger.appender.state.get("meta", "vkeys"))
        new = pair(cli, "new")
        away = [(p, p.read_bytes()) for p in (dev / "keys").glob("log-new-*.pem")]
        assert len(away) == 2
        for path, _ in away:
            path.unlink()
        before = cli.ledger.appender.published
        assert rotate(cli, [*old, *new]) == 6
        assert cli.ledger.appender.published == before
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
