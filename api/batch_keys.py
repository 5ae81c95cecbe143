"""Keys that an earlier statement of the same batch registers: a successor may be registered and used in one batch."""

from collections.abc import Sequence

from ledger.admit import KeyLookup, Submission
from ledger.events import key
from ledger.keys import KeyRecord
from ledger.strict import parse_base64


def lookup_with(lookup: KeyLookup, earlier: Sequence[Submission]) -> KeyLookup:
    """`lookup`, then the key records that `earlier` submissions carry. Whether they are admitted is decided in order."""

    def look(keyid: str) -> KeyRecord | None:
        known = lookup(keyid)
        if known is not None:
            return known
        for submission in reversed(earlier):
            body = submission.body
            if isinstance(body, key.Registered) and body.keyid == keyid:
                spki = parse_base64(body.spki)
                return KeyRecord(keyid, spki, body.alg, body.use, body.principal, body.not_before, body.not_after)
        return None

    return look
