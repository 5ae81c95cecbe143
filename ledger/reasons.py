"""Why an event is refused: a closed enum of kebab-case codes, listed in `docs/reference/problems.md`, never renamed.

A refusal is a value (style.md §7): it takes no index, changes nothing, and is counted by reason.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """One member per rule that can say no. The HTTP status of each stands in `api.problems`."""

    ALREADY_FOUNDED = "already-founded"
    APPROVAL_UNKNOWN = "approval-unknown"
    BACK_RECORDED = "back-recorded"
    BREAK_GLASS_TOO_LONG = "break-glass-too-long"
    CLAUSE_UNKNOWN = "clause-unknown"
    CLOCK_SKEW = "clock-skew"
    CONDITION_MISSING = "condition-missing"
    CONTRADICTION = "contradiction"
    DERIVED_TYPE = "derived-type"
    DISCLOSURE_LATE = "disclosure-late"
    DUPLICATE_EVALUATION = "duplicate-evaluation"
    DIVERGENCE_UNEXPLAINED = "divergence-unexplained"
    ENGINE_MISSING = "engine-missing"
    EVENT_ID_CONFLICT = "event-id-conflict"
    EVENT_ID_TIME = "event-id-time"
    EVIDENCE_AUTHOR = "evidence-author"
    FRAMEWORK_NOT_ADOPTED = "framework-not-adopted"
    FRAMEWORK_UNKNOWN = "framework-unknown"
    FOUNDING_MALFORMED = "founding-malformed"
    GATE_OUTDATED = "gate-outdated"
    KEY_EXPIRED = "key-expired"
    KEY_KNOWN = "key-known"
    KEY_REVOKED = "key-revoked"
    KEY_UNKNOWN = "key-unknown"
    KEY_USE = "key-use"
    KEY_WEAK = "key-weak"
    LAST_KEY_ADMIN = "last-key-admin"
    LEDGER_FROZEN = "ledger-frozen"
    LOG_KEYS = "log-keys"
    NOTHING_TO_ERASE = "nothing-to-erase"
    NOT_FOUNDED = "not-founded"
    NOT_SUPPRESSIBLE = "not-suppressible"
    OVERLAP_SHORT = "overlap-short"
    OWN_GRANT = "own-grant"
    PACK_DIGEST_MISMATCH = "pack-digest-mismatch"
    PACK_MALFORMED = "pack-malformed"
    PRINCIPAL_KNOWN = "principal-known"
    PRINCIPAL_UNKNOWN = "principal-unknown"
    PROOF_OF_POSSESSION = "proof-of-possession"
    QUORUM_SHORT = "quorum-short"
    RECOMMENDATION_MISSING = "recommendation-missing"
    REFERENCE_WRONG = "reference-wrong"
    REQUEST_UNKNOWN = "request-unknown"
    REQUEST_MISMATCH = "request-mismatch"
    REVISION_UNSAID = "revision-unsaid"
    ROOT_KEYS = "root-keys"
    ROLE_ALREADY_GRANTED = "role-already-granted"
    ROLE_MISSING = "role-missing"
    RULES_UNKNOWN = "rules-unknown"
    SAID_ALREADY = "said-already"
    SCOPE_MISMATCH = "scope-mismatch"
    SD_SLOTS = "sd-slots"
    SELF_APPROVAL = "self-approval"
    SEPARATION = "separation"
    SIGNATURE_INVALID = "signature-invalid"
    SIGNERS_MISMATCH = "signers-mismatch"
    STILL_RETAINED = "still-retained"
    STATE_NOT_DECLARED = "state-not-declared"
    STREAM_MISMATCH = "stream-mismatch"
    SUBJECT_MISMATCH = "subject-mismatch"
    SUBJECT_UNKNOWN = "subject-unknown"
    THRESHOLD_UNKNOWN = "threshold-unknown"
    TOKEN_KNOWN = "token-known"
    TOKEN_UNKNOWN = "token-unknown"
    TOKEN_TOO_LONG = "token-too-long"
    TYPE_UNKNOWN = "type-unknown"
    VERB_MISSING = "verb-missing"
    VERSION_CONFLICT = "version-conflict"
    VETO = "veto"
    WRONG_LEDGER = "wrong-ledger"


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer "no": `detail` says what and where in words, and never repeats a withheld or refused value."""

    reason: Reason
    detail: str
    facts: tuple[tuple[str, str], ...] = ()
