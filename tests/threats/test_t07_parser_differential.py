"""T07: server and verifier see different things in the same bytes.

The signature is over the verbatim payload, one strict reader serves both, and `dumps(loads(b)) == b`. What is not canonical is
refused even under a true signature; the unsigned wrapper may be written in any way and is normalised. A thousand fuzzed
documents get the same answer from the door's reader, the auditor's and, where it is here, Node.
"""

import base64
import json
import random
from collections.abc import Callable

import pytest

from ledger.canonical import dumps, loads, loads_canonical
from ledger.envelope import format_envelope, parse_envelope, read_envelope
from ledger.errors import Malformed
from ledger.events import model
from ledger.statement import parse_statement
from ledger.strict import format_base64, format_base64url
from tests.simulator import Lab, each_bit, signed, signer
from tests.threats.documents import replaced
from tests.threats.door import Door
from tests.threats.node import NODE, READ, VERIFY, ask_node

Change = Callable[[bytes], bytes]
STATEMENT: dict[str, Change] = {
    "blank inside": lambda raw: replaced(raw, b'"kind":', b'"kind": '),
    "blank before": lambda raw: b" " + raw,
    "newline after": lambda raw: raw + b"\n",
    "tab": lambda raw: replaced(raw, b"{", b"{\t"),
    "order": lambda raw: replaced(replaced(raw, b'"_type":"https://in-toto.io/Statement/v1",', b""), b'"subject":', b'"_type":"https://in-toto.io/Statement/v1","subject":'),
    "escaped letter": lambda raw: replaced(raw, b'"base"', b'"b\\u0061se"'),
    "escaped slash": lambda raw: replaced(raw, b"https://", b"https:\\/\\/"),
    "escaped key": lambda raw: replaced(raw, b'"kind"', b'"k\\u0069nd"'),
    "default spelled out": lambda raw: replaced(raw, b'{"_sd_alg"', b'{"_sd_alg"').replace(b'"body":', b'"back_recorded":false,"body":', 1),
    "null for absent": lambda raw: replaced(raw, b'"kind":"base"', b'"kind":"base","parent":null'),
}  # fmt: skip


@pytest.mark.parametrize("change", STATEMENT.values(), ids=STATEMENT)
def test_attack_signed_but_not_canonical(door: Door, lab: Lab, change: Change) -> None:
    raw = signed(change(door.model().envelope.payload), *door.signers("assessor"))
    door.refuses(raw, 400, "not-canonical")
    door.refuses_line(raw, 400, "not-canonical")
    honest = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.slip(signed(change(honest.envelope.payload), lab.keys["assessor"]), stream="model/a")
    lab.finds("not-canonical")


ENVELOPE: dict[str, Change] = {
    "blank": lambda raw: replaced(raw, b'"payload":', b'"payload": '),
    "order": lambda raw: dumps_unsorted(raw),
    "extra member": lambda raw: replaced(raw, b'{"payload"', b'{"a":1,"payload"'),
    "escape": lambda raw: replaced(raw, b'"payload"', b'"p\\u0061yload"'),
    "escaped slash": lambda raw: replaced(raw, b"application/vnd", b"application\\/vnd"),
}


def dumps_unsorted(raw: bytes) -> bytes:
    """The members in reverse order."""
    return json.dumps(dict(reversed(json.loads(raw).items())), separators=(",", ":")).encode()


@pytest.mark.parametrize("change", ENVELOPE.values(), ids=ENVELOPE)
def test_attack_wrapper_in_the_log(lab: Lab, change: Change) -> None:
    """At the door the wrapper is normalised; in the log only its normal form may stand, or the leaf would be malleable."""
    honest = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    assert format_envelope(read_envelope(change(honest.wire()))) == honest.wire()
    lab.slip(change(honest.wire()), stream="model/a")
    lab.finds("schema" if b'"a":1' in change(honest.wire()) else "not-canonical")


TAILS = ["{}=", "{}==", "{}\n", " {}", "{}A", "*{}", "{}%3D", "{}\\u003d"]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("member", ["payload", "sig"])
def test_attack_base64(door: Door, lab: Lab, member: str, tail: str) -> None:
    """Junk, wrong padding, cut quads: one text for one content."""
    value = json.loads(door.model().wire())
    place = value if member == "payload" else value["signatures"][0]
    text = place[member]
    bent = tail.replace("{}", text if text.endswith("=") else text + "=")
    place[member] = json.loads(f'"{bent}"') if "\\u" in tail else bent
    door.refuses(json.dumps(value).encode(), 400, "base64-form")
    value = json.loads(lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).wire())
    place = value if member == "payload" else value["signatures"][0]
    place[member] = tail.replace("{}", place[member].rstrip("=") + "=").replace("\\u003d", "=") + "="
    other = lab.fork()
    other.slip(json.dumps(value, separators=(",", ":"), sort_keys=True).encode(), stream="model/a")
    other.finds("base64-form")


def test_attack_base64_last_bits(door: Door, lab: Lab) -> None:
    """`QR==` and `QQ==` are one byte: two texts, one hash."""
    value = json.loads(door.model().wire())
    text = value["signatures"][0]["sig"]
    assert text.endswith("==")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(text[-3]) + 1]
    bent = f"{text[:-3]}{other}=="
    assert base64.b64decode(text) == base64.b64decode(bent)
    value["signatures"][0]["sig"] = bent
    door.refuses(json.dumps(value).encode(), 400, "base64-bits")
    wire = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).wire()
    at = wire.rindex(b"==") - 1
    bent_wire = wire[:at] + letters[letters.index(chr(wire[at])) + 1].encode() + wire[at + 1 :]
    lab.slip(bent_wire)
    lab.finds("base64-bits")


def fuzzed(count: int) -> list[bytes]:
    """Statements and envelopes with a few bytes replaced, doubled or dropped, and small documents made of JSON's own words."""
    chance = random.Random(7)
    lab = Lab()
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    seeds = [
        written.envelope.payload,
        written.wire(),
        lab.entries[-1],
        b'{"a":[1,2,{"b":"\xc3\xa9\\n"}],"c":-9007199254740991}',
    ]
    words = [
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"1",
        b"0",
        b"-",
        b".",
        b"e9",
        b"null",
        b"\\u0041",
        b"\x00",
        b"\xc3\xa9",
        b" ",
    ]
    found: list[bytes] = []
    while len(found) < count:
        raw = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(0, 3)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randint(0, 2)] = chance.choice(words)
        found.append(bytes(raw))
    return found


def answer(reader: Callable[[bytes], object], raw: bytes) -> str:
    """`ok`, or the reason."""
    try:
        reader(raw)
    except Malformed as err:
        return err.code
    return "ok"


def test_attack_a_thousand_fuzzed_documents() -> None:
    """No reader of ours accepts what is not its own re-encoding, and both halves agree on every document."""
    documents = fuzzed(1000)
    accepted = []
    for raw in documents:
        canonical = answer(loads_canonical, raw)
        if canonical == "ok":
            accepted.append(raw)
            assert dumps(loads(raw)) == raw == dumps(json.loads(raw))
        if answer(lambda b: parse_statement(b, model.Registered), raw) == "ok":
            assert canonical == "ok"
        if answer(parse_envelope, raw) == "ok":
            assert canonical == "ok"
            assert format_envelope(read_envelope(raw)) == raw
    assert 50 < len(accepted) < 950
    if NODE is not None:
        read = ask_node(READ, [format_base64(raw) for raw in accepted])
        assert [None if r is None else r.encode() for r in read] == accepted


@pytest.mark.parametrize("alg", ["ed25519", "ecdsa-p256-sha256"])
def test_honest_golden_bytes_verify_in_both(alg: str) -> None:
    """An envelope that another implementation's crypto accepts, and whose alterations it refuses like ours."""
    lab = Lab()
    own = signer("second", alg)
    lab.register("assessor", own)
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", own, subject="ab" * 32)
    lab.add(written)
    lab.holds()
    cases = [written.wire()]
    payload = written.envelope.payload
    for bent in each_bit(payload, 977):
        cases.append(written.wire().replace(format_base64(payload).encode(), format_base64(bent).encode()))
    if NODE is not None:
        asked = [{"alg": alg, "envelope": format_base64(c), "spki": format_base64(own.spki)} for c in cases]
        assert ask_node(VERIFY, asked) == [True] + [False] * (len(cases) - 1)


def test_honest_other_ways_to_write_the_wrapper(door: Door) -> None:
    """Either alphabet, no padding, any order, blanks, other members: the same envelope, the same entry."""
    written = door.model()
    value = json.loads(written.wire())
    payload, sig = written.envelope.payload, written.envelope.signatures[0]
    value["payload"], value["signatures"][0]["sig"] = format_base64url(payload), format_base64url(sig.sig)
    value["signatures"][0]["note"] = "unsigned"
    index = door.admits(json.dumps(dict(reversed(value.items())), indent=2).encode())["index"]
    shown = door.ask("GET", f"/v1/entries/{index}").content
    assert written.wire() in shown
    assert door.post(written.wire()).json()["index"] == index
