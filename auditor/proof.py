"""Any C2SP tlog-proof and any signed checkpoint, ours or another log's: what they prove under keys that the reader brings.

Our own receipts are read more strictly (`ledger.receipt`): here a proof may carry its unsigned `extra` line, and an origin need
not be the name of the log's key (the Go checksum database's is not). Nothing that only the file asserts is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auditor.heads import pairs_of
from auditor.verdict import Check, Report, VerifyVerdict
from auditor.verify import UNWITNESSED
from auditor.witness_policy import WitnessPolicy
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import LedgerError
from ledger.note import ED25519, ED25519_COSIGNATURE, Note, Vkey, parse_note, verified_keys
from ledger.receipt import HEADER, Receipt, parse_receipt
from ledger.strict import parse_base64
from ledger.tree import check_inclusion, hash_leaf

V = VerifyVerdict


@dataclass(frozen=True, slots=True)
class Foreign:
    """A proof that may be another log's, and its `extra` data, which nothing signs."""

    receipt: Receipt
    extra: bytes | None


def parse_proof(text: str) -> Foreign:
    """Read a tlog-proof. Raises `Malformed`."""
    head, line, rest = text.partition("\n")
    extra = None
    if line and head == HEADER and rest.startswith("extra "):
        encoded, _, rest = rest.partition("\n")
        extra = parse_base64(encoded.removeprefix("extra "))
        text = f"{HEADER}\n{rest}"
    return Foreign(parse_receipt(text), extra)


def check_checkpoint(
    note: str, keys: Sequence[Vkey], policy: WitnessPolicy | None = None
) -> tuple[Checkpoint | None, list[Check]]:
    """Whether a log whose key the reader gave signed this checkpoint, and what the policy says of it. Never raises for it."""
    try:
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
    except LedgerError as err:
        # Of another log it may be good: extension lines, and a tree of size 0. Ours has neither, and we can't judge them.
        verdict = V.ERROR if err.code == "checkpoint-lines" or _is_of_size_0(note) else V.INVALID
        return None, [Check("checkpoint", verdict, err.code, f"it can't be read: {err}")]
    checks = [_signed(parsed, checkpoint, keys, policy)]
    if policy is not None and checks[0].verdict is not V.INVALID:
        checks.append(check_policy(policy, parsed, checkpoint))
    return checkpoint, checks


def _is_of_size_0(note: str) -> bool:
    return note.split("\n")[1:2] == ["0"]


def _signed(note: Note, checkpoint: Checkpoint, keys: Sequence[Vkey], policy: WitnessPolicy | None) -> Check:
    own = (*keys, *(log.vkey for log in policy.logs)) if policy is not None else tuple(keys)
    logs = tuple(k for k in dict.fromkeys(own) if k.kind != ED25519_COSIGNATURE)
    try:
        held = verified_keys(note, logs, checkpoint)
    except LedgerError as err:
        return Check("checkpoint", V.INVALID, err.code, f"the checkpoint's signatures: {err}")
    # An ML-DSA-44 key of another name than the origin is a witness's: it cosigns, and is no log.
    held = tuple(k for k in held if k.kind == ED25519 or k.name == checkpoint.origin)
    if not held:
        detail = "no key that you gave signed it" if logs else "no key was given, so nothing is proven: --key VKEY"
        return Check("checkpoint", V.UNANCHORED, "checkpoint-unsigned", detail)
    names = ", ".join(f"{k.name} ({k.key_id.hex()})" for k in held)
    pairs = [set(p) for p in pairs_of([k for k in logs if k.name == checkpoint.origin])]
    if set(held) <= set().union(*pairs) and not any(p <= set(held) for p in pairs):
        # Whoever broke or stole one key of a pair is not the log: a reader who gave both wants both.
        detail = f"of the log's pair of keys that you gave only one signed: {names}"
        return Check("checkpoint", V.UNANCHORED, "checkpoint-unsigned", detail)
    other = (
        ""
        if any(k.name == checkpoint.origin for k in held)
        else f"; its origin is {checkpoint.origin}, not the key's name"
    )
    return Check("checkpoint", V.VALID_UNWITNESSED, "ok", f"size {checkpoint.size}, signed by {names}{other}")


def check_policy(policy: WitnessPolicy, note: Note, checkpoint: Checkpoint, required: int = 0) -> Check:
    """What the reader's own policy says of a checkpoint: `VALID` where its quorum cosigned, and at least `required` witnesses."""
    try:
        found = policy.judge(note, checkpoint)
    except LedgerError as err:
        return Check("witnesses", V.INVALID, err.code, f"a cosignature: {err}")
    who = ", ".join(found.witnesses) or "none"
    if not found.log:
        return Check("witnesses", V.UNANCHORED, "policy-other-log", "no log that the policy lists signed it")
    if not found.met or len(found.keys) < required:
        short = f"{required} witnesses are required" if found.met else "the policy's quorum is not met"
        return Check("witnesses", V.INCOMPLETE, "witnesses-short", f"{short}; cosigned by: {who}")
    if policy.quorum is None:
        return Check("witnesses", V.VALID_UNWITNESSED, "ok", "the policy asks for no witness")
    return Check("witnesses", V.VALID, "ok", f"the policy's quorum is met; cosigned by: {who}")


def witnessed(report: Report, policy: WitnessPolicy | None, required: int = 0) -> Report:
    """The report under the reader's own witness policy, and a demand for at least so many of its witnesses.

    Only a policy of the reader's makes `VALID`: without one no line of the checkpoint says anything of independence.
    """
    if policy is None:
        if required == 0:
            return report
        detail = f"{required} witnesses are required, and no policy says whom you trust: --witness-policy FILE"
        return replace(report, checks=(*report.checks, Check("witnesses", V.INCOMPLETE, "witnesses-short", detail)))
    if not report.note:
        return report
    note = parse_note(report.note)
    checks = (*report.checks, check_policy(policy, note, parse_checkpoint(note.text), required))
    if checks[-1].verdict is not V.VALID:
        return replace(report, checks=checks)
    notes = tuple(n for n in report.notes if n != UNWITNESSED)
    return replace(report, checks=raised(checks), notes=notes)


def raised(checks: Sequence[Check]) -> tuple[Check, ...]:
    """With the quorum's cosignature, what held unwitnessed holds."""
    return tuple(replace(c, verdict=V.VALID) if c.verdict is V.VALID_UNWITNESSED else c for c in checks)


def check_proof(
    text: str, keys: Sequence[Vkey], entry: bytes | None = None, policy: WitnessPolicy | None = None
) -> tuple[Checkpoint | None, list[Check]]:
    """Whether `entry` is at the proof's index of the tree that the log signed. Without the entry: INCOMPLETE, for nothing ties
    the proof to anything. Never raises for what it reads.
    """
    try:
        proof = parse_proof(text)
    except (LedgerError, UnicodeError) as err:
        code = err.code if isinstance(err, LedgerError) else "receipt-form"
        return None, [Check("proof", V.INVALID, code, f"it can't be read: {err}")]
    checkpoint, checks = check_checkpoint(proof.receipt.note, keys, policy)
    if checkpoint is None:
        return None, checks
    if entry is None:
        detail = f"of which entry index {proof.receipt.index} is not said: give it with --entry FILE"
        return checkpoint, [*checks, Check("inclusion", V.INCOMPLETE, "entry-missing", detail)]
    try:
        check_inclusion(hash_leaf(entry), proof.receipt.index, checkpoint.size, proof.receipt.path, checkpoint.root)
    except LedgerError as err:
        return checkpoint, [*checks, Check("inclusion", V.INVALID, err.code, f"{err}", proof.receipt.index)]
    detail = f"the entry stands at index {proof.receipt.index} of {checkpoint.size}"
    return checkpoint, [*checks, Check("inclusion", V.VALID_UNWITNESSED, "ok", detail, proof.receipt.index)]
