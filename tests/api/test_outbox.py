"""Alarms on their way: kept until taken, one after the other, bounded, and never in anybody's way."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from api import outbox as outbox_module
from api.outbox import DAYS, Courier, Outbox, message_of, secret_in
from api.webhook import Receiver, signed_headers
from ledger.errors import Fault
from tests.receiver import SECRET, Listening


@pytest.fixture
def listening() -> Iterator[Listening]:
    found = Listening()
    yield found
    found.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox", lambda: int(time.time()))


def message(n: int) -> dict[str, object]:
    event = {
        "code": "lag",
        "detail": f"{n} behind",
        "evidence": None,
        "index": None,
        "origin": "dev/x",
        "place": "http://x",
    }
    return message_of(event, f"2026-01-01T00:00:{n:02d}.000000Z")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_all_that_waits_is_taken_in_order(outbox: Outbox, listening: Listening) -> None:
    for n in range(3):
        outbox.put(message(n))
    courier = Courier(outbox, Receiver(listening.url), SECRET, lambda _s: None)
    until(lambda: len(listening.taken) == 3)
    outbox.put(message(3))
    courier.wake()
    until(lambda: len(listening.taken) == 4)
    courier.close()
    assert [m["data"]["detail"] for m in listening.taken] == [f"{n} behind" for n in range(4)]
    assert outbox.waiting() == []
    assert len(set(listening.ids)) == 4


def test_a_receiver_that_is_down_is_tried_again_under_the_same_id(
    outbox: Outbox, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "FIRST_PAUSE", 0.01)
    listening.answer = lambda n: (500, {}) if n < 4 else (200, {})
    said: list[str] = []
    outbox.put(message(1))
    courier = Courier(outbox, Receiver(listening.url), SECRET, said.append)
    until(lambda: len(listening.taken) == 1)
    courier.close()
    assert len(listening.ids) == 4
    assert len(set(listening.ids)) == 1
    assert said == ["webhook: the receiver answers 500; 1 alarms wait", "webhook: it answers again; 0 alarms wait"]


def test_new_alarms_don_t_shorten_the_pause_and_what_is_left_out_is_said(
    outbox: Outbox, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MOST", 1)
    listening.answer = lambda _n: (500, {})
    said: list[str] = []
    outbox.put(message(1))
    courier = Courier(outbox, Receiver(listening.url), SECRET, said.append)
    until(lambda: len(said) == 1)
    for n in range(2, 7):
        outbox.put(message(n))
        courier.wake()
        time.sleep(0.05)
    assert len(listening.ids) == 1
    courier.close()
    assert len(listening.ids) == 2, "one more try at the end"
    assert said[1:] == ["webhook: 5 alarms were left out so far; alarms.jsonl has them"]


def test_nobody_there_holds_nothing_up_and_the_next_run_delivers(
    outbox: Outbox, listening: Listening, tmp_path: Path
) -> None:
    said: list[str] = []
    began = time.monotonic()
    outbox.put(message(1))
    courier = Courier(outbox, Receiver("http://127.0.0.1:9/"), SECRET, said.append)
    courier.wake()
    courier.close()
    assert time.monotonic() - began < 5
    assert "webhook-unreachable" in said[0]
    again = Outbox(tmp_path / "outbox", lambda: int(time.time()))
    assert len(again.waiting()) == 1
    Courier(again, Receiver(listening.url), SECRET, said.append).close()
    assert len(listening.taken) == 1


def test_a_receiver_that_answers_a_byte_at_a_time_is_cut(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.webhook.TOTAL_SECONDS", 0.3)
    listening.answer = lambda _n: (time.sleep(2), (200, {}))[1]
    began = time.monotonic()
    body = b"{}"
    with pytest.raises(Fault, match="webhook-unreachable"):
        Receiver(listening.url).post(body, signed_headers(SECRET, "msg_1", body, int(time.time())))
    assert time.monotonic() - began < 1.9


def test_it_is_bounded_in_number_and_age(outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MOST", 2)
    for n in range(4):
        outbox.put(message(n))
    assert (len(outbox.waiting()), outbox.left_out) == (2, 2)
    assert json.loads(outbox.waiting()[0].read_bytes())["data"]["detail"] == "0 behind", "how it began is kept"
    old = time.time() - 86_400 * DAYS - 60
    os.utime(outbox.waiting()[0], (old, old))
    assert (len(outbox.waiting()), outbox.left_out) == (1, 3)


def test_headers_are_those_of_standard_webhooks() -> None:
    body = json.dumps(message(1)).encode()
    headers = signed_headers(SECRET, "msg_1", body, int(time.time()))
    assert Webhook(SECRET).verify(body, headers) == message(1)
    assert headers["webhook-id"] == "msg_1"


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "webhook.secret"
    first, fresh = secret_in(path)
    assert (fresh, path.stat().st_mode & 0o777) == (True, 0o600)
    assert secret_in(path) == (first, False)
    path.chmod(0o644)
    with pytest.raises(Fault, match="readable by others"):
        secret_in(path)
    for bad in ("", "whsec_", "whsec_AAAA", "no-prefix" + "A" * 40, "whsec_\u00e9" + "A" * 40):
        path.write_text(bad)
        path.chmod(0o600)
        with pytest.raises(Fault) as caught:
            secret_in(path)
        assert caught.value.code == "webhook-secret"
