"""The stateless half of admission for what a stranger sent: envelope, statement, signatures, field disclosures.

A bare envelope in its normal form is read once and compared; anything else takes the strict reader and is normalised.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ledger.admit import Check, KeyLookup, Submission, offered_alg, open_submission
from ledger.canonical import loads, loads_canonical
from ledger.disclosed import open_disclosed
from ledger.envelope import Envelope, Signature, envelope_of, parse_normal
from ledger.errors import Fault, Malformed, Unverified
from ledger.events import log
from ledger.held import held_of
from ledger.keys import low_s, verify
from ledger.note import parse_vkey
from ledger.reasons import Refused
from ledger.state import State


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
    return with_fields(opened, disclosures, envelope.payload) if isinstance(opened, Submission) else opened


def with_fields(opened: Submission, disclosures: Any, payload: bytes) -> Submission:
    """A submission with the field disclosures that came with it: each referenced, at any depth, and fit for its type.

    Raises `Malformed` with the code of `ledger.disclosed.open_disclosed`.
    """
    if not isinstance(disclosures, list) or not all(isinstance(d, str) for d in disclosures):
        raise Malformed("submission", "disclosures", "schema")
    if not disclosures:
        return opened
    body = loads_canonical(payload)["predicate"]["body"]
    try:
        return replace(opened, fields=held_of(open_disclosed(opened.statement, body, disclosures)))
    except Unverified as err:
        raise Malformed("submission", "disclosures", err.code) from err


def check_log_keys(opened: Submission, state: State, lacking: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """A rotation to keys that this service can't sign with would be committed, and nothing could be signed over it.

    It is kept out here, at the door: in admission, which every auditor runs, no service's keys count. A statement that stands in
    the log already gets its receipt. Raises `Fault` `log-key-absent`.
    """
    body, identity = opened.body, opened.statement.predicate.event_id
    if not isinstance(body, log.Rotated) or state.get("event_id", identity) is not None:
        return
    ids = ", ".join(parse_vkey(v).key_id.hex() for v in lacking(body.vkeys))
    if ids:
        detail = f"this service has no private key for {ids}, and could sign no checkpoint after this rotation"
        remedy = (
            "make the pair where the service runs (holdpoint keys new-log NAME), or bring its files; then post it again"
        )
        raise Fault("log-key-absent", "failed", detail, remedy)


def _lowered(envelope: Envelope, lookup: KeyLookup) -> Envelope:
    """The door turns a high S into n-S: half of all ECDSA signers emit one (formats.md §3)."""
    signatures = []
    for s in envelope.signatures:
        record = lookup(s.keyid)
        alg = record.alg if record is not None else offered_alg(envelope.payload, s.keyid)
        signatures.append(Signature(s.keyid, low_s(s.sig)) if alg == "ecdsa-p256-sha256" else s)
    lowered = tuple(signatures)
    return envelope if lowered == envelope.signatures else Envelope(envelope.payload, lowered)
