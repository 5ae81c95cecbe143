"""The stateless half of admission for what a stranger sent: envelope, statement, signatures, field disclosures.

A bare envelope in its normal form is read once and compared; anything else takes the strict reader and is normalised.
"""

from typing import Any

from ledger.admit import Check, KeyLookup, Submission, offered_alg, open_submission
from ledger.canonical import loads, loads_canonical
from ledger.envelope import Envelope, Signature, envelope_of, parse_normal
from ledger.errors import Malformed
from ledger.keys import low_s, verify
from ledger.reasons import Refused
from ledger.withheld import digest_of, parse_disclosure


def open_one(raw: bytes, lookup: KeyLookup, check: Check = verify) -> Submission | Refused:
    """One submitted document: an envelope, or `{"envelope", "disclosures"}`. Raises `Malformed`.

    `check` is `ledger.keys.verify`, but for a caller that has the signatures checked elsewhere before it believes the answer.
    """
    disclosures: Any = []
    envelope = parse_normal(raw)
    if envelope is None:
        value = loads(raw)
        if isinstance(value, dict) and "envelope" in value:
            if set(value) - {"envelope", "disclosures"}:
                raise Malformed("submission", "$", "schema")
            disclosures, value = value.get("disclosures", []), value["envelope"]
        envelope = envelope_of(value)
    opened = open_submission(_lowered(envelope, lookup), lookup, check)
    if isinstance(opened, Submission) and disclosures != []:
        _check_disclosures(disclosures, envelope.payload)
    return opened


def _lowered(envelope: Envelope, lookup: KeyLookup) -> Envelope:
    """The door turns a high S into n-S: half of all ECDSA signers emit one (formats.md §3)."""
    signatures = []
    for s in envelope.signatures:
        record = lookup(s.keyid)
        alg = record.alg if record is not None else offered_alg(envelope.payload, s.keyid)
        signatures.append(Signature(s.keyid, low_s(s.sig)) if alg == "ecdsa-p256-sha256" else s)
    lowered = tuple(signatures)
    return envelope if lowered == envelope.signatures else Envelope(envelope.payload, lowered)


def _check_disclosures(disclosures: Any, payload: bytes) -> None:
    """Every disclosure is one that the statement's digests reference, once."""
    if not isinstance(disclosures, list) or not all(isinstance(d, str) for d in disclosures):
        raise Malformed("submission", "disclosures", "schema")
    body = loads_canonical(payload)["predicate"]["body"]
    wanted = set(body.get("_sd", ()))
    wanted |= {e["..."] for v in body.values() if isinstance(v, list) for e in v if isinstance(e, dict) and "..." in e}
    for text in disclosures:
        parse_disclosure(text)
        if digest_of(text) not in wanted:
            raise Malformed("submission", "disclosures", "disclosure-orphan")
        wanted.remove(digest_of(text))
