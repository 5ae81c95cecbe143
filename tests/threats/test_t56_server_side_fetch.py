"""T56: a webhook reaches its listed receiver and nothing else; evidence that an event names is never fetched."""

import ipaddress
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from api.webhook import Receiver, plain, signed_headers
from ledger.errors import Fault
from ledger.events import principal
from tests.receiver import SECRET, Listening
from tests.threats.door import Door

BODY = b'{"data":{"code":"lag"}}'


@pytest.fixture
def listening() -> Iterator[Listening]:
    found = Listening()
    yield found
    found.close()


def send(receiver: Receiver) -> int:
    return receiver.post(BODY, signed_headers(SECRET, "msg_1", BODY, int(time.time())))


NAMED = [
    "http://169.254.169.254/latest/meta-data", "https://169.254.169.254/", "http://[::ffff:127.0.0.1]:80/",
    "https://[::ffff:10.0.0.1]/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/", "https://[fe80::1]/", "https://[::]/", "http://0.0.0.0/", "https://224.0.0.1/",
    "https://255.255.255.255/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f000001/", "https://127.1/",
    "http://receiver.example/", "http://10.0.0.7/", "https://user@receiver.example/", "https://receiver.example/#x",
    "https://127.0.0.1@receiver.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://receiver.example/", "receiver.example",
    "https://", "https:///path", "https://receiver.example:99999/", "https://[::1", "https://receiver.example/\r\nx: y",
    "https://receiver.example/a b", "https://\u24d4xample.com/", "",
]  # fmt: skip


@pytest.mark.parametrize("url", NAMED)
def test_attack_an_address_that_no_receiver_has(url: str) -> None:
    with pytest.raises(Fault) as caught:
        Receiver(url)
    assert caught.value.code == "webhook-address"


RESOLVED = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "224.0.0.1",
    "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:a00:1::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", RESOLVED)
def test_attack_a_name_that_leads_inside(address: str) -> None:
    """Whatever a resolver answers, now or at the next connection, it is the peer that counts."""
    assert not Receiver("https://receiver.example/").allows(ipaddress.ip_address(address))


def resolving(monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    """A resolver in the attacker's hands."""
    real = socket.getaddrinfo

    def found(_host: Any, port: Any, *more: Any, **named: Any) -> Any:
        return real(to, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_attack_a_rebound_name_gets_no_byte(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real connection to a real listener, whose name was public when it was listed: closed before the TLS greeting."""
    receiver = Receiver(f"https://receiver.example:{listening.port}/")
    resolving(monkeypatch, "127.0.0.1")
    with pytest.raises(Fault) as caught:
        send(receiver)
    assert (caught.value.code, "leads to 127.0.0.1" in caught.value.detail) == ("webhook-address", True)
    assert listening.ids == []


def test_attack_a_redirect_to_loopback_is_not_followed(listening: Listening) -> None:
    inner = Listening()
    try:
        for status in (301, 302, 303, 307, 308):
            listening.answer = lambda _n, status=status: (status, {"location": inner.url})  # type: ignore[misc]  # bound now
            assert send(Receiver(listening.url)) == status, "said, and no delivery"
        assert inner.connections == 0
    finally:
        inner.close()


def test_attack_a_proxy_of_the_environment_is_not_asked(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert send(Receiver(listening.url)) == 204


def test_attack_another_loopback_address_than_the_named_one(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = Receiver(f"http://127.0.0.9:{listening.port}/")
    resolving(monkeypatch, "127.0.0.1")
    with pytest.raises(Fault, match="webhook-address"):
        send(receiver)
    assert listening.ids == []


def test_attack_evidence_is_never_fetched(door: Door, listening: Listening) -> None:
    """An event may name a place; nobody goes there: not the door, not a fold, not a page."""
    place = f"http://127.0.0.1:{listening.port}/evidence"
    said = {"id": place, "kind": "person", "unit": "safety"}
    written = door.session.write(principal.Registered, said, "ledger", door.signers("key-admin", 2))
    door.admits(written.wire())
    for url in ("/v1/keys", "/v1/models", "/"):
        assert door.ask("GET", url).status_code == 200
    assert listening.connections == 0


def test_honest_listed_receiver_is_called(listening: Listening) -> None:
    assert send(Receiver(listening.url)) == 204
    assert send(Receiver(f"http://localhost:{listening.port}/")) == 204
    assert listening.taken == [{"data": {"code": "lag"}}] * 2


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_honest_public_receiver_is_allowed(address: str) -> None:
    assert Receiver("https://receiver.example/").allows(ipaddress.ip_address(address))


def test_honest_receiver_in_a_private_network_that_is_listed() -> None:
    receiver = Receiver("https://receiver.example/", [ipaddress.ip_network("10.1.0.0/16")])
    assert receiver.allows(ipaddress.ip_address("10.1.2.3"))
    assert receiver.allows(plain(ipaddress.ip_address("::ffff:10.1.2.3")))
    assert not receiver.allows(ipaddress.ip_address("10.2.0.1"))
    assert Receiver("https://10.0.0.7/").allows(ipaddress.ip_address("10.0.0.7")), "a number that was written is named"
