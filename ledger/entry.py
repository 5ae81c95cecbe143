"""Entry and leaf (formats.md §4): the submitter's envelope, when it was recorded, and its place in its stream.

RFC 8785 of `{"envelope", "recorded_at", "stream": {"previous", "version"}}`. The chain makes a stream's last entry commit
to all before it. Leaf hash = SHA-256(0x00 ‖ entry), RFC 6962 §2.1.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger.canonical import decode_canonical
from ledger.envelope import MAX_ENVELOPE
from ledger.errors import Malformed
from ledger.fields import Closed, Time, Version
from ledger.strict import parse_time

MAX_ENTRY = 65_535


@dataclass(frozen=True, slots=True)
class Entry:
    """`envelope` in normal form; `previous` is the leaf hash (hex) of the stream's last entry, empty for its first."""

    envelope: bytes
    recorded_at: str
    previous: str
    version: int


class _Place(Closed, frozen=True):
    previous: Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z")]
    version: Version


class _EntryForm(Closed, frozen=True):
    envelope: msgspec.Raw
    recorded_at: Time
    stream: _Place


def format_entry(envelope: bytes, recorded_at: str, previous: str, version: int) -> bytes:
    """The entry's bytes. `envelope` must be in normal form: it is passed on, never re-serialised."""
    if len(envelope) > MAX_ENVELOPE:
        raise Malformed("entry", "envelope", "too-large")
    # RFC 8785 by hand: names in order, and no value here needs an escape. A test compares it with the decoder's own form.
    place = b'"stream":{"previous":"%s","version":%d}' % (previous.encode(), version)
    raw = b'{"envelope":%s,"recorded_at":"%s",%s}' % (envelope, recorded_at.encode(), place)
    if len(raw) > MAX_ENTRY:
        raise Malformed("entry", "$", "too-large")
    return raw


def parse_entry(raw: bytes) -> Entry:
    """Read an entry. The envelope inside is cut out as it stands; `parse_envelope` checks that it is in normal form."""
    form = decode_canonical(raw, _EntryForm, max_bytes=MAX_ENTRY)
    if (form.stream.version == 1) != (form.stream.previous == ""):
        raise Malformed("entry", "stream", "stream-place")
    return Entry(bytes(form.envelope), parse_time(form.recorded_at), form.stream.previous, form.stream.version)


def leaf_hash(entry: bytes) -> bytes:
    """The entry's leaf hash."""
    return sha256(b"\x00" + entry).digest()
