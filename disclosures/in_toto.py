"""A bundle's signed statements as an in-toto attestation bundle: DSSE envelopes as JSON Lines, for other tools.

The first line is the statement over all files of the bundle, the others are the shown entries in order of index. Payloads are the
bytes that were signed, never written anew. What is lost: the log (proofs, order, ends of streams) and what is withheld; an
envelope shows who signed, not that it was recorded. No verdict can stand in it, for nothing unsigned can.
"""

from disclosures.bag import STATEMENT, signature_line
from disclosures.form import Given
from ledger.canonical import dumps
from ledger.envelope import PAYLOAD_TYPE, format_envelope
from ledger.strict import format_base64


def make(given: Given) -> dict[str, bytes]:
    """The lines; each is an envelope's normal form (spec/envelope.md)."""
    line = signature_line(given.files)
    whole = dumps({
        "payload": format_base64(given.files[STATEMENT]), "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": line.keyid, "sig": line.sig}],
    })  # fmt: skip
    lines = (whole, *(format_envelope(one.envelope) for one in given.shown.entries))
    return {"": b"".join(one + b"\n" for one in lines)}
