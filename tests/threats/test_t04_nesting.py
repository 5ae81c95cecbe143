"""T04: 100,000 opening brackets. Depth is counted before anything recurses: `too-deep`, never a crash, time and memory flat."""

import time
import tracemalloc
from collections.abc import Callable

import pytest

from api.importers import read_log
from auditor.pin import parse_pin
from auditor.verify import verify_export
from ledger.canonical import MAX_DEPTH, loads
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope, read_envelope
from ledger.errors import Malformed
from ledger.events import framework, model
from ledger.statement import parse_statement, peek_type
from ledger.strict import format_base64url
from ledger.withheld import parse_disclosure
from tests.simulator import Lab, signed
from tests.threats import documents
from tests.threats.documents import replaced
from tests.threats.door import NDJSON, Door


def nested(depth: int, *, closed: bool = True) -> bytes:
    """Arrays in arrays."""
    return b"[" * depth + (b"]" * depth if closed else b"")


OPEN = {
    "33 deep": nested(33),
    "33 objects deep": b'{"a":' * 33 + b"1" + b"}" * 33,
    "a hundred thousand": nested(100_000, closed=False),
    "a hundred thousand objects": b'{"a":' * 100_000,
    "mixed": b'[{"a":' * 20_000,
}


@pytest.mark.parametrize("bad", OPEN.values(), ids=OPEN)
def test_attack_body(door: Door, bad: bytes) -> None:
    door.refuses(bad, 400, "too-deep")
    door.refuses_line(bad, 400, "too-deep")
    door.refuses(b'{"envelope":%s' % bad, 400, "too-deep")


@pytest.mark.parametrize("bad", [nested(33), nested(20_000, closed=False)], ids=["33", "20,000"])
def test_attack_statement(door: Door, lab: Lab, bad: bytes) -> None:
    """A signed statement: the bytes sit in base64, so only the second reader meets them."""
    body, stream = documents.publication()
    admins, names = door.signers("framework-admin", 2), ("framework-admin-1", "framework-admin-2")
    written = door.session.write(framework.Published, body, stream, admins)
    deep = replaced(written.envelope.payload, b'"pack":{', b'"pack":{"aa":%s,' % bad)
    door.refuses(signed(deep, *admins), 400, "too-deep")
    door.refuses(signed(bad, *admins), 400, "too-deep")
    forged = replaced(
        lab.write(framework.Published, body, stream, *names).envelope.payload, b'"pack":{', b'"pack":{"aa":%s,' % bad
    )
    lab.slip(signed(forged, *(lab.keys[n] for n in names)))
    lab.finds("too-deep")


@pytest.mark.parametrize("bad", [nested(33), nested(30_000, closed=False)], ids=["33", "30,000"])
def test_attack_entry_and_claims(lab: Lab, bad: bytes) -> None:
    other = lab.fork()
    other.slip(bad, stream="ledger")
    other.finds("too-deep")
    other = lab.fork()
    other.slip_entry(bad)
    other.finds("too-deep")
    files = {**lab.export(), "claims.sig": bad}
    assert verify_export(files.get, lab.pin()).to_json()["code"] == "too-deep"


READERS: dict[str, Callable[[bytes], object]] = {
    "loads": loads,
    "read_envelope": lambda b: read_envelope(b[:100_000]),
    "parse_envelope": lambda b: parse_envelope(b[:60_000]),
    "parse_entry": lambda b: parse_entry(b[:60_000]),
    "peek_type": lambda b: peek_type(b[:40_000]),
    "parse_statement": lambda b: parse_statement(b[:40_000], model.Registered),
    "parse_disclosure": lambda b: parse_disclosure(format_base64url(b)),
    "parse_pin": lambda b: parse_pin(b + b"\n"),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("bad", OPEN.values(), ids=OPEN)
def test_attack_every_reader_is_flat(reader: Callable[[bytes], object], bad: bytes) -> None:
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(Malformed) as caught:
        reader(bad)
    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == "too-deep"
    assert took < 1
    assert peak < 16 << 20


def test_attack_depth_is_told_from_text() -> None:
    """Brackets inside strings are no depth, and a long string beside many brackets costs no memory per character."""
    assert loads(b'["%s"]' % (b"[{" * 30_000)) == ["[{" * 30_000]
    assert loads(b'["\\"[[[","\\\\",[["]"]]]' + b" " * 40) == ['"[[[', "\\", [["]"]]]
    wide = b"[" + b"[]," * 40 + b'"' + b"a" * 1_000_000 + b'"]'
    tracemalloc.start()
    with pytest.raises(Malformed, match="string-too-long"):
        loads(wide)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize("bad", [nested(100_000, closed=False), nested(100_000), b'{"eval":' * 100_000])
def test_attack_imported_log(bad: bytes) -> None:
    with pytest.raises(Malformed):
        read_log(bad)


def test_honest_depth_32(door: Door, lab: Lab) -> None:
    """The wrapper itself is depth 1 and is normalised away; 31 more levels inside it are read and dropped."""
    raw = door.model().wire()
    deep = replaced(raw, b'{"payload"', b'{"x":%s,"payload"' % nested(MAX_DEPTH - 1))
    door.refuses(replaced(deep, b'{"x":', b'{"x":[').replace(b',"payload"', b'],"payload"'), 400, "too-deep")
    value = door.admits(deep)
    assert door.post(raw + b"\n", NDJSON).json()["index"] == value["index"]
    assert loads(nested(MAX_DEPTH)) is not None
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.add(written)
    lab.holds()
