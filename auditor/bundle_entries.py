"""The entries of a bundle: each proven in the signed tree, signed and admitted as far as what is shown carries it."""

from auditor.checks import Checks
from disclosures.partial import Partial, fold_shown
from disclosures.shown import Shown
from ledger.errors import LedgerError
from ledger.note import decode_note
from ledger.receipt import parse_receipt
from ledger.replay import Problem, Replay
from ledger.strict import unhex
from ledger.tree import check_inclusion
from policies.rules import RULES

OF_PROOF = {"root-mismatch": "proof-mismatch", "index-range": "proof-index"}


def check_proofs(shown: Shown, checks: Checks) -> None:
    """Every entry stands at its index in the tree of the one checkpoint."""
    for one in shown.entries:
        try:
            receipt = parse_receipt(decode_note(shown.proofs[one.index]))
        except LedgerError as err:
            checks.fails("proofs", "proof-form", f"entry {one.index}: {err}", one.index)
            return
        if receipt.note != shown.note:
            detail = f"entry {one.index} is proven under another checkpoint than the bundle's"
            checks.fails("proofs", "proof-checkpoint", detail, one.index)
            return
        if receipt.index != one.index:
            detail = f"the proof of entry {one.index} is for index {receipt.index}"
            checks.fails("proofs", "proof-index", detail, one.index)
            return
        try:
            check_inclusion(unhex(one.leaf), one.index, shown.checkpoint.size, receipt.path, shown.checkpoint.root)
        except LedgerError as err:
            checks.fails("proofs", OF_PROOF.get(err.code, err.code), f"entry {one.index}: {err}", one.index)
            return
    checks.holds("proofs", f"{len(shown.entries)} entries stand in the tree of {shown.checkpoint.size}")


def check_admission(shown: Shown, checks: Checks) -> Partial:
    """Signatures, keys, roles and quorums by the shown stream `ledger`; where every entry is shown, the whole replay."""
    partial = fold_shown(shown)
    problems = partial.problems
    whole = len(shown.entries) == shown.checkpoint.size and shown.entries[-1].index == shown.checkpoint.size - 1
    if whole and not problems:
        problems = _replayed(shown)
    for problem in problems:
        code = "type-unknown" if problem.undecidable and problem.rule == "type-unknown" else problem.rule
        checks.fails("admission", code, f"entry {problem.index}: {problem.detail}", problem.index)
    if problems:
        return partial
    if whole:
        checks.holds("admission", f"all {len(shown.entries)} entries admitted and derived again")
        return partial
    checks.holds(
        "admission", f"{len(shown.entries)} entries: signatures, keys, roles, quorum and separation as of each index"
    )
    checks.notes.append(
        "the rules of each event type, where they rest on withheld entries: only who signed, and in which role"
    )
    if partial.unfolded:
        checks.notes.append(
            f"what entries {', '.join(map(str, partial.unfolded))} amount to: they rest on entries that are withheld"
        )
    return partial


def _replayed(shown: Shown) -> tuple[Problem, ...]:
    replay = Replay(RULES)
    for one in shown.entries:
        outcome = replay.step(one.raw)
        if isinstance(outcome, Problem):
            return (outcome,)
    if replay.owed:
        return (Problem(replay.size, "derived-missing", "the log ends inside a derived group"),)
    return ()
