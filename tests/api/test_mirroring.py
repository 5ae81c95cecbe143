"""A mirror: proven before it is written, taken up after a kill, never another history, and an export that verifies."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.mirroring import EVIDENCE, Mirror, Mirrored
from api.wiring import opened
from auditor.pin import Pin, format_pin, parse_pin
from auditor.split_view import check
from auditor.verdict import VerifyVerdict as V
from ledger.errors import Fault, LedgerError
from ledger.tile import WIDTH, tile_path
from tests.api.asker import Asker
from tests.commands import HOLDPOINT, Cli, Done, serving
from tests.conftest import VECTORS, copy_of, needs_vectors
from tests.simulator import log_signer
from tests.tile_host import MadeUp, TileHost, digest_of

SIGNER = log_signer("mirrored", "dev/mirrored")
SIZE = 1_300
LOG = MadeUp(SIGNER, SIZE)
FORK = MadeUp(SIGNER, SIZE + 300, fork=1_000, name="other")
Files = dict[str, bytes]


def bring(folder: Path, read: Callable[[str], bytes | None], pin: Pin | None = None, **more: bool) -> Mirrored:
    mirror = Mirror(folder, read, SIGNER.vkeys, pin, lambda _d, _n: None)
    try:
        return mirror.bring(**more)
    finally:
        mirror.close()


@pytest.fixture(scope="module")
def files() -> Files:
    return LOG.files()


def test_a_whole_log_grows_and_full_tiles_are_asked_for_once(files: Files, tmp_path: Path) -> None:
    asked: list[str] = []

    def read(found: Files) -> Callable[[str], bytes | None]:
        return lambda name: (asked.append(name), found.get(name))[1]

    first = bring(tmp_path, read(LOG.files(900)))
    assert (first.size, first.before, first.bundles) == (900, 0, (4, 4))
    asked.clear()
    found = bring(tmp_path, read(files))
    assert (found.size, found.before, found.bundles, found.suppressed) == (SIZE, 900, (6, 6), 0)
    fresh = [n for n in asked if ".p/" not in n and n.startswith("tile/0/")]
    assert fresh == [tile_path(0, n) for n in range(900 // WIDTH, SIZE // WIDTH)]
    assert {k: v for k, v in files.items() if (tmp_path / k).read_bytes() != v} == {}
    asked.clear()
    assert bring(tmp_path, read(files)).tiles == 0
    assert [n for n in asked if n.startswith("tile/")] == [], "nothing new, nothing asked"


@pytest.mark.parametrize("seed", range(8))
def test_a_host_that_bends_a_tile_gets_nothing_of_it_written(files: Files, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    name = rng.choice(sorted(n for n in files if n != "checkpoint"))
    raw = bytearray(files[name])
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    with pytest.raises(LedgerError) as caught:
        bring(tmp_path, (files | {name: bytes(raw)}).get)
    assert caught.value.code in ("tile-mismatch", "bundle-cut", "bundle-width")
    assert not (tmp_path / "checkpoint").exists()
    assert {k for k in digest_of(tmp_path) if (tmp_path / k).read_bytes() != files[k]} == set()
    assert bring(tmp_path, files.get).size == SIZE, "the honest host ends it"


@pytest.mark.parametrize("name", ["tile/1/000.p/5", "tile/0/000", "tile/0/004", "tile/0/005.p/20"])
def test_a_tile_that_is_kept_back(files: Files, tmp_path: Path, name: str) -> None:
    with pytest.raises(Fault) as caught:
        bring(tmp_path, {k: v for k, v in files.items() if k != name}.get)
    assert (caught.value.code, (tmp_path / "checkpoint").exists()) == ("tile-missing", False)


def test_a_host_that_dropped_its_partial_tiles(files: Files, tmp_path: Path) -> None:
    """The head of 900 entries is shown while the host has only the full tiles of a later one: those are cut."""
    bare = {k: v for k, v in files.items() if ".p/" not in k}
    small = LOG.files(900)
    found = bring(tmp_path, (bare | {k: small[k] for k in small if k.startswith(("tile/1", "checkpoint"))}).get)
    assert (found.size, found.bundles) == (900, (4, 4))


@pytest.mark.parametrize("size", [1_001, SIZE - 1, SIZE, SIZE + 1, SIZE + 300])
def test_another_history_is_refused_and_convicts(files: Files, tmp_path: Path, size: int) -> None:
    bring(tmp_path, files.get, entries=False)
    before = digest_of(tmp_path)
    with pytest.raises(Fault) as caught:
        bring(tmp_path, FORK.files(size).get)
    assert caught.value.code == "diverged"
    (evidence,) = (tmp_path / EVIDENCE).iterdir()
    report = check(evidence.read_bytes(), SIGNER.vkeys)
    assert (report.verdict, report.checks[-1].code) == (V.DIVERGED, "split-heads" if size == SIZE else "split-prefix")
    assert {k: v for k, v in digest_of(tmp_path).items() if EVIDENCE not in k} == before
    assert bring(tmp_path, files.get).size == SIZE, "the true history goes on"


def test_another_history_before_the_pin_is_refused(files: Files, tmp_path: Path) -> None:
    pin = parse_pin(format_pin("dev/mirrored", bytes(32).hex(), tuple(map(str, SIGNER.vkeys)), LOG.note(1_100)))
    with pytest.raises(Fault) as caught:
        bring(tmp_path, FORK.files().get, pin)
    assert caught.value.code == "diverged"
    assert bring(tmp_path / "true", files.get, pin, entries=False).size == SIZE


def test_a_log_set_back_keeps_both_heads(files: Files, tmp_path: Path) -> None:
    bring(tmp_path, files.get, entries=False)
    with pytest.raises(Fault) as caught:
        bring(tmp_path, LOG.files(500).get)
    assert caught.value.code == "behind"
    (place,) = (tmp_path / EVIDENCE).iterdir()
    assert (place / "held.checkpoint").read_bytes().split(b"\n")[1] == b"1300"
    assert (place / "shown.checkpoint").read_bytes().split(b"\n")[1] == b"500"
    assert (tmp_path / "checkpoint").read_text() == LOG.note()


def test_a_forked_head_whose_tiles_are_kept_back_convicts_nobody_and_both_are_kept(
    files: Files, tmp_path: Path
) -> None:
    bring(tmp_path, files.get, entries=False)
    with pytest.raises(LedgerError) as caught:
        bring(tmp_path, (files | {"checkpoint": FORK.note().encode(), tile_path(0, 6, 64): bytes(64 * 32)}).get)
    assert caught.value.code in ("tile-missing", "tile-mismatch")
    assert (tmp_path / "checkpoint").read_text() == LOG.note()
    (place,) = (tmp_path / EVIDENCE).iterdir()
    kept = {p.name: p.read_text() for p in place.iterdir()}
    assert kept == {"held.checkpoint": LOG.note(), "shown.checkpoint": FORK.note()}


def test_a_file_that_rotted_here_is_named(files: Files, tmp_path: Path) -> None:
    bring(tmp_path, LOG.files(900).get, entries=False)
    path = tmp_path / tile_path(0, 1)
    raw = bytearray(path.read_bytes())
    raw[5] ^= 1
    path.write_bytes(raw)
    with pytest.raises(Fault) as caught:
        bring(tmp_path, files.get)
    assert path.read_bytes() == raw, "nothing is replaced"
    assert (caught.value.code, tile_path(0, 1) in caught.value.detail) == ("export-conflict", True)
    path.unlink()
    assert bring(tmp_path, files.get).size == SIZE


def test_entries_behind_a_token_come_later(files: Files, tmp_path: Path) -> None:
    hidden = {k: v for k, v in files.items() if "entries" not in k}
    assert bring(tmp_path, hidden.get).bundles == (0, 6)
    assert bring(tmp_path, files.get).bundles == (6, 6)


@pytest.mark.parametrize("code", ["flags-missing", "checkpoint-unsigned", "half"])
def test_whose_log_it_is_comes_from_the_caller(files: Files, tmp_path: Path, code: str) -> None:
    stranger = log_signer("stranger", "dev/mirrored").vkeys
    keys = {"flags-missing": (), "checkpoint-unsigned": stranger, "half": (SIGNER.vkeys[0], stranger[1])}[code]
    with (
        pytest.raises(LedgerError) as caught,
        closing(Mirror(tmp_path, files.get, keys, None, lambda _d, _n: None)) as m,
    ):
        m.bring()
    assert caught.value.code == code.replace("half", "checkpoint-unsigned")
    assert digest_of(tmp_path) == {}


def test_two_on_one_folder(files: Files, tmp_path: Path) -> None:
    first = Mirror(tmp_path, files.get, SIGNER.vkeys, None, lambda _d, _n: None)
    with pytest.raises(Fault, match="folder-in-use"):
        Mirror(tmp_path, files.get, SIGNER.vkeys, None, lambda _d, _n: None)
    first.close()


# -- by hand, over HTTP -----------------------------------------------------------------------------------------------------


@pytest.fixture
def host(tmp_path: Path) -> Iterator[TileHost]:
    found = TileHost(tmp_path)
    yield found
    found.close()


def run(*words: object) -> Done:
    return Cli(Path(), None)(*words)  # type: ignore[arg-type]  # no ledger is opened here


def test_an_export_is_mirrored_as_it_grows_and_verifies_each_time(
    host: TileHost, told_folder: Path, tmp_path: Path
) -> None:
    copy, pin = tmp_path / "copy", told_folder / "pin.json"
    first = parse_pin(pin.read_bytes())
    early = format_pin(
        first.origin,
        first.founding,
        tuple(map(str, first.vkeys)),
        (told_folder / "export-earlier" / "checkpoint").read_text(),
    )
    (tmp_path / "early.json").write_bytes(early)
    for name, before, code in (("export-earlier", 0, "grown"), ("export", 57, "grown"), ("export", 86, "current")):
        host.folder = told_folder / name
        done = run("mirror", host.url, copy, "--pin", tmp_path / "early.json", "--json")
        value = json.loads(done.out)
        assert (done.code, value["code"], value["details"][0]["before"], value["details"][0]["claims"]) == (
            0,
            code,
            before,
            True,
        )
        assert run("verify", copy, "--pin", tmp_path / "early.json").code == 0
    assert run("verify", copy, "--pin", pin).code == 0
    host.folder = told_folder / "export-earlier"
    assert run("mirror", host.url, copy, "--pin", pin).code == 5, "set back"
    assert run("verify", copy, "--pin", pin).code == 0


def test_a_mirror_can_be_mirrored_and_a_kill_leaves_what_verifies(host: TileHost, tmp_path: Path) -> None:
    """SIGKILL at two moments of a copy; the next run asks for no tile that is here already."""
    big = MadeUp(SIGNER, 4_000)
    big.write(tmp_path / "log")
    host.folder = tmp_path / "log"
    keys, copy = tmp_path / "log.vkeys", tmp_path / "copy"
    keys.write_text("".join(f"{v}\n" for v in SIGNER.vkeys))
    command = [str(HOLDPOINT), "mirror", host.url, str(copy), "--key", str(keys)]
    gate: dict[str, int] = {"left": 0}

    released = threading.Event()

    def slow(_path: str) -> None:
        gate["left"] -= 1
        if gate["left"] < 0:
            released.wait(60)

    host.bend = slow  # type: ignore[assignment]  # it only waits
    for stop in (4, 20):
        gate["left"] = stop
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while gate["left"] >= 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        assert not (copy / "checkpoint").exists()
    host.bend = lambda _path: None
    released.set()
    held = {k for k in digest_of(copy) if k.startswith("tile/")}
    host.asked.clear()
    assert run("mirror", host.url, copy, "--key", keys).code == 0
    assert len(held) > 18
    assert not {p.lstrip("/") for p in host.asked} & held
    assert {k: v for k, v in big.files().items() if (copy / k).read_bytes() != v} == {}
    host.folder = copy
    again = json.loads(run("mirror", host.url, tmp_path / "again", "--key", keys, "--json").out)
    assert (again["checkpoint"]["size"], again["details"][0]["bundles"]) == (4_000, 16)


def test_a_real_service_is_mirrored_with_a_token(founded_folder: Path, tmp_path: Path) -> None:
    """Hash tiles are public; a token without the scope opens no entries, one with it brings them later."""
    folder, pin, copy = copy_of(founded_folder, tmp_path / "ledger"), tmp_path / "pin.json", tmp_path / "copy"
    with opened(folder) as ledger:
        for name, scopes in (("narrow", ("status:read",)), ("wide", ("entries:read", "status:read"))):
            (tmp_path / name).write_text(Asker(ledger).token(*scopes)[1])
            (tmp_path / name).chmod(0o600)
    assert run("pin", pin, "--data", folder).code == 0
    with serving("--data", folder) as (url, _):
        for name, bundles in (("narrow", 0), ("wide", 1)):
            done = run("mirror", url, copy, "--pin", pin, "--token-file", tmp_path / name, "--json")
            assert (done.code, json.loads(done.out)["details"][0]["bundles"]) == (0, bundles), done.err
    assert run("verify", copy, "--pin", pin).code == 0


@needs_vectors
def test_logs_of_others_are_mirrored(host: TileHost, tmp_path: Path) -> None:
    """Tessera's, from size 1 to 15; sunlight's copy, which a mirror's cosignature alone vouches for."""
    key = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    log = VECTORS / "tessera-testlog" / "testdata" / "log"
    host.folder = log
    for size in (1, 2, 7, 15, 15):
        host.bend = lambda path, size=size: (
            (200, (log / f"checkpoint.{size}").read_bytes()) if path == "/checkpoint" else None
        )  # type: ignore[misc]
        done = run("mirror", host.url, tmp_path / "tessera", "--key", key, "--json")
        assert (done.code, json.loads(done.out)["checkpoint"]["size"]) == (0, size), done.err
    host.bend = lambda path: (200, (log / "checkpoint.3").read_bytes()) if path == "/checkpoint" else None
    assert run("mirror", host.url, tmp_path / "tessera", "--key", key).code == 5
    host.bend = lambda _path: None
    (host.folder,) = (p for p in (VECTORS / "sunlight" / "log-copy").iterdir() if p.is_dir())
    cosigner = json.loads((VECTORS / "sunlight" / "log-copy" / "cosigner.v0.json").read_text())["verifier_keys"][0]
    done = run("mirror", host.url, tmp_path / "sunlight", "--key", cosigner, "--json")
    assert (done.code, json.loads(done.out)["details"][0]["bundles"]) == (0, 0)
    other = next((VECTORS / "sunlight" / "witness-a").glob("*/checkpoint")).read_bytes()
    host.bend = lambda path: (200, other) if path == "/checkpoint" else None
    witness = json.loads((VECTORS / "sunlight" / "witness-a" / "witness.v0.json").read_text())["verifier_keys"][0]
    done = run("mirror", host.url, tmp_path / "sunlight", "--key", cosigner, "--key", witness)
    assert done.code == 4
    (evidence,) = (tmp_path / "sunlight" / EVIDENCE).iterdir()
    assert run("verify", evidence, "--key", cosigner, "--key", witness).code == 4
