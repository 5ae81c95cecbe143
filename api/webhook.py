"""One webhook receiver, called by Standard Webhooks, and no way by which its address leads anywhere else (threats.md T56).

The receiver is the one that the operator named. What its name resolves to is looked at after the connection stands and before a
byte is sent, TLS greeting included: a public address, or one of a network that the operator listed, or the very address that he
wrote as a number. So a name that is rebound to an inner address, and an address dressed as another (IPv4 inside IPv6), get
nothing. No redirect is followed, no proxy of the environment is used, and of the answer the status alone is read.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook

from ledger.errors import Fault

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
TIMEOUT_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 20.0
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
REMEDY: Final = "https://HOST[:PORT]/PATH, or http to a loopback address, without user or fragment; a number or a name"


def _refused(detail: str) -> Fault:
    return Fault("webhook-address", "failed", detail, REMEDY)


def plain(address: Address) -> Address:
    """The address that is reached in the end: IPv4 inside IPv6 (mapped, 6to4, Teredo, NAT64) unwrapped."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _number(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class Receiver:
    """A receiver's address, judged once when it is named and again at every connection. Raises `Fault` `webhook-address`."""

    def __init__(self, url: str, networks: Sequence[Network] = ()) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise _refused("the URL can't be read") from None
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.fragment:
            raise _refused("not a receiver's URL")
        if not url.isascii() or not url.isprintable() or " " in url:
            raise _refused("the URL holds other characters than it may")
        self.url, self._host, self._networks = url, host, tuple(networks)
        self._tls = parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._named = _number(host)
        if self._named is not None:
            if plain(self._named) != self._named or self._never(self._named):
                raise _refused("an address that no receiver has, or one dressed as another")
        elif host.replace(".", "").isdigit() or host.lower().startswith("0x"):
            raise _refused("a number in a form that only some resolvers read")
        local = host == "localhost" or (self._named is not None and self._named.is_loopback)
        if not self._tls and not local:
            raise _refused("an alarm would go over the network in the clear")
        self._local = local

    @staticmethod
    def _never(address: Address) -> bool:
        return address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved

    def allows(self, peer: Address) -> bool:
        """Whether this is where the operator meant to send."""
        found = plain(peer)
        if self._never(found):
            return False
        if self._named is not None:
            return found == self._named
        if self._local:
            return found.is_loopback
        return found.is_global or any(found in network for network in self._networks)

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """Send, once; returns the status. Raises `Fault` `webhook-address` (nothing was sent), `webhook-unreachable`."""
        connection = _Guarded(self, self._host, self._port, tls=self._tls)
        ended = threading.Timer(TOTAL_SECONDS, connection.cut)  # a receiver that answers a byte at a time ends too
        ended.daemon = True
        ended.start()
        try:
            connection.request("POST", self._path, body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as err:
            detail = f"{self._host}: {type(err).__name__}"
            raise Fault("webhook-unreachable", "unknown", detail, "the alarm is kept, and sent again later") from err
        finally:
            ended.cancel()
            connection.close()


class _Guarded(http.client.HTTPConnection):
    """A connection whose peer is judged before anything is said to it."""

    def __init__(self, receiver: Receiver, host: str, port: int, *, tls: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self._receiver, self._tls = receiver, tls

    def connect(self) -> None:
        """Connect, look who answers, and only then speak."""
        super().connect()
        peer = ipaddress.ip_address(self.sock.getpeername()[0].partition("%")[0])
        if not self._receiver.allows(peer):
            self.close()
            raise _refused(f"{self.host} leads to {peer}, which was not named")
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """Out of time."""
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def signed_headers(secret: str, message_id: str, body: bytes, now: int) -> dict[str, str]:
    """The three headers of Standard Webhooks over a body; `now` in seconds since 1970."""
    at = datetime.fromtimestamp(now, UTC)
    return {
        "content-type": "application/cloudevents+json",
        "user-agent": "holdpoint",
        "webhook-id": message_id,
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode()),
        "webhook-timestamp": str(now),
    }
