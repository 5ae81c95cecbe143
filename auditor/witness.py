"""What a witness answers to `add-checkpoint` (C2SP tlog-witness): pure, so that the whole protocol can be tried without a socket.

A witness promises one thing: of each log it cosigns one history only, each tree an extension of the last. It has no interest in
what the entries say. Whoever calls this keeps the checkpoint, durably and atomically with the comparison, before he hands out a
signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import LedgerError, Malformed, Unverified
from ledger.note import Note, Vkey, parse_note, verified_keys
from ledger.strict import parse_base64, parse_uint
from ledger.tree import HASH, check_consistency

MAX_PROOF: Final = 63
MAX_BODY: Final = 1 << 18
SIZE_TYPE: Final = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Request:
    """A request, read: the size that the client believes was cosigned last, the proof from there, and the checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than 200: status, body (one line), media type."""

    status: int
    body: str
    media_type: str = "text/plain; charset=utf-8"


def parse_request(raw: bytes) -> Request:
    """Read the body of `add-checkpoint`. Raises `Malformed`: the caller answers 400."""
    if len(raw) > MAX_BODY:
        raise Malformed("add-checkpoint", "body", "too-large")
    try:
        head, blank, note = raw.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Malformed("add-checkpoint", "body", "not-utf8") from None
    first, *lines = head.split("\n")
    if not blank or not first.startswith("old ") or len(lines) > MAX_PROOF:
        raise Malformed("add-checkpoint", "body", "add-checkpoint-form")
    proof = tuple(parse_base64(line) for line in lines)
    if any(len(h) != HASH for h in proof):
        raise Malformed("add-checkpoint", "proof", "add-checkpoint-form")
    parsed = parse_note(note)
    return Request(parse_uint(first.removeprefix("old "), bits=63), proof, parsed, parse_checkpoint(parsed.text))


def judge(request: Request, keys: Sequence[Vkey] | None, last: Checkpoint | None) -> Refusal | None:
    """`None`: it may be cosigned. `keys` are those that the witness trusts for this origin (`None`: it knows no such log), `last`
    the checkpoint of this origin that it cosigned last.
    """
    if keys is None:
        return Refusal(404, "unknown log\n")
    try:
        signed = verified_keys(request.note, keys, request.checkpoint)
    except Unverified:
        signed = ()
    if not signed:
        return Refusal(403, "invalid signature\n")
    new = request.checkpoint
    if request.old > new.size:
        return Refusal(400, "the old size is larger than the checkpoint's\n")
    held = 0 if last is None else last.size
    if request.old != held:
        return Refusal(409, f"{held}\n", SIZE_TYPE)
    if last is None:
        return Refusal(422, "the consistency proof from size 0 is empty\n") if request.proof else None
    if request.old == new.size and last.root != new.root:
        return Refusal(409, f"{held}\n", SIZE_TYPE)
    try:
        check_consistency(last.size, new.size, request.proof, last.root, new.root)
    except LedgerError:
        return Refusal(422, "the consistency proof does not hold\n")
    return None
