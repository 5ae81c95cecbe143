"""Clients with a pin from before rotations of the log's keys: they follow the root's word by proof, and nothing less."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.client import Client
from api.founding import found
from api.keyring import load_log_pairs, load_signer, new_log_keys
from api.session import Session
from api.transport import HttpTransport, Reply
from api.wiring import Ledger, open_ledger
from auditor.pin import Pin, parse_pin
from ledger.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from ledger.entry import format_entry, leaf_hash
from ledger.envelope import format_envelope
from ledger.errors import LedgerError, Unverified
from ledger.events import log, principal
from ledger.strict import micros, shift
from tests.api.test_client import Wire
from tests.commands import serving
from tests.simulator import dumps_as_is, log_signer
from tests.stories.test_log_rotation import BEGIN, Hand

ORIGIN = "dev/followed"


def rotate(ledger: Ledger, vkeys: list[str], **more: Any) -> int:
    session = Session(ledger)
    signers = [load_signer(ledger.folder / "keys" / f"root-{n}.pem") for n in (1, 2)]
    return session.post(session.write(log.Rotated, {"vkeys": vkeys, **more}, "ledger", signers)).index


def pair(ledger: Ledger, name: str) -> list[str]:
    return [str(v) for v in new_log_keys(ledger.folder / "keys", ORIGIN, name).vkeys]


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def ledger(tmp_path: Path, clock: Hand) -> Iterator[Ledger]:
    found(tmp_path / "lab", ORIGIN, clock=lambda: BEGIN).close()
    opened = open_ledger(tmp_path / "lab", clock=clock)
    yield opened
    opened.close()


def pin_of(ledger: Ledger) -> Pin:
    return parse_pin(Session(ledger).pin())


def client(ledger: Ledger, pin: Pin, bend: Callable[[str, Callable[[], Reply]], Reply] | None = None) -> Client:
    wire = Wire(ledger)
    if bend is not None:
        wire.bend = bend
    return Client(ledger.folder, wire, pin, deadline=5)


def planned(ledger: Ledger, clock: Hand, name: str) -> None:
    """A whole planned rotation."""
    now, new = list(ledger.appender.state.get("meta", "vkeys")), pair(ledger, name)
    rotate(ledger, [*now, *new])
    clock.now = shift(clock.now, seconds=3601)
    rotate(ledger, new)


def test_planned_rotations_are_followed(ledger: Ledger, clock: Hand) -> None:
    first = pin_of(ledger)
    for name in ("one", "two"):
        planned(ledger, clock, name)
    old = client(ledger, first)
    said = Session(ledger).say(
        principal.Registered, {"id": "somebody", "kind": "person", "unit": "u"}, "ledger", "key-admin"
    )
    assert old.checkpoint()["size"] == said.index + 1
    assert old.entry(said.index)[0] == ledger.receipt(said.index)[0]
    old.now = clock  # type: ignore[method-assign]  # the machine's clock is not the simulated one
    posted = old.say(principal.Registered, {"id": "another", "kind": "person", "unit": "u"}, "ledger", "key-admin")
    assert posted.index == said.index + 1
    moved = parse_pin(old.pin())
    assert [str(v) for v in moved.vkeys] == list(ledger.appender.state.get("meta", "vkeys")), (
        "the pin moves to the keys in force"
    )
    assert client(ledger, moved).checkpoint()["size"] == posted.index + 1
    asked: list[str] = []

    def count(path: str, send: Callable[[], Reply]) -> Reply:
        asked.append(path)
        return send()

    again = client(ledger, first, count)
    again.checkpoint()
    before = len(asked)
    again.checkpoint()
    assert len(asked) == before + 1, "followed once"


def test_what_a_thief_of_the_old_keys_signs_is_not_taken_once_it_is_known(ledger: Ledger) -> None:
    first, good = pin_of(ledger), ledger.appender.size
    session = Session(ledger)
    thief = open_pair(ledger)
    for n in range(3):
        session.say(principal.Registered, {"id": f"p{n}", "kind": "person", "unit": "u"}, "ledger", "key-admin")
    between = ledger.receipt(good)[1]
    rotate(ledger, pair(ledger, "fresh"), last_good_size=good)
    old = client(ledger, first)
    old.checkpoint()
    with pytest.raises(Unverified, match="checkpoint-compromised"):
        old._keys.open(between.partition("\n\n")[2])
    forged = sign_checkpoint(Checkpoint(ORIGIN, 500, b"\7" * 32), thief, micros(BEGIN) // 1_000_000)
    with pytest.raises(LedgerError):
        old._keys.open(forged)


def open_pair(ledger: Ledger) -> Any:
    """The first pair, as a thief has it."""
    return load_log_pairs(ledger.folder / "keys", ORIGIN)[0]


def answer(reply: Reply, change: Callable[[Any], Any]) -> Reply:
    body = json.loads(reply.body)
    return Reply(reply.status, reply.headers, dumps_as_is(change(body)))


def dropped(body: Any, index: int) -> Any:
    body["entries"] = [r for r in body["entries"] if r["index"] != index]
    return body


def renumbered(body: Any, index: int) -> Any:
    for row in body["entries"]:
        row["index"] += row["index"] >= index
    return body


def test_attack_a_server_that_bends_what_it_shows(ledger: Ledger, clock: Hand) -> None:
    first = pin_of(ledger)
    Session(ledger).say(principal.Registered, {"id": "somebody", "kind": "person", "unit": "u"}, "ledger", "key-admin")
    planned(ledger, clock, "next")
    index = ledger.appender.size - 1
    client(ledger, first).checkpoint()
    bends: dict[str, Callable[[str, Callable[[], Reply]], Reply]] = {
        "the last rotation left out": lambda p, s: answer(s(), lambda b: dropped(b, index)) if "stream=" in p else s(),
        "the first rotation left out": lambda p, s: answer(s(), lambda b: dropped(b, index - 1)) if "stream=" in p else s(),
        "an entry left out": lambda p, s: answer(s(), lambda b: dropped(b, 1)) if "stream=" in p else s(),
        "entry 0 left out": lambda p, s: answer(s(), lambda b: dropped(b, 0)) if "stream=" in p else s(),
        "indexes moved": lambda p, s: answer(s(), lambda b: renumbered(b, index - 1)) if "stream=" in p else s(),
        "nothing shown": lambda p, s: answer(s(), lambda _b: {"entries": []}) if "stream=" in p else s(),
        "another entry's receipt": lambda p, s: Reply(*fields(Wire(ledger), "/v1/entries/0/receipt")) if p.endswith(f"{index}/receipt") else s(),
        "another tile": lambda p, s: bent_tile(s()) if "/log/tile/" in p else s(),
    }  # fmt: skip
    for name, bend in bends.items():
        with pytest.raises(LedgerError) as caught:
            client(ledger, first, bend).checkpoint()
        assert caught.value.code in {
            "log-keys-unproven", "founded-anew", "checkpoint-unsigned", "index-range", "root-mismatch", "tile-mismatch",
        }, name  # fmt: skip


def fields(wire: Wire, path: str) -> tuple[int, Any, bytes]:
    found = wire.send("GET", path)
    return found.status, found.headers, found.body


def bent_tile(reply: Reply) -> Reply:
    return Reply(reply.status, reply.headers, bytes([reply.body[0] ^ 1]) + reply.body[1:])


def test_attack_keys_that_no_root_named(ledger: Ledger) -> None:
    """The server signs with a pair of its own: the honest stream does not name it, and a forged one is not the root's."""
    first = pin_of(ledger)
    mine = log_signer("mine", ORIGIN)
    head = read_checkpoint(ledger.appender.published[1])[0]
    note = sign_checkpoint(head, mine, micros(BEGIN) // 1_000_000).encode()
    lying = client(ledger, first, lambda p, s: Reply(200, {}, note) if p == "/log/checkpoint" else s())
    with pytest.raises(Unverified, match="checkpoint-unsigned"):
        lying.checkpoint()
    session = Session(ledger)
    forged = session.write(
        log.Rotated,
        {"vkeys": [str(v) for v in mine.vkeys], "last_good_size": 1},
        "ledger",
        session.signers("key-admin", 2),
    )
    entry = format_entry(format_envelope(forged.envelope), BEGIN, ledger.founding, 2)
    row = {"index": 1, "entry": json.loads(entry), "leaf": leaf_hash(entry).hex(), "recorded_at": BEGIN, "stream": "ledger",
           "stream_version": 2, "type": "urn:holdpoint:event:log.rotated:1", "suppressed_at": None}  # fmt: skip
    both = client(ledger, first, lambda p, s: (
        Reply(200, {}, note) if p == "/log/checkpoint" else answer(s(), lambda b: {"entries": [*b["entries"], row]}) if "stream=" in p else s()
    ))  # fmt: skip
    with pytest.raises(Unverified, match="log-keys-unproven"):
        both.checkpoint()


def test_over_a_real_service_whose_keys_are_replaced_under_it(tmp_path: Path) -> None:
    """The client itself posts the rotation: its own receipt comes under keys that its pin does not know."""
    folder = tmp_path / "lab"
    ledger = found(folder, ORIGIN)
    first, size = pin_of(ledger), ledger.appender.size
    ledger.close()
    with serving("--data", folder) as (url, _):
        new = [str(v) for v in new_log_keys(folder / "keys", ORIGIN, "fresh").vkeys]
        old = Client(folder, HttpTransport(url), first, deadline=20)
        signers = [load_signer(folder / "keys" / f"root-{n}.pem") for n in (1, 2)]
        written = old.write(log.Rotated, {"vkeys": new, "last_good_size": size}, "ledger", signers)
        posted = old.post(written)
        assert posted.index == size
        assert old.post(written).replay
        assert [str(v) for v in parse_pin(old.pin()).vkeys] == new
        other = Client(folder, HttpTransport(url), first, deadline=20)
        assert other.checkpoint()["size"] == size + 1
        assert other.entry(0)[0] == old.entry(0)[0]
        for one in (old, other):
            one.close()
