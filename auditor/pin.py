"""The trust file that an auditor keeps aside: origin, entry 0's leaf hash, the log's keys, and a checkpoint seen (spec/pin.md).

No key is ever learnt from the log under test alone; this file is where trust comes from, so keep it elsewhere.
"""

from dataclasses import dataclass

from ledger.canonical import dumps, loads_canonical
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import Malformed
from ledger.note import Vkey, parse_vkey
from ledger.strict import parse_hex, parse_origin

SCHEMA = "holdpoint.pin/1"
MEMBERS = {"checkpoint", "founding", "origin", "schema", "vkeys"}


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin; its checkpoint has been verified under its own keys."""

    origin: str
    founding: str
    vkeys: tuple[Vkey, ...]
    note: str
    checkpoint: Checkpoint


def format_pin(origin: str, founding: str, vkeys: tuple[str, ...], note: str) -> bytes:
    """The trust file's bytes, with a final newline."""
    return (
        dumps({"checkpoint": note, "founding": founding, "origin": origin, "schema": SCHEMA, "vkeys": list(vkeys)})
        + b"\n"
    )


def parse_pin(raw: bytes) -> Pin:
    """Read a trust file. Raises `Malformed`, or `Unverified` where its checkpoint is not signed by its keys."""
    value = loads_canonical(raw.removesuffix(b"\n"))
    if not isinstance(value, dict) or set(value) != MEMBERS or value["schema"] != SCHEMA or not raw.endswith(b"\n"):
        raise Malformed("pin", "$", "pin-form")
    vkeys, note = value["vkeys"], value["checkpoint"]
    if not isinstance(vkeys, list) or not all(isinstance(v, str) for v in vkeys) or not isinstance(note, str):
        raise Malformed("pin", "vkeys", "pin-form")
    origin, founding = value["origin"], value["founding"]
    if not isinstance(origin, str) or not isinstance(founding, str):
        raise Malformed("pin", "origin", "pin-form")
    keys = tuple(parse_vkey(v) for v in vkeys)
    checkpoint = open_checkpoint(note, keys)
    if checkpoint.origin != parse_origin(origin):
        raise Malformed("pin", "checkpoint", "origin-mismatch")
    return Pin(origin, parse_hex(founding, 32), keys, note, checkpoint)


def letter(pin: Pin) -> str:
    """A one-page letter that carries the same by another channel: on paper, by post, read out."""
    keys = "\n".join(f"  {v.name} type {v.kind} key id {v.key_id.hex()}" for v in pin.vkeys)
    return (
        f"Trust letter for the Holdpoint ledger {pin.origin}\n\n"
        f"Entry 0 has the leaf hash\n  {pin.founding}\n\n"
        f"On {pin.checkpoint.size} entries the root is\n  {pin.checkpoint.root.hex()}\n\n"
        f"The log signs with\n{keys}\n\n"
        "Compare these lines with the trust file before you use it. A later export must contain all of these\n"
        "entries; if holdpoint verify says DIVERGED under this pin, keep both and tell others.\n"
    )
