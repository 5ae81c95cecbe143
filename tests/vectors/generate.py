"""Write the golden files under `tests/vectors`: `make vectors`. Run again, it leaves no difference.

Ed25519 is deterministic; ECDSA and ML-DSA are not, so a stored signature of those is kept for as long as it verifies over the
bytes that it is for, and is otherwise made anew.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from auditor.pin import format_pin, parse_pin
from disclosures.claims import claims_of, sign_claims
from ledger.canonical import dumps, loads
from ledger.checkpoint import open_checkpoint
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import PAYLOAD_TYPE, pae, parse_envelope, statement_digest
from ledger.errors import LedgerError
from ledger.event import Body, Event
from ledger.events import threshold
from ledger.keys import verify
from ledger.note import parse_vkey
from ledger.receipt import format_receipt
from ledger.registry import BODIES
from ledger.store.anchor import AnchoredHead, format_slot
from ledger.tile import BatchProofs, Edge, format_bundle
from ledger.withheld import digest_of, hide, hide_element, parse_disclosure
from policies.answer import AsOf
from projections.decode import Decoder
from spec.generate import kind
from tests.vectors import bad
from tests.vectors.told import ENGINE, Told, signer, to_the_end, unsafe_salts

FOLDER = Path(__file__).parent
NOTICE = "test-only: keys, salts and seeds follow from public words; never use them"


def pretty(value: Any) -> bytes:
    """JSON for people, sorted, one final newline."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def stored(name: str, member: str) -> str | None:
    """A member of a golden file as it stands, or `None`."""
    path = FOLDER / name
    if not path.exists():
        return None
    found = json.loads(path.read_text()).get(member)
    return found if isinstance(found, str) else None


def kept(old: str | None, holds: Callable[[str], bool], fresh: Callable[[], str]) -> str:
    """The stored text while it still holds, else a fresh one."""
    if old is not None and holds(old):
        return old
    return fresh()


def event_file(lab: Told, event: Event) -> dict[str, Any]:
    """One event: statement, envelope and entry as text, with what follows from them."""
    raw = lab.entries[event.index]
    entry = parse_entry(raw)
    payload = parse_envelope(entry.envelope).payload
    disclosures = lab.disclosures.get(event.event_id, ())
    return {
        "body": loads(payload)["predicate"]["body"],
        "disclosures": [{"digest": digest_of(d), "text": d, "value": parse_disclosure(d).value} for d in disclosures],
        "entry": raw.decode(),
        "envelope": entry.envelope.decode(),
        "index": event.index,
        "leaf": leaf_hash(raw).hex(),
        "name": event.name,
        "notice": NOTICE,
        "statement": payload.decode(),
        "statement_digest": statement_digest(payload),
        "topic": event.type.topic,
    }


def event_files(lab: Told) -> Iterator[tuple[str, bytes]]:
    """The first event of each type; of determinations one by a role and one by rule."""
    decoder, seen = Decoder(), set[str]()
    for index, raw in enumerate(lab.entries):
        event = decoder.decode(index, raw)
        name = event.name
        if isinstance(event.body, threshold.Determined) and event.body.made == "rule":
            name += "-by-rule"
        if name not in seen:
            seen.add(name)
            yield f"events/{name}.json", pretty(event_file(lab, event))


def field_of(body: type[Body]) -> list[dict[str, Any]]:
    """The fields of a body in the words of the specification."""
    return [{"name": f.encode_name, "required": f.required, "type": kind(f.type)} for f in msgspec.structs.fields(body)]


def registry_file() -> bytes:
    """What is protocol about each type: changing any of it is a new rules version."""
    return pretty({b.event.topic: {**_declared(b), "fields": field_of(b)} for b in BODIES})


def _declared(body: type[Body]) -> dict[str, Any]:
    said = body.event
    return {
        "derived": said.derived,
        "name": said.name,
        "quorum": said.quorum,
        "roles": list(said.roles),
        "slots": said.slots,
        "stream": said.stream,
        "version": said.version,
        "withholdable": sorted(said.withholdable),
    }


def keys_file() -> bytes:
    """A key and a signature of each algorithm over the PAE of a statement."""
    keys: dict[str, Any] = {}
    path = FOLDER / "formats" / "keys.json"
    old = json.loads(path.read_text())["keys"] if path.exists() else {}
    message = pae(b'{"test":"only"}')
    for alg in ("ecdsa-p256-sha256", "ed25519", "ml-dsa-65"):
        own = signer(f"vectors {alg}", alg)
        public = own._public
        sig = kept(
            old.get(alg, {}).get("signature"),
            lambda text, p=public, a=alg: verify(p, a, message, bytes.fromhex(text)),
            lambda o=own: o.sign(message).hex(),
        )
        keys[alg] = {"keyid": own.keyid, "signature": sig, "spki": own.spki.hex()}
    return pretty({"keys": keys, "message": message.hex(), "notice": NOTICE})


def log_files(lab: Told) -> Iterator[tuple[str, bytes]]:
    """Tree, checkpoint, receipt, pin, claims, anchor and entry bundle of the whole history."""
    leaves = [leaf_hash(e) for e in lab.entries]
    proofs = BatchProofs(Edge.empty(), leaves)
    vkeys = tuple(str(v) for v in lab.log.vkeys)
    note = kept(stored("formats/checkpoint.json", "note"), lambda text: _is_note(lab, text), lab.note)
    size, root = len(leaves), proofs.edge.root()
    yield "formats/log.json", pretty({"leaves": [x.hex() for x in leaves], "root": root.hex(), "size": size})
    yield "formats/checkpoint.json", pretty({"note": note, "vkeys": list(vkeys)})
    index = 65
    text = format_receipt(index, proofs.proof(index), note)
    yield "formats/receipt.json", pretty({"entry": lab.entries[index].decode(), "receipt": text})
    pin = format_pin(lab.origin, lab.founding, vkeys, note)
    parse_pin(pin)
    yield "formats/pin.json", pretty({"pin": pin.decode()})
    known = size - 1  # the last entry adopts rules under which this copy claims nothing
    claims = claims_of(lab.replay.state.at(known), AsOf(known, lab.time))
    payload, signature = sign_claims(claims, lab.keys[ENGINE])
    yield "formats/claims.json", pretty({"claims": payload.decode(), "signature": signature.decode()})
    slot = format_slot(1, AnchoredHead(lab.origin, size, root))
    yield "formats/anchor.json", pretty({"slot": slot.rstrip(b"\0").decode(), "bytes": len(slot)})
    yield "formats/bundle.json", pretty({"entries": 3, "hex": format_bundle(lab.entries[65:68]).hex()})


def _is_note(lab: Told, text: str) -> bool:
    """Whether a stored note is this history's: the same text, both signatures good."""
    try:
        return open_checkpoint(text, lab.log.vkeys) == open_checkpoint(lab.note(), lab.log.vkeys)
    except LedgerError:
        return False


def withheld_file() -> bytes:
    """Field disclosures and their digests, from salts that stand beside them."""
    salts = unsafe_salts()
    made = []
    for name, value in (("rationale", "fictional"), ("subject", {"name": "Fictional One", "weights": "sha256:00"})):
        salt = next(salts)
        hidden = hide(name, value, salt)
        made.append({"digest": hidden.digest, "name": name, "salt": salt.hex(), "text": hidden.text, "value": value})
    salt = next(salts)
    element = hide_element("one dissents", salt)
    made.append({"digest": element.digest, "salt": salt.hex(), "text": element.text, "value": "one dissents"})
    return pretty({"disclosures": made, "notice": NOTICE})


def envelope_file() -> bytes:
    """PAE, by hand and by us."""
    payload = dumps({"test": "only"})
    return pretty({"pae": pae(payload).decode(), "payload": payload.decode(), "payloadType": PAYLOAD_TYPE})


def files() -> dict[str, bytes]:
    """Path below `tests/vectors` → content, for every golden file."""
    lab = to_the_end()
    parse_vkey(str(lab.log.vkeys[0]))
    return {
        **dict(event_files(lab)),
        **dict(log_files(lab)),
        "formats/envelope.json": envelope_file(),
        "formats/keys.json": keys_file(),
        "formats/withheld.json": withheld_file(),
        "registry.json": registry_file(),
        **{name: pretty(value) for name, value in bad.files(lab).items()},
    }


def main() -> None:
    """Write what differs."""
    for name, content in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


if __name__ == "__main__":
    main()
