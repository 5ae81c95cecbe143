"""A monitor: it pins what it proved, says what goes wrong once, and goes on through hosts, receivers and kills that fail it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from api import evidence_kept
from api.monitoring import AlarmBook
from api.outbox import Outbox
from auditor.alarms import Alarm
from auditor.pin import Pin, format_pin, parse_pin
from auditor.split_view import check
from auditor.verdict import VerifyVerdict as V
from ledger.checkpoint import read_checkpoint, sign_checkpoint
from ledger.errors import Fault
from ledger.events import ledger
from ledger.tile import tile_path
from tests.commands import HOLDPOINT, Cli, Done, serving
from tests.conftest import FOUNDED, copy_of
from tests.receiver import SECRET, Listening
from tests.simulator import ROOTS, Lab, log_signer
from tests.tile_host import MadeUp, TileHost
from tests.watcher import AT, FORK, LOG, SIGNER, Files, World, bare


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "monitor")


def pin_at(size: int) -> Pin:
    return parse_pin(format_pin("dev/watched", bytes(32).hex(), tuple(map(str, SIGNER.vkeys)), LOG.note(size)))


def test_it_follows_from_its_own_pinned_head(world: World) -> None:
    for size in (256, 257, 900, 900, 1_300):
        world.show(bare(LOG.files(size)))
        assert (world.look(), world.size) == ([], size)
    assert world.said == []
    world.show(bare(LOG.files(1_300)))
    world.look()
    assert [n for n in world.places["one"].asked if n.startswith("tile/0/") and ".p/" not in n] == [], (
        "nothing new, few asked"
    )


def test_first_use_begins_at_the_pin(world: World) -> None:
    world.pins = (pin_at(1_100),)
    world.show(bare(FORK.files()))
    assert (world.look(), world.size) == (["split-view"], 1_100)
    world.show(bare(LOG.files(900)))
    assert "rollback" in world.look(), "less than the pin"


@pytest.mark.parametrize("size", [1_001, 1_299, 1_300, 1_301, 1_500])
def test_two_histories_become_a_file_that_convicts(world: World, size: int) -> None:
    """Also a shorter one, where another place still shows the tree that is held."""
    world.show(bare(LOG.files()), "true")
    world.look()
    world.show(bare(FORK.files(size)), "other")
    assert world.look() == ["split-view"]
    assert world.look() == ["split-view"] * 2, "at both places: it is the log that is convicted"
    (evidence,) = {a.evidence for a in world.found}
    assert evidence is not None
    report = check(Path(evidence).read_bytes(), SIGNER.vkeys)
    assert (report.verdict, report.origin) == (V.DIVERGED, "dev/watched")
    assert (world.size, world.said) == (1_300, [("split-view", False)]), "said once, and the fork is not followed"
    world.show(bare(LOG.files()), "other")
    assert set(world.look()) == {"split-view"}, "it stays said while the file lies there"
    Path(evidence).unlink()
    assert world.look() == []


def test_a_shorter_fork_at_the_only_place_is_a_rollback(world: World) -> None:
    world.show(bare(LOG.files()))
    world.look()
    world.show(bare(FORK.files(1_200)))
    assert (world.look(), world.size) == (["rollback"], 1_300)
    world.show(bare(LOG.files()))
    assert (world.look(), world.said) == ([], [("rollback", False), ("rollback", True)])


def test_a_place_that_shows_less_than_its_owner_s_pin_was_set_back(world: World) -> None:
    world.pins = (pin_at(1_100),)
    world.show(bare(LOG.files()), "log")
    world.show(bare(LOG.files(900)), "mirror")
    assert world.look() == ["rollback"]
    assert world.found[0].detail == "the pin has size 1100, and it shows 900 now"


def test_a_place_that_lags_is_no_rollback_until_it_takes_too_long(world: World) -> None:
    world.show(bare(LOG.files()), "log")
    world.show(bare(LOG.files(900)), "mirror")
    assert world.look() == []
    world.now += 3599
    assert world.look() == []
    world.now += 1
    assert world.look() == ["lag"]
    assert "400 entries behind" in world.found[0].detail
    world.show(bare(LOG.files()), "mirror")
    assert world.look() == []
    world.show(bare(LOG.files(900)), "mirror")
    assert world.look() == ["rollback"]


def test_a_frozen_log_is_said_once_and_ends(world: World) -> None:
    world.show(bare(LOG.files()))
    world.look()
    world.now += 3601
    assert (world.look(), world.look(), world.said) == (["freeze"], ["freeze"], [("freeze", False)])
    world.show(bare(LOG.files()) | {"checkpoint": LOG.note(at=world.now).encode()})
    assert (world.look(), world.said) == ([], [("freeze", False), ("freeze", True)]), "the same tree, signed again"
    world.show(bare(LOG.files()))
    assert world.look() == [], "an older signature of it takes nothing back"
    world.now += 3601
    world.show(Fault("server-timeout", "failed", "silence", ""))
    assert sorted(world.look()) == ["freeze", "unreachable"], "who answers nothing is no younger"


BROKEN: dict[str, tuple[Callable[[Files], Files | Exception], str]] = {
    "no checkpoint": (lambda f: {k: v for k, v in f.items() if k != "checkpoint"}, "checkpoint-missing"),
    "a web page": (lambda f: f | {"checkpoint": b"<html>\n"}, "checkpoint-malformed"),
    "no text": (lambda f: f | {"checkpoint": b"\xff\n"}, "checkpoint-malformed"),
    "a bent root": (lambda f: f | {"checkpoint": f["checkpoint"].replace(b"\n1300\n", b"\n1301\n")}, "checkpoint-unsigned"),
    "a thief's head": (lambda f: f | {"checkpoint": MadeUp(log_signer("thief", "dev/watched"), 5).note().encode()}, "checkpoint-unsigned"),
    "another log": (lambda f: f | {"checkpoint": MadeUp(log_signer("y", "dev/elsewhere"), 5).note().encode()}, "other-log"),
    "a tile kept back": (lambda f: {k: v for k, v in f.items() if k != tile_path(0, 3)}, "tiles-missing"),
    "the edge kept back": (lambda f: {k: v for k, v in f.items() if not k.startswith("tile/1/")}, "tiles-missing"),
    "a bent tile": (lambda f: f | {tile_path(0, 3): bytes(8192)}, "tiles-unproven"),
    "a bent edge": (lambda f: f | {tile_path(0, 5, 20): bytes(640)}, "tiles-unproven"),
    "silence": (lambda _f: Fault("server-unreachable", "failed", "nobody", ""), "unreachable"),
    "too much": (lambda _f: Fault("answer-too-large", "failed", "64 MiB", ""), "unreachable"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_place_that_is_broken_is_said_and_survived(world: World, name: str) -> None:
    bend, code = BROKEN[name]
    world.show(bare(LOG.files(900)))
    world.look()
    world.show(bend(bare(LOG.files())))
    assert (code in world.look(), world.size) == (True, 900)
    assert set(world.said) <= {(code, False), ("keys-unexpected", False)}
    world.show(bare(LOG.files()))
    assert (world.look(), world.size) == ([], 1_300)


def test_keys_that_nobody_named(world: World) -> None:
    world.show(bare(LOG.files(900)))
    world.look()
    note = LOG.note().encode().split(b"\n\n")[0]

    both = sign_checkpoint(read_checkpoint(LOG.note())[0], SIGNER, AT, log_signer("new", "dev/watched")).encode()
    assert both.startswith(note)
    world.show(bare(LOG.files()) | {"checkpoint": both})
    assert (world.look(), world.size) == (["keys-unexpected"], 1_300), (
        "said, and followed: the pair that is known signed"
    )
    world.keys = (SIGNER.vkeys[0], log_signer("new", "dev/watched").vkeys[1])
    assert set(world.look()) >= {"keys-unexpected"}


def test_entries_are_read_once_and_a_kill_before_the_pin_says_them_again(world: World) -> None:
    lab = Lab("dev/lab")
    world.keys = lab.log.vkeys
    world.show(lab.export())
    world.max_age = 10**9
    assert world.look() == []
    lab.say(ledger.Frozen, {"reason": "a drill"}, "ledger", *ROOTS)
    world.show(lab.export())

    def pulled(alarms: Sequence[Alarm]) -> None:
        assert [a.code for a in alarms] == ["ledger-frozen"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.look(pulled)
    assert world.look() == ["ledger-frozen"]
    assert (world.look(), world.said) == ([], [("ledger-frozen", False)])
    assert world.heads[0]["entries_read"] == len(lab.entries)


def test_entries_that_are_kept_back_are_read_when_they_come(world: World) -> None:
    lab = Lab("dev/lab")
    world.keys, world.max_age = lab.log.vkeys, 10**9
    world.show(bare(lab.export()))
    world.look()
    seen = len(lab.entries)
    lab.say(ledger.Frozen, {"reason": "a drill"}, "ledger", *ROOTS)
    world.show(bare(lab.export()))
    assert (world.look(), world.heads[0]["entries_read"], world.size) == ([], seen, len(lab.entries))
    world.show(lab.export())
    assert world.look() == ["ledger-frozen"]


def test_a_host_that_is_slow_with_entries_is_caught_up_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What took longer than a look may was read all the same, and is not asked for again at every look."""
    lab = Lab("dev/lab")
    world.keys, world.max_age = lab.log.vkeys, 10**9
    world.show(lab.export())
    world.look()
    lab.say(ledger.Frozen, {"reason": "a drill"}, "ledger", *ROOTS)
    world.show(lab.export())
    monkeypatch.setattr("api.looking.ENTRY_SECONDS", 0.05)
    host = world.places["one"]
    read = host.read

    def slow(name: str) -> bytes | None:
        time.sleep(0.1 if name.startswith("tile/entries/") else 0)
        return read(name)

    monkeypatch.setattr(host, "read", slow)
    assert world.look() == ["ledger-frozen"]
    assert world.heads[0]["entries_read"] == len(lab.entries)


def test_a_host_that_never_ends_keeps_nobody_from_the_others(world: World) -> None:
    """It is given up on, and not asked again before its last answer came; what that answer brings late is dropped."""
    world.show(bare(LOG.files(900)), "slow")
    world.show(bare(LOG.files(900)), "good")
    world.look()
    released = threading.Event()
    world.show(bare(LOG.files()), "slow")
    world.places["slow"].wait = released
    world.show(bare(LOG.files(1_000)), "good")
    world.limit = 0.1
    with world.monitor() as monitor:
        for _ in range(3):
            found = monitor.look(lambda _a: None)
            assert [(a.code, a.place) for a in found] == [("unreachable", "slow")]
        assert world.places["slow"].asked == ["checkpoint"]
        assert monitor.heads()[0]["size"] == 1_000
        released.set()
        until(lambda: not any(t.name == "look" for t in threading.enumerate()))
        assert (monitor.look(lambda _a: None), monitor.heads()[0]["size"]) == ([], 1_300)


def test_told_to_stop_it_waits_for_no_host(world: World) -> None:
    world.show(bare(LOG.files(900)), "slow")
    world.show(bare(LOG.files(900)), "good")
    released = world.places["slow"].wait = threading.Event()
    with world.monitor() as monitor:
        began = time.monotonic()
        threading.Timer(0.2, monitor.stopping.set).start()
        assert monitor.look(lambda _a: None) == []
        assert time.monotonic() - began < 5
        assert (world.places["good"].asked, monitor.heads()) == ([], [])
        released.set()


def test_a_host_that_shows_another_head_at_every_look_fills_no_disk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_kept, "MOST", 3)
    world.show(bare(LOG.files(1_050)))
    world.look()
    for size in range(1_101, 1_107):
        world.show(bare(FORK.files(size)))
        assert world.look()[0] == "split-view"
        world.show({"checkpoint": LOG.note(size).encode()})
        assert world.look()[0] == "tiles-missing"
    assert len(list(world.folder.glob("logs/*/evidence/*.split.json"))) == 3
    assert len(list(world.folder.glob("logs/*/evidence/*/shown.checkpoint"))) == 3


def test_a_file_that_was_altered_is_no_fresh_start(world: World) -> None:
    world.show(bare(LOG.files()))
    world.look()
    (path,) = world.folder.glob("logs/*/log.json")
    for bad in (b"", b"{}", path.read_bytes()[:-9], path.read_bytes().replace(b"monitor-log/1", b"monitor-log/2")):
        path.write_bytes(bad)
        with pytest.raises(Fault) as caught:
            world.look()
        assert caught.value.code == "state-malformed"


def test_whose_logs_they_are_comes_from_the_caller(world: World) -> None:
    world.keys = ()
    world.show(bare(LOG.files()))
    with pytest.raises(Fault, match="flags-missing"):
        world.look()


def test_alarms_are_on_disk_and_in_the_outbox_before_they_are_said(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", lambda: int(time.time()))
    said: list[dict[str, Any]] = []
    book = AlarmBook(tmp_path, lambda: AT, outbox, said.append)
    alarm = Alarm("lag", "http://one", "3 entries", "dev/x")
    book.keep([alarm])
    book.keep([Alarm("lag", "http://one", "4 entries", "dev/x")])
    assert (len(said), len(outbox.waiting())) == (1, 1), "the same alarm, whatever its detail"
    again = AlarmBook(tmp_path, lambda: AT, outbox, said.append)
    again.keep([alarm])
    again.end_round([])
    lines = [json.loads(line) for line in (tmp_path / "alarms.jsonl").read_text().splitlines()]
    assert [(line["code"], line["ended"]) for line in lines] == [("lag", False), ("lag", True)]
    message = json.loads(outbox.waiting()[0].read_bytes())
    assert (message["specversion"], message["type"], message["source"]) == ("1.0", "holdpoint.monitor.lag", "dev/x")


def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    """SIGKILL wherever it is; the next run finds a whole file, and raises nothing against an honest log that grew meanwhile."""
    host = TileHost(tmp_path)
    keys, data = tmp_path / "keys", tmp_path / "monitor"
    keys.write_text("".join(f"{v}\n" for v in SIGNER.vkeys))
    words = ["monitor", host.url, "--key", str(keys), "--data", str(data), "--max-age", str(10**9)]
    state = {"size": 900, "asked": 0, "kill": 1 << 30}
    shown = {size: bare(LOG.files(size)) for size in (900, 1_000, 1_100)}

    def bend(path: str) -> tuple[int, bytes]:
        state["asked"] += 1
        if state["asked"] == state["kill"]:
            os.kill(state["pid"], signal.SIGKILL)
        content = shown[state["size"]].get(path.lstrip("/"))
        return (404, b"") if content is None else (200, content)

    host.bend = bend
    try:
        assert run(*words, "--once").code == 0
        for size, kill in ((1_000, 1), (1_100, 4)):
            state |= {"size": size, "asked": 0, "kill": 1 << 30}
            process = subprocess.Popen([str(HOLDPOINT), *words, "--every", "1"], stdout=subprocess.DEVNULL)
            state |= {"pid": process.pid, "kill": kill}
            assert process.wait(60) == -signal.SIGKILL
        done = run(*words, "--once", "--json")
    finally:
        host.close()
    assert (done.code, json.loads(done.out)["logs"][0]["size"]) == (0, 1_100)
    assert not (data / "alarms.jsonl").exists()


def test_a_token_goes_to_the_first_place_alone(host: TileHost, told_folder: Path, tmp_path: Path) -> None:
    host.folder = told_folder / "export"
    mirror = TileHost(told_folder / "export")
    (tmp_path / "token").write_text("hpt_dev_secret")
    (tmp_path / "token").chmod(0o600)
    try:
        words = ("monitor", host.url, mirror.url, "--pin", told_folder / "pin.json", "--data", tmp_path / "m", "--once")
        assert run(*words, "--token-file", tmp_path / "token", "--max-age", 10**9).code == 0
    finally:
        mirror.close()
    assert set(host.tokens) == {"Bearer hpt_dev_secret"}
    assert set(mirror.tokens) == {None}


# -- by hand ---------------------------------------------------------------------------------------------------------------


def run(*words: object) -> Done:
    return Cli(Path(), None)(*words)  # type: ignore[arg-type]  # no ledger is opened here


@pytest.fixture
def host(tmp_path: Path) -> Iterator[TileHost]:
    found = TileHost(tmp_path)
    yield found
    found.close()


def test_once_from_a_timer(host: TileHost, told_folder: Path, tmp_path: Path) -> None:
    pin, data = told_folder / "pin.json", tmp_path / "monitor"
    words = ("monitor", host.url, "--pin", pin, "--data", data, "--once", "--max-age", 10**9)
    host.folder = told_folder / "export"
    done = run(*words, "--json")
    value = json.loads(done.out)
    assert (done.code, value["code"], value["logs"][0]["size"]) == (0, "ok", 86)
    assert "no alarm" in run(*words).out
    host.folder = told_folder / "export-earlier"
    done = run(*words, "--json")
    assert (done.code, json.loads(done.out)["code"]) == (4, "rollback")
    assert "1 alarms hold now: rollback (1)" in run(*words).out, "also when it was said before"
    host.bend = lambda _path: (503, b"")
    assert run(*words).code == 6
    assert run("monitor", host.url, "--data", data, "--once").code == 2
    for bad in ("nowhere", "ftp://127.0.0.1/", "http://user@127.0.0.1/", host.url + "?x"):
        assert run("monitor", host.url, bad, "--pin", pin, "--data", data, "--once").code == 2
    assert (
        run("monitor", host.url, "--pin", pin, "--data", data, "--once", "--webhook", "http://169.254.169.254/").code
        == 2
    )


def test_an_alarm_reaches_the_receiver_and_one_that_is_down_stops_nothing(
    host: TileHost, told_folder: Path, tmp_path: Path
) -> None:
    listening, data = Listening(), tmp_path / "monitor"
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    words = ("monitor", host.url, "--pin", told_folder / "pin.json", "--data", data, "--once", "--max-age", 10**9)
    hook = ("--webhook", listening.url, "--webhook-secret", tmp_path / "secret")
    try:
        host.folder = told_folder / "export"
        assert run(*words, *hook).code == 0
        host.folder = told_folder / "export-earlier"
        assert run(*words, "--webhook", "http://127.0.0.1:9/", "--webhook-secret", tmp_path / "secret").code == 4
        assert listening.taken == []
        assert run(*words, *hook).code == 4, "said before, and still waiting: it is taken now"
        host.folder = told_folder / "export"
        assert run(*words, *hook).code == 0
    finally:
        listening.close()
    assert [(m["type"], m["data"]["ended"]) for m in listening.taken] == [
        ("holdpoint.monitor.rollback", False), ("holdpoint.monitor.rollback", True),
    ]  # fmt: skip
    assert [m["source"] for m in listening.taken] == ["dev/fictional-lab.example"] * 2


def test_a_real_service_is_followed_in_a_loop_through_a_restart(founded_folder: Path, tmp_path: Path) -> None:
    """What is appended meanwhile is pinned and read; while nobody answers that is said; SIGTERM ends it well."""
    folder, pin, data = copy_of(founded_folder, tmp_path / "ledger"), tmp_path / "pin.json", tmp_path / "monitor"
    shutil.copytree(folder / "keys", tmp_path / "client" / "keys")
    assert run("pin", pin, "--data", folder).code == 0

    def followed() -> tuple[int, int]:
        paths = list(data.glob("logs/*/log.json"))
        said = json.loads(paths[0].read_bytes()) if paths else {"checkpoint": "x\n0\n", "position": 0}
        return int(said["checkpoint"].split("\n")[1]), said["position"]

    with serving("--data", folder) as (url, _):
        command = [str(HOLDPOINT), "monitor", url, "--pin", str(pin), "--data", str(data), "--every", "1", "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: followed() == (FOUNDED, FOUNDED))
        client = ("--server", url, "--pin", pin, "--data", tmp_path / "client")
        assert run("principal", "register", "newcomer", *client).code == 0
        until(lambda: followed() == (FOUNDED + 1, FOUNDED + 1))
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["code"] == "unreachable"
    assert process.poll() is None
    with Serving(folder, url.rpartition(":")[2]):
        value = json.loads(process.stdout.readline())
        assert (value["code"], value["ended"]) == ("unreachable", True)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Serving:
    """`serve` on a given port."""

    def __init__(self, folder: Path, port: str) -> None:
        command = [str(HOLDPOINT), "serve", "--data", str(folder), "--port", port]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_err: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, sys.argv
