"""Golden bytes: `make vectors` leaves no difference, and what stands in the files holds by independent means.

The second half reads the files with `json`, `hashlib` and `cryptography` alone, as another implementation would.
"""

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.serialization import load_der_public_key

from auditor.verdict import VerifyVerdict
from ledger.checkpoint import open_checkpoint
from ledger.entry import parse_entry
from ledger.note import parse_vkey
from ledger.receipt import check_receipt
from ledger.registry import BODIES, BY_TOPIC
from ledger.statement import parse_statement
from ledger.store.anchor import SLOT, parse_slot
from ledger.withheld import open_body
from tests.vectors import generate
from tests.vectors.told import to_the_end

FOLDER = Path(__file__).parent
EVENTS = sorted(p.stem for p in (FOLDER / "events").glob("*.json"))


def read(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / name).read_text())


@lru_cache(maxsize=1)
def made() -> dict[str, bytes]:
    return generate.files()


def test_make_vectors_leaves_no_difference() -> None:
    stored = {str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*.json")}
    assert stored == set(made())
    for name, content in made().items():
        assert (FOLDER / name).read_bytes() == content, f"{name}: run make vectors, and say in the commit what changed"


def test_every_event_type_has_golden_bytes() -> None:
    assert {read(f"events/{name}.json")["topic"] for name in EVENTS} == {b.event.topic for b in BODIES}


@pytest.mark.parametrize("name", EVENTS)
def test_event_bytes_hold_by_independent_means(name: str) -> None:
    vector = read(f"events/{name}.json")
    payload = vector["statement"].encode()
    value = json.loads(payload)
    assert rfc8785.dumps(value) == payload
    assert value["predicate"]["body"] == vector["body"]
    pae = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
    assert hashlib.sha256(pae).hexdigest() == vector["statement_digest"]
    envelope = json.loads(vector["envelope"])
    assert base64.b64decode(envelope["payload"]) == payload
    assert [s["keyid"] for s in envelope["signatures"]] == value["predicate"]["signers"]
    entry = json.loads(vector["entry"])
    assert entry["envelope"] == envelope
    assert rfc8785.dumps(entry) == vector["entry"].encode()
    assert hashlib.sha256(b"\0" + vector["entry"].encode()).hexdigest() == vector["leaf"]
    assert read("formats/log.json")["leaves"][vector["index"]] == vector["leaf"]


@pytest.mark.parametrize("name", EVENTS)
def test_event_bytes_are_what_our_reader_reads(name: str) -> None:
    vector = read(f"events/{name}.json")
    statement = parse_statement(vector["statement"].encode(), BY_TOPIC[vector["topic"]])
    assert parse_entry(vector["entry"].encode()).envelope == vector["envelope"].encode()
    body = vector["body"]
    opened = open_body(body, [d["text"] for d in vector["disclosures"]]).body
    hidden = BY_TOPIC[vector["topic"]].event.withholdable
    assert set(opened) - set(body) <= set(hidden)
    assert statement.predicate.founding == ("" if vector["index"] == 0 else read("events/ledger.founded.json")["leaf"])


def test_signatures_verify_under_the_keys_that_entry_0_lists() -> None:
    founded = read("events/ledger.founded.json")
    keys = {k["keyid"]: base64.b64decode(k["spki"]) for k in founded["body"]["keys"]}
    for name in ("ledger.founded", "gate.evaluated", "principal.registered", "token.revoked"):
        vector = read(f"events/{name}.json")
        payload = vector["statement"].encode()
        message = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
        for signature in json.loads(vector["envelope"])["signatures"]:
            public = load_der_public_key(keys[signature["keyid"]])
            public.verify(base64.b64decode(signature["sig"]), message)  # type: ignore[union-attr,call-arg,arg-type]


def test_every_algorithm_has_a_key_and_a_signature() -> None:
    found = read("formats/keys.json")
    assert sorted(found["keys"]) == ["ecdsa-p256-sha256", "ed25519", "ml-dsa-65"]
    for key in found["keys"].values():
        assert hashlib.sha256(bytes.fromhex(key["spki"])).hexdigest() == key["keyid"]


def test_the_root_is_that_of_a_plain_recursion() -> None:
    log = read("formats/log.json")

    def root(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        cut = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + root(leaves[:cut]) + root(leaves[cut:])).digest()

    assert root([bytes.fromhex(x) for x in log["leaves"]]).hex() == log["root"]
    assert log["size"] == len(log["leaves"])


def test_checkpoint_receipt_and_anchor_are_of_that_root() -> None:
    log, checkpoint = read("formats/log.json"), read("formats/checkpoint.json")
    vkeys = tuple(parse_vkey(v) for v in checkpoint["vkeys"])
    opened = open_checkpoint(checkpoint["note"], vkeys)
    assert (opened.size, opened.root.hex()) == (log["size"], log["root"])
    receipt = read("formats/receipt.json")
    assert check_receipt(receipt["receipt"], receipt["entry"].encode(), vkeys, opened.origin) == opened
    anchor = read("formats/anchor.json")
    slot = parse_slot(anchor["slot"].encode().ljust(SLOT, b"\0"))
    assert slot is not None
    assert (slot[1].origin, slot[1].size, slot[1].root.hex()) == (opened.origin, log["size"], log["root"])


def test_field_disclosures_are_plain_rfc_9901() -> None:
    for made_ in read("formats/withheld.json")["disclosures"]:
        text = made_["text"]
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        salt = base64.urlsafe_b64encode(bytes.fromhex(made_["salt"])).rstrip(b"=").decode()
        assert json.loads(raw) == [salt, *([made_["name"]] if "name" in made_ else []), made_["value"]]
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        assert digest == made_["digest"]


def test_the_hidden_subject_is_the_record_that_the_stream_commits_to() -> None:
    vector = read("events/model.registered.json")
    (hidden,) = vector["disclosures"]
    record = base64.urlsafe_b64decode(hidden["text"] + "=" * (-len(hidden["text"]) % 4))
    assert json.loads(record)[1] == "subject"
    subject = json.loads(vector["statement"])["subject"]
    assert hashlib.sha256(record).hexdigest() == subject[0]["digest"]["sha256"]


def test_the_whole_history_verifies() -> None:
    lab = to_the_end()
    assert lab.verify().verdict is VerifyVerdict.VALID_UNWITNESSED
    assert [hashlib.sha256(b"\0" + e).hexdigest() for e in lab.entries] == read("formats/log.json")["leaves"]
