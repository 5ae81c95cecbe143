"""Strict scalars (formats.md §1, style.md §2): ASCII grammar by `fullmatch`, decode, re-encode, compare.

The only file that calls Python's lax readers of numbers, base64, hex and times. Everything raises `Malformed` alone.
"""

import base64
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from ledger.errors import Malformed

MAX_INT = 2**53 - 1
_TIME = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,20})?")
_UINT = re.compile(r"0|[1-9][0-9]{0,19}")
_STREAM = re.compile(r"[a-z0-9._:/@-]{1,200}")
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEX = re.compile(r"([0-9a-f]{2})*")
_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def parse_time(text: str) -> str:
    """A canonical time: RFC 3339 UTC, six fractional digits, a day that exists."""
    if _TIME.fullmatch(text) is None:
        raise Malformed("time", "text", "time-form")
    micros(text)
    return text


def micros(text: str) -> int:
    """Microseconds since 1970 of a canonical time."""
    try:
        whole = datetime(
            int(text[0:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]), int(text[14:16]), int(text[17:19]),
            int(text[20:26]), UTC,
        )  # fmt: skip
    except ValueError:
        raise Malformed("time", "text", "time-form") from None
    return (whole - _EPOCH) // _US


def from_micros(value: int) -> str:
    """The canonical time of microseconds since 1970."""
    try:
        t = _EPOCH + value * _US
    except OverflowError:
        raise Malformed("time", "value", "time-range") from None
    # By hand: `strftime` asks the C library, and with it the locale.
    clock = f"{t.hour:02d}:{t.minute:02d}:{t.second:02d}.{t.microsecond:06d}"
    return f"{t.year:04d}-{t.month:02d}-{t.day:02d}T{clock}Z"


def shift(text: str, *, seconds: int = 0, days: int = 0, micros: int = 0) -> str:
    """The time `days`, `seconds` and `micros` later."""
    return from_micros(_micros(text) + micros + 1_000_000 * (seconds + 86_400 * days))


_micros = micros


def parse_decimal(text: str) -> str:
    """A canonical decimal: `-?(0|[1-9][0-9]{0,39})(.[0-9]{1,20})?`, never minus zero."""
    if _DECIMAL.fullmatch(text) is None or (text[0] == "-" and not text.strip("-0.")):
        raise Malformed("decimal", "text", "number-domain")
    return text


def decimal_value(text: str) -> Fraction:
    """The exact value of a canonical decimal; decimals are compared as fractions."""
    return Fraction(parse_decimal(text))


def parse_uint(text: str, bits: int = 53) -> int:
    """A non-negative integer without leading zero, below 2^bits."""
    if _UINT.fullmatch(text) is None:
        raise Malformed("integer", "text", "number-domain")
    value = int(text)
    if value >= 1 << bits:
        raise Malformed("integer", "text", "number-domain")
    return value


def parse_stream(text: str) -> str:
    """A stream name."""
    if _STREAM.fullmatch(text) is None:
        raise Malformed("stream", "text", "name-domain")
    return text


def parse_origin(text: str) -> str:
    """A log's origin: the alphabet of streams."""
    if _STREAM.fullmatch(text) is None:
        raise Malformed("origin", "text", "name-domain")
    return text


def parse_hex(text: str, nbytes: int) -> str:
    """Lower-case hex of exactly `nbytes` bytes."""
    if len(text) != 2 * nbytes or _HEX.fullmatch(text) is None:
        raise Malformed("hex", "text", "hex-form")
    return text


def unhex(text: str) -> bytes:
    """The bytes of lower-case hex."""
    if _HEX.fullmatch(text) is None:
        raise Malformed("hex", "text", "hex-form")
    return bytes.fromhex(text)


def parse_digest(text: str) -> str:
    """`sha256:` and 64 hex digits."""
    if not text.startswith("sha256:"):
        raise Malformed("digest", "text", "digest-form")
    parse_hex(text[7:], 32)
    return text


def format_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 §4)."""
    return base64.b64encode(data).decode()


def parse_base64(text: str) -> bytes:
    """Standard base64 with padding and canonical last bits."""
    try:
        data = base64.b64decode(text)
    except ValueError:
        raise Malformed("base64", "text", "base64-form") from None
    if (
        format_base64(data) != text
    ):  # whatever the lax reader dropped or bent differs; the grammar only names the defect
        raise Malformed("base64", "text", "base64-form" if _BASE64.fullmatch(text) is None else "base64-bits")
    return data


def format_base64url(data: bytes) -> str:
    """URL-safe base64 without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def parse_base64url(text: str) -> bytes:
    """URL-safe base64 without padding, canonical last bits."""
    if len(text) % 4 == 1 or _BASE64URL.fullmatch(text) is None:
        raise Malformed("base64url", "text", "base64-form")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if format_base64url(data) != text:
        raise Malformed("base64url", "text", "base64-bits")
    return data


def parse_uuid7(text: str) -> str:
    """A UUIDv7 (RFC 9562 §5.7): lower case, 8-4-4-4-12."""
    if _UUID7.fullmatch(text) is None:
        raise Malformed("uuid", "text", "uuid-form")
    return text


def uuid7_millis(text: str) -> int:
    """The milliseconds since 1970 in a UUIDv7."""
    parse_uuid7(text)
    return int(text[:8] + text[9:13], 16)


def format_uuid7(millis: int, rand: bytes) -> str:
    """A UUIDv7 of `millis` and ten bytes, of which 74 bits are used."""
    if not 0 <= millis < 1 << 48 or len(rand) != 10:
        raise Malformed("uuid", "parts", "uuid-form")
    raw = bytearray(millis.to_bytes(6, "big") + rand)
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
