"""`verify URL`: a real HTTP server in front of an export, honest, cut short, silent, oversized, or not a log at all."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import web_source
from api.cli.main import main
from tests.commands import Cli, Done
from tests.conftest import copy_of
from tests.tile_host import TileHost


@pytest.fixture
def host(told_folder: Path) -> Iterator[TileHost]:
    found = TileHost(told_folder / "export")
    yield found
    found.close()


def verify(*words: object) -> Done:
    return Cli(Path(), None)("verify", *words)  # type: ignore[arg-type]  # no ledger is opened here


def test_an_honest_host_under_the_pin(host: TileHost, told_folder: Path) -> None:
    done = verify(host.url, "--pin", told_folder / "pin.json", "--json")
    value = json.loads(done.out)
    assert (done.code, value["verdict"], value["ok"]) == (0, "VALID_UNWITNESSED", True)
    assert value["checkpoint"]["origin"] == "dev/fictional-lab.example"
    assert any("simulate" in note for note in value["not_proven"])
    bundles = [path for path in host.asked if "/entries/" in path]
    assert len(bundles) == len(set(bundles)), "a bundle is asked for once"


def test_without_a_pin_it_is_unanchored_and_says_how_to_get_one(host: TileHost) -> None:
    done = verify(host.url + "/")
    assert done.code == 5
    assert "UNANCHORED" in done.out
    assert "holdpoint pin FILE" in done.out
    assert "Not proven:" in done.out


def test_no_witness_exists_yet_so_none_can_be_required(host: TileHost, told_folder: Path) -> None:
    done = verify(host.url, "--pin", told_folder / "pin.json", "--require-witness", 1, "--json")
    assert (done.code, json.loads(done.out)["code"]) == (5, "witnesses-short")


def test_a_host_whose_log_was_cut(told_folder: Path) -> None:
    host = TileHost(told_folder / "export-earlier")
    try:
        done = verify(host.url, "--pin", told_folder / "pin.json")
        assert done.code == 4
        assert "DIVERGED" in done.out
    finally:
        host.close()


def test_an_altered_bundle_is_invalid(host: TileHost, told_folder: Path) -> None:
    bundle = next((told_folder / "export" / "tile" / "entries").rglob("*.p/*"))
    raw = bytearray(bundle.read_bytes())
    raw[len(raw) // 2] ^= 1
    host.bend = lambda path: (200, bytes(raw)) if "/entries/" in path else None
    done = verify(host.url, "--pin", told_folder / "pin.json")
    assert done.code == 4
    assert "INVALID" in done.out


@pytest.mark.parametrize("page", [b"", b"<html>hello</html>\n", b"a\nb\nc\nd\n"])
def test_a_host_that_is_no_log_proves_nothing(host: TileHost, page: bytes) -> None:
    host.bend = lambda _path: (200, page)
    done = verify(host.url)
    assert done.code == 5
    assert "VALID" not in done.out.replace("INVALID", "")


def test_another_ledger_under_the_pin_is_diverged(host: TileHost, founded_folder: Path, tmp_path: Path) -> None:
    other = copy_of(founded_folder, tmp_path / "other")
    with pytest.raises(SystemExit) as stop:
        main(["pin", str(tmp_path / "other.json"), "--data", str(other)])
    assert stop.value.code == 0
    done = verify(host.url, "--pin", tmp_path / "other.json")
    assert done.code == 4


def test_more_than_a_path_can_hold_is_refused_before_it_is_read(
    host: TileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.bend = lambda path: (200, b"x" * (web_source.SMALL + 1)) if path == "/checkpoint" else None
    done = verify(host.url)
    assert done.code == 5
    assert "answer-too-large" in done.err


@pytest.mark.parametrize("status", [500, 502, 301])
def test_a_host_that_fails_decides_nothing(host: TileHost, told_folder: Path, status: int) -> None:
    host.bend = lambda path: (status, host.url.encode() + b"/elsewhere") if "/entries/" in path else None
    done = verify(host.url, "--pin", told_folder / "pin.json")
    assert done.code == 6
    assert "elsewhere" not in " ".join(host.asked), "no redirect is followed"


def test_a_silent_host_is_given_up_on(host: TileHost) -> None:
    host.bend = lambda _path: time.sleep(1.5)  # type: ignore[func-returns-value]  # it only waits
    began = time.monotonic()
    done = verify(host.url, "--timeout", 0.3)
    assert done.code == 6
    assert "server-timeout" in done.err
    assert time.monotonic() - began < 1.4


def test_nobody_there(host: TileHost) -> None:
    assert verify("http://127.0.0.1:9/", "--timeout", 1).code == 6
    assert verify("http://user:pass@127.0.0.1/").code == 2
    assert verify("nowhere").code == 2
