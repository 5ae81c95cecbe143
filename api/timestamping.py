"""Asking timestamp authorities (RFC 3161) for tokens over the newest checkpoint, and handing on what is kept.

An answer is verified whole, under a CA certificate that the operator gave and with the nonce of this request, before it is kept:
what is handed over later has to fit, every one of them (spec/timestamp.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from api.transport import HttpTransport, Transport
from api.wiring import Ledger
from auditor.timestamp import MAX_TOKEN, token_path
from auditor.timestamp_token import MissingLibrary, between_of, check_signature, claimed, library, open_token
from ledger.checkpoint import Checkpoint, format_checkpoint, read_checkpoint
from ledger.errors import Fault, LedgerError, Unverified
from ledger.strict import from_micros

MOST: Final = 16
TIMEOUT_SECONDS: Final = 20.0
HEADERS: Final = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}


@dataclass(frozen=True, slots=True)
class Stamped:
    """What became of one authority: `status` is `stamped`, `refused` or `unreachable`; `authority` the CA under which it held."""

    url: str
    status: str
    detail: str
    authority: x509.Certificate | None = None


def authority_transport(url: str) -> Transport:
    """How an authority is spoken to: bounded in time and size, no redirect, no credential."""
    return HttpTransport(url, timeout=TIMEOUT_SECONDS, max_answer=MAX_TOKEN)


def ask_authorities(
    ledger: Ledger, urls: Sequence[str], trusted: Sequence[x509.Certificate], connect: Callable[[str], Transport]
) -> list[Stamped]:
    """Ask each for a token over the newest checkpoint. Raises `Fault` `empty`, `package-missing`."""
    size, note = ledger.appender.published
    if size == 0:
        raise Fault("empty", "failed", "the ledger holds no entries", "record something first")
    try:
        library()
    except MissingLibrary:
        detail = "rfc3161-client is not installed"
        raise Fault("package-missing", "failed", detail, "pip install 'holdpoint[timestamps]'") from None
    checkpoint, _ = read_checkpoint(note)
    return [_ask(ledger, url, checkpoint, trusted, connect) for url in urls]


def _ask(
    ledger: Ledger,
    url: str,
    checkpoint: Checkpoint,
    trusted: Sequence[x509.Certificate],
    connect: Callable[[str], Transport],
) -> Stamped:
    tsp = library()
    builder = tsp.TimestampRequestBuilder().data(format_checkpoint(checkpoint).encode())
    request = builder.hash_algorithm(tsp.HashAlgorithm.SHA256).nonce(nonce=True).cert_request(cert_request=True).build()
    try:
        transport = connect(url)
        try:
            reply = transport.send("POST", "", request.as_bytes(), HEADERS)
        finally:
            transport.close()
    except LedgerError as err:
        return Stamped(url, "unreachable", str(err))
    if reply.status != 200:
        return Stamped(url, "refused", f"status {reply.status}")
    try:
        opened = open_token(reply.body, checkpoint)
        known = claimed(opened, trusted)
        if not known:
            raise Unverified(
                "timestamp", "none of the given CA certificates issued its certificate", "timestamp-signature"
            )
        check_signature(opened, known[0], checkpoint, between_of(trusted), nonce=request.nonce)
    except LedgerError as err:
        return Stamped(url, "refused", f"its token does not hold: {err}")
    ledger.appender.keep_token(checkpoint.size, opened.authority, reply.body)
    said = f"size {checkpoint.size} existed by {from_micros(opened.until)}"
    return Stamped(url, "stamped", said, known[0])


def tokens_at(ledger: Ledger, size: int) -> dict[str, bytes]:
    """Tokens of the newest stamped checkpoint that is none above `size`, by path; none where nothing was stamped."""
    stamped = ledger.desk.last_stamped(size)
    if stamped == 0:
        return {}
    root = ledger.desk.read_root(stamped)
    if root is None:
        return {}
    checkpoint = Checkpoint(ledger.origin, stamped, root)
    found = ledger.desk.read_tokens(stamped)[:MOST]
    return {token_path(checkpoint, k): token for k, (_, _, token) in enumerate(found, 1)}


def tokens_up_to(ledger: Ledger, size: int) -> dict[str, bytes]:
    """Every kept token of a checkpoint that is none above `size`, by path."""
    found: dict[str, bytes] = {}
    counts: dict[int, int] = {}
    for at, _, token in ledger.desk.read_tokens():
        root = ledger.desk.read_root(at) if at <= size else None
        if root is not None:
            counts[at] = counts.get(at, 0) + 1
            found[token_path(Checkpoint(ledger.origin, at, root), counts[at])] = token
    return found
