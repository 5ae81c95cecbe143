"""What an export's answers say, once its entries are replayed: what signers saw, the claims, and what held on an earlier day."""

from typing import Any

from auditor.as_of import answers_at, position
from auditor.audit import Audit
from auditor.compare import difference
from auditor.proven_tree import ProvenTree
from auditor.reader import entry_of
from auditor.seen import first_contradiction
from auditor.verdict import VerifyVerdict
from disclosures.claims import claims_of, open_claims
from ledger.admit import unknown_rules
from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError
from ledger.strict import parse_time
from policies.answer import AsOf
from policies.rules import RULES

V = VerifyVerdict


def check_seen(audit: Audit, claimed: Checkpoint) -> None:
    """Every approval names the checkpoint that its signer looked at: this history has that root at that size."""
    try:
        wrong = first_contradiction(audit.seen, claimed.size, ProvenTree(claimed, audit.read).tile)
    except LedgerError as err:
        audit.add("seen", V.ERROR, err.code, f"the roots that signers saw could not be computed: {err}")
        return
    if wrong is not None:
        detail = (
            f"entry {wrong.index}: {', '.join(wrong.principals)} signed another root at size {wrong.size}: a split view"
        )
        audit.add("seen", V.DIVERGED, "seen-differs", detail, wrong.index)
        return
    audit.add("seen", V.VALID_UNWITNESSED, "ok", f"{len(audit.seen)} entries name checkpoints, all of this history")


def check_claims(audit: Audit) -> None:
    raw, signature = audit.read("claims.json"), audit.read("claims.sig")
    if raw is None or signature is None:
        audit.add("claims", V.INCOMPLETE, "claims-missing", "the export claims no answers, so none were compared")
        return
    try:
        claims = open_claims(raw, signature, audit.replay.state)
        as_of = claims.get("as_of")
        if (
            not isinstance(as_of, dict)
            or as_of.get("size") != audit.replay.size
            or not isinstance(as_of.get("time"), str)
            or parse_time(as_of["time"]) < audit.replay.recorded_at
        ):
            audit.add("claims", V.INVALID, "claims-as-of", "the claims are for another position than the checkpoint's")
            return
        found = claims_of(audit.replay.state, AsOf(audit.replay.size, as_of["time"]))
    except LedgerError as err:
        audit.add("claims", V.INVALID, err.code, f"claims.json: {err}")
        return
    wrong = difference(found, claims)
    unknown = unknown_rules(audit.replay.state, RULES)
    if wrong is not None and unknown is not None:  # the answers are those of the rules that the last entry adopted
        audit.add("claims", V.ERROR, unknown.reason, f"{wrong} differs, and {unknown.detail}")
        return
    if wrong is not None and audit.replay.absent:
        detail = f"{wrong} is not what the entries that are shown add up to; what is suppressed may explain it"
        audit.add("claims", V.INCOMPLETE, "rests-on-suppressed", detail)
        return
    if wrong is not None:
        audit.add("claims", V.INVALID, "claims-mismatch", f"{wrong} is not what the entries say when folded again")
        return
    audit.add(
        "claims", V.VALID_UNWITNESSED, "ok", f"{len(claims['models'])} models: the same answers when folded again"
    )


def past_answers(audit: Audit, size: int, as_of: str) -> dict[str, Any] | None:
    """What held at an earlier position."""
    try:
        then = position(as_of, size, entry_of(audit.read, size))
    except LedgerError as err:
        audit.add("as-of", V.ERROR, err.code, f"there is no answer as of {as_of}: {err}")
        return None
    audit.add("as-of", V.VALID_UNWITNESSED, "ok", f"the answers as of size {then.size}, folded by this copy")
    return answers_at(audit.replay.state, then)
