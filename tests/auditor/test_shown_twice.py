"""Two readers compare: checkpoints, receipts and trust files, with and without tiles; by hand at the end."""

import json
from pathlib import Path

import pytest

from auditor.pin import format_pin
from auditor.shown_twice import Shown, compare_shown, parse_shown
from auditor.split_view import check
from auditor.verdict import VerifyVerdict as V
from ledger.errors import Unverified
from ledger.receipt import format_receipt
from ledger.tree import prove_inclusion
from tests.commands import Cli
from tests.cosigner import policy, witness_line
from tests.simulator import log_signer
from tests.tile_host import MadeUp
from tests.watcher import FORK, LOG, SIGNER

KEYS = SIGNER.vkeys
AT = 1_100


def receipt(log: MadeUp, index: int) -> bytes:
    return format_receipt(index, prove_inclusion(log.node, index, log.size), log.note()).encode()


def head(log: MadeUp, size: int) -> bytes:
    return log.note(size).encode()


def finds(first: Shown, second: Shown, tiles: bool = False) -> tuple[V, str]:
    larger = max((first, second), key=lambda s: s.head.checkpoint.size).head.checkpoint
    files = next(
        m.files(larger.size)
        for m in (LOG, FORK)
        if m.size >= larger.size and m.edge_at(larger.size).root() == larger.root
    )
    found, evidence = compare_shown(first, second, KEYS, files.get if tiles else None)
    assert (evidence is not None) == (found.verdict is V.DIVERGED)
    if evidence is not None:
        assert check(evidence, KEYS).verdict is V.DIVERGED
    return found.verdict, found.code


def shown(raw: bytes, entry: bytes | None = None) -> Shown:
    return parse_shown(raw, KEYS, entry)


def test_heads_of_one_size() -> None:
    assert finds(shown(head(LOG, AT)), shown(head(FORK, AT))) == (V.DIVERGED, "split-view")
    assert finds(shown(head(LOG, 900)), shown(head(FORK, 900))) == (V.VALID_UNWITNESSED, "ok"), "before they part"


@pytest.mark.parametrize(("small", "large"), [(AT, 1_200), (1_024, 1_300)])
def test_heads_of_two_sizes_need_tiles(small: int, large: int) -> None:
    pairs = [(shown(head(LOG, small)), shown(head(FORK, large))), (shown(head(FORK, large)), shown(head(LOG, small)))]
    for first, second in pairs:
        assert finds(first, second) == (V.INCOMPLETE, "tile-missing")
        assert finds(first, second, tiles=True) == (V.DIVERGED, "split-view")
    assert finds(shown(head(LOG, small)), shown(head(LOG, large)), tiles=True) == (V.VALID_UNWITNESSED, "ok")


def test_receipts_for_one_index_need_none() -> None:
    one = shown(receipt(LOG, AT), LOG.entries[AT])
    two = shown(receipt(FORK, AT), FORK.entries[AT])
    assert finds(one, two) == (V.DIVERGED, "split-view")
    shared = shown(receipt(LOG, 5), LOG.entries[5]), shown(receipt(FORK, 5), FORK.entries[5])
    assert finds(*shared) == (V.INCOMPLETE, "tile-missing"), "what both have in one place says nothing of the rest"
    assert finds(shown(receipt(LOG, AT)), shown(receipt(FORK, AT))) == (V.INCOMPLETE, "tile-missing"), (
        "of which entries?"
    )
    assert finds(*shared, tiles=True) == (V.DIVERGED, "split-view")


def test_what_is_not_the_log_s_is_not_compared() -> None:
    with pytest.raises(Unverified, match="checkpoint-unsigned"):
        parse_shown(head(LOG, AT), log_signer("thief", "dev/watched").vkeys)
    with pytest.raises(Unverified, match="root-mismatch"):
        shown(receipt(LOG, AT), FORK.entries[AT])


def test_by_hand(tmp_path: Path) -> None:
    cli = Cli(tmp_path, None)  # type: ignore[arg-type]  # no ledger is opened here
    files = {
        "mine": head(LOG, AT), "theirs": head(FORK, 1_200), "mine.proof": receipt(LOG, AT), "theirs.proof": receipt(FORK, AT),
        "mine.entry": LOG.entries[AT], "theirs.entry": FORK.entries[AT],
        "pin": format_pin("dev/watched", bytes(32).hex(), tuple(map(str, KEYS)), LOG.note(900)),
        "policy": policy(witness_line("w.example/a"), quorum="none", log=KEYS[0]),
    }  # fmt: skip
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    FORK.write(tmp_path / "tiles", 1_200)
    out = tmp_path / "found.split.json"
    at = {name: tmp_path / name for name in files}
    assert cli("compare", at["mine"], at["theirs"], "--pin", at["pin"], "--out", out).code == 5
    assert cli(
        "compare", at["mine"], at["pin"], "--pin", at["pin"], "--tiles", tmp_path / "tiles", "--out", out
    ).code in (4, 5)
    assert not out.exists()
    done = cli(
        "compare", at["mine"], at["theirs"], "--pin", at["pin"], "--tiles", tmp_path / "tiles", "--out", out, "--json"
    )
    value = json.loads(done.out)
    assert (done.code, value["verdict"], value["evidence"]) == (4, "DIVERGED", str(out))
    assert cli("verify", out, "--pin", at["pin"]).code == 4
    assert cli("verify", out, "--witness-policy", at["policy"], "--json").code == 4, (
        "a policy's log keys are the reader's too"
    )
    out.unlink()
    both = ("--entry", at["mine.entry"], "--entry", at["theirs.entry"])
    done = cli("compare", at["mine.proof"], at["theirs.proof"], "--pin", at["pin"], *both, "--out", out)
    assert (done.code, "convicts it" in done.out) == (4, True)
    assert cli("verify", out, "--pin", at["pin"]).code == 4
    assert cli("compare", at["mine"], at["theirs"]).code == 2
    assert cli("compare", at["mine"], at["theirs"], "--pin", at["pin"], "--entry", at["mine.entry"]).code == 2
