"""Entry and leaf (formats.md §4): the submitter's envelope, when it was recorded, and its place in its stream.

RFC 8785 of `{"envelope", "recorded_at", "stream": {"previous", "version"}}`. The chain makes a stream's last entry commit
to all before it. Leaf hash = SHA-256(0x00 ‖ entry), RFC 6962 §2.1.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger.canonical import decode_canonical
from ledger.envelope import MAX_ENVELOPE, Envelope, parse_envelope, parse_normal
from ledger.errors import Malformed
from ledger.fields import Closed, Time, Version
from ledger.strict import parse_time, parse_uint

MAX_ENTRY = 65_535


_HEAD = b'{"envelope":'
_MIDDLE = b',"recorded_at":"'
_TAIL = re.compile(
    rb',"recorded_at":"([0-9TZ:.-]{27})","stream":\{"previous":"((?:[0-9a-f]{64})?)","version":([1-9][0-9]{0,15})\}\}'
)


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


def read_entry(raw: bytes) -> tuple[Entry, Envelope]:
    """`parse_entry` and `parse_envelope` in one: the hot path of a replay. What it does not recognise, those two name."""
    cut = raw.rfind(_MIDDLE)
    tail = _TAIL.fullmatch(raw, cut) if raw.startswith(_HEAD) and len(_HEAD) < cut and len(raw) <= MAX_ENTRY else None
    envelope = None if tail is None else parse_normal(raw[len(_HEAD) : cut])
    if tail is not None and envelope is not None and envelope.normal is not None:
        with suppress(Malformed):
            previous, version = tail[2].decode(), parse_uint(tail[3].decode())
            if (version == 1) == (previous == ""):
                return Entry(envelope.normal, parse_time(tail[1].decode()), previous, version), envelope
    entry = parse_entry(raw)
    return entry, parse_envelope(entry.envelope)


def leaf_hash(entry: bytes) -> bytes:
    """The entry's leaf hash."""
    return sha256(b"\x00" + entry).digest()
