"""How the client and the verifier speak HTTP: one small protocol, and httpx2 behind it. Time-outs and sizes are bounded.

No redirect is followed and no credential is taken from anywhere but the caller, so that a token goes to the host that was
named and to no other. What fails on the way is a `Fault` whose outcome is unknown: a request may have arrived.
"""

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import urlsplit

import httpx2

from ledger.errors import Fault

MAX_ANSWER = 64 << 20
RETRY_SAFE = "retry is safe; is the server up, and is the URL right?"


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport(Protocol):
    """One request and its answer. Raises `Fault` `server-unreachable`, `server-timeout`, `answer-too-large`."""

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine's."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HttpTransport:
    """`base` is a URL of http or https; a token is sent in the clear to loopback alone."""

    def __init__(
        self, base: str, *, token: str | None = None, timeout: float = 30.0, max_answer: int = MAX_ANSWER
    ) -> None:
        parts = urlsplit(base)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
            detail = "a URL reads http(s)://HOST[:PORT][/PATH], without user, query or fragment"
            raise Fault("url-malformed", "failed", detail, "mend the URL")
        if token is not None and parts.scheme == "http" and not is_loopback(host):
            detail = "a token would go over the network in the clear"
            raise Fault("url-malformed", "failed", detail, "use https, or a loopback address")
        self.base = base.rstrip("/")
        self._max = max_answer
        self._timeout = timeout
        headers = {"user-agent": "holdpoint"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._client = httpx2.Client(
            headers=headers, timeout=timeout, follow_redirects=False, trust_env=not is_loopback(host),
            verify=ssl.create_default_context() if parts.scheme == "https" else False,
        )  # fmt: skip

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request below `base`; the body is read up to the cap."""
        parts: list[bytes] = []
        size = 0
        outcome: Literal["failed", "unknown"] = "failed" if method == "GET" else "unknown"
        try:
            with self._client.stream(method, self.base + path, content=body, headers=dict(headers or {})) as answer:
                for part in answer.iter_bytes():
                    size += len(part)
                    if size > self._max:
                        detail = f"{path}: more than {self._max} bytes"
                        raise Fault("answer-too-large", "failed", detail, "this host is not what it should be")
                    parts.append(part)
                found = {k.lower(): v for k, v in answer.headers.items()}
                return Reply(answer.status_code, found, b"".join(parts))
        except httpx2.TimeoutException:
            detail = f"{self.base} did not answer within {self._timeout:g} s"
            raise Fault("server-timeout", outcome, detail, RETRY_SAFE) from None
        except (httpx2.HTTPError, OSError) as err:
            detail = f"{self.base}: {type(err).__name__}"
            raise Fault("server-unreachable", outcome, detail, RETRY_SAFE) from err

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
