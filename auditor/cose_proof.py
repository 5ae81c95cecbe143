"""A COSE receipt (RFC 9942), ours or another log's: what it proves under public keys that the reader brings.

Whose key that is, and whether its root is one that a log signed and a witness saw, the receipt does not tell: compare the root
with a checkpoint. It needs `cbor2`, which the auditor by itself does not install.
"""

from collections.abc import Sequence
from typing import TypeAlias

from auditor.verdict import Check, VerifyVerdict
from disclosures.cose_receipt import Included, key_id, open_receipt
from ledger.errors import Malformed, Unverified
from ledger.keys import keyid_of

V = VerifyVerdict
Public: TypeAlias = tuple[bytes, str]
"""DER SubjectPublicKeyInfo, and its algorithm as `ledger.keys` names it."""
TAGGED = b"\xd2\x84"
"""How a COSE_Sign1 with its tag begins; a tlog-proof begins with a letter."""


def is_cose(raw: bytes) -> bool:
    """Whether a file is to be read as COSE."""
    return raw.startswith(TAGGED)


def check_cose(raw: bytes, keys: Sequence[Public], entry: bytes | None) -> tuple[Included | None, list[Check]]:
    """Whether `entry` stands in the tree that one of the keys signed. Never raises for what it reads.

    A signature that does not verify is INVALID under the key that the receipt names, and under another UNANCHORED: nobody can
    tell a bent receipt from one by a key that was not given.
    """
    if entry is None:
        detail = "of which entry it is a receipt is not said: give it with --entry FILE"
        return None, [Check("inclusion", V.INCOMPLETE, "entry-missing", detail)]
    try:
        named = key_id(raw)
        for spki, alg in keys:
            try:
                found = open_receipt(raw, entry, spki, alg)
            except Unverified as err:
                if named == keyid_of(spki):
                    return None, [
                        Check("signature", V.INVALID, err.code, "the key that it names did not sign this root")
                    ]
                continue
            detail = f"the entry stands at index {found.index} of {found.size}, root {found.root.hex()}"
            return found, [Check("inclusion", V.VALID_UNWITNESSED, "ok", detail, found.index)]
    except Malformed as err:
        return None, [Check("receipt", V.INVALID, err.code, f"it can't be read: {err}")]
    detail = "no key that you gave signed it" if keys else "no key was given, so nothing is proven: --key FILE.pem"
    return None, [Check("signature", V.UNANCHORED, "cose-unsigned", detail)]
