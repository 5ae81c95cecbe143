"""The in-toto bundle: each line is a DSSE envelope whose payload is what was signed, which another's library verifies."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from disclosures.bag import STATEMENT
from disclosures.in_toto import make
from ledger.envelope import format_envelope, pae, sign_envelope
from ledger.events import model
from tests.conftest import VECTORS, needs_vectors
from tests.disclosures.forger import Forger, told
from tests.disclosures.given import given
from tests.simulator import Lab, signer


def lines(forger: Forger | None = None) -> list[dict[str, Any]]:
    raw = make(given(forger))[""]
    assert raw.endswith(b"\n")
    return [json.loads(line) for line in raw.splitlines()]


def keys(lab: Lab) -> dict[str, Any]:
    return {k.keyid: SSlibKey.from_crypto(load_der_public_key(k.spki), keyid=k.keyid) for k in lab.keys.values()}


def test_every_line_verifies_with_securesystemslib() -> None:
    known = keys(told()[0])
    for value in lines():
        wanted = [known[s["keyid"]] for s in value["signatures"]]
        envelope = Envelope.from_dict(json.loads(json.dumps(value)))
        assert set(envelope.verify(wanted, len(wanted))) == {k.keyid for k in wanted}
        statement = json.loads(envelope.payload)
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        assert statement["subject"][0]["digest"]


def test_a_p_256_key_too() -> None:
    """Its signature is DER, as that library makes it."""
    lab = Lab(name="p256")
    lab.keys["evaluator"] = signer("p256 evaluator", "ecdsa-p256-sha256")
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", "evaluator", subject="ab" * 32)
    value = json.loads(written.wire())
    envelope = Envelope.from_dict(value)
    key = SSlibKey.from_crypto(
        load_der_public_key(lab.keys["evaluator"].spki), keyid=lab.keys["evaluator"].keyid, scheme="ecdsa-sha2-nistp256"
    )
    assert envelope.verify([key], 1)


def test_payloads_are_verbatim() -> None:
    what = given()
    found = [Envelope.from_dict(json.loads(line)).payload for line in make(what)[""].splitlines()]
    assert found == [what.files[STATEMENT], *(e.envelope.payload for e in what.shown.entries)]


def test_a_bent_line_does_not_verify() -> None:
    known = keys(told()[0])
    first, second = lines()[:2]
    by = known[first["signatures"][0]["keyid"]]
    with pytest.raises(VerificationError):
        Envelope.from_dict({**first, "payload": second["payload"]}).verify([by], 1)


@needs_vectors
def test_payloads_of_others_stand_as_they_were_written() -> None:
    """Blanks, order and numbers of the specification's own examples: what is signed is the bytes."""
    by = signer("in-toto")
    key = SSlibKey.from_crypto(load_der_public_key(by.spki), keyid=by.keyid)
    for path in sorted((VECTORS / "intoto").iterdir()):
        raw = format_envelope(sign_envelope(path.read_bytes(), (by,)))
        envelope = Envelope.from_dict(json.loads(raw))
        assert envelope.payload == path.read_bytes()
        assert envelope.pae() == pae(path.read_bytes())
        assert envelope.verify([key], 1)


@needs_vectors
def test_the_specification_s_own_example() -> None:
    """Both say the same of its pre-authentication encoding, and of its signature."""
    value = json.loads((VECTORS / "dsse" / "protocol_v1.0.2.json").read_text())
    envelope = Envelope.from_dict(
        {**value["envelope"], "signatures": [{**s, "keyid": ""} for s in value["envelope"]["signatures"]]}
    )
    assert envelope.pae() == pae(value["payload_utf8"].encode(), value["payloadType"]) == value["pae_utf8"].encode()
