"""An entry's fast reader is the slow one, only sooner: same values, same refusals, nothing else accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import dumps, loads_canonical
from ledger.entry import Entry, format_entry, parse_entry, read_entry
from ledger.envelope import Envelope, Signature, format_envelope, parse_envelope
from ledger.errors import Malformed

ENVELOPE = format_envelope(Envelope(b'a payload","recorded_at":"', (Signature("ab" * 32, b"one"),)))
AT = "2026-01-05T10:00:00.000000Z"
SAMPLE = format_entry(ENVELOPE, AT, "cd" * 32, 7)


@given(st.integers(1, 2**53 - 1), st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_what_is_written_is_canonical_and_read_back(version: int, leaf: str) -> None:
    previous = "" if version == 1 else leaf
    raw = format_entry(ENVELOPE, AT, previous, version)
    assert dumps(loads_canonical(raw)) == raw
    entry = Entry(ENVELOPE, AT, previous, version)
    assert parse_entry(raw) == entry
    assert read_entry(raw) == (entry, parse_envelope(ENVELOPE))


SPOILED = {
    "first with a previous": format_entry(ENVELOPE, AT, "cd" * 32, 1),
    "second without": format_entry(ENVELOPE, AT, "", 2),
    "version 0": SAMPLE.replace(b'"version":7', b'"version":0'),
    "version 07": SAMPLE.replace(b'"version":7', b'"version":07'),
    "version beyond 2^53-1": SAMPLE.replace(b'"version":7', b'"version":9007199254740992'),
    "upper-case leaf": SAMPLE.replace(b"cd" * 32, b"CD" * 32),
    "no such day": SAMPLE.replace(b"2026-01-05", b"2026-02-30"),
    "seven digits": SAMPLE.replace(b".000000Z", b".0000000Z"),
    "no zone": SAMPLE.replace(b".000000Z", b".0000000"),
    "blank": SAMPLE.replace(b'"stream":', b'"stream": '),
    "trailing newline": SAMPLE + b"\n",
    "an extra member": SAMPLE[:-1] + b',"z":1}',
    "envelope not normal": SAMPLE.replace(b'"payloadType"', b' "payloadType"'),
    "envelope empty": b'{"envelope":' + SAMPLE[SAMPLE.rindex(b',"recorded_at"') :],
    "two times": SAMPLE.replace(b',"stream"', b',"recorded_at":"2026-01-05T10:00:00.000000Z","stream"'),
    "too large": b'{"envelope":"' + b"a" * 65_535 + b'"}',
    "nothing": b"",
}


@pytest.mark.parametrize("defect", sorted(SPOILED))
def test_both_readers_refuse_with_the_same_reason(defect: str) -> None:
    with pytest.raises(Malformed) as fast:
        read_entry(SPOILED[defect])
    with pytest.raises(Malformed) as slow:
        parse_envelope(parse_entry(SPOILED[defect]).envelope)
    assert fast.value.code == slow.value.code


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda b: SAMPLE[:300] + b + SAMPLE[300:]))
def test_any_bytes_give_the_sample_or_malformed(raw: bytes) -> None:
    if raw != SAMPLE:
        with pytest.raises(Malformed):
            read_entry(raw)
