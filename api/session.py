"""One author's session with an open ledger: sign, post, keep the receipt and the field disclosures.

What only the submitter holds, the texts of withheld fields, is written with mode 0600 *before* the post: a crash after
it must not lose them, since nobody else has them.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.author import Audience, Written, write
from api.batch_keys import lookup_with
from api.keyring import load_signer
from api.wiring import Ledger
from ledger.admit import KeyLookup, Submission, open_submission
from ledger.entry import leaf_hash, parse_entry
from ledger.errors import Fault
from ledger.event import Body, Event
from ledger.keys import Signer
from ledger.reasons import Refused
from ledger.store.outcome import Appended, Known

WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Posted:
    """What a submitter is told: the place, the time, and the proof."""

    index: int
    recorded_at: str
    leaf: str
    digest: str
    event_id: str
    receipt: str
    event: Event | None
    derived: tuple[Event, ...] = ()
    replay: bool = False


class RefusedError(Exception):
    """A refusal reached a caller that needs the event admitted; carries the value."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"{refused.reason}: {refused.detail}")
        self.refused = refused


class Session:
    """Posts to the ledger that this process has open."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    @property
    def audience(self) -> Audience:
        """Whom statements are for."""
        return Audience(self.ledger.origin, self.ledger.founding)

    def signers(self, who: str, count: int = 1) -> list[Signer]:
        """`count` signers for a principal or role name: `approver` takes `approver.pem`, else `approver-1.pem`, …"""
        folder = self.ledger.folder / "keys"
        names = [who] if (folder / f"{who}.pem").exists() else sorted(p.stem for p in folder.glob(f"{who}-*.pem"))
        if len(names) < count:
            detail = f"{len(names)} of {count} keys for {who} in {folder}"
            raise Fault("signer-missing", "failed", detail, "make one: holdpoint keys new, then register it")
        return [load_signer(folder / f"{name}.pem") for name in names[:count]]

    def subject(self, stream: str) -> str | None:
        """The salted subject digest of a model stream, or `None` for other streams."""
        found: str | None = self.ledger.appender.state.get("subject", stream)
        return found

    def write(
        self, body_type: type[Body], body: Mapping[str, Any], stream: str, signers: Sequence[Signer], **options: Any
    ) -> Written:
        """Write a statement for this ledger, now."""
        options.setdefault("subject", self.subject(stream))
        return write(body_type, body, self.audience, stream, signers, self.ledger.now(), **options)

    def post(self, written: Written) -> Posted:
        """Append one statement. Raises `RefusedError`, or the `Fault` of the appender."""
        (posted,) = self.post_all([written])
        return posted

    def say(self, body_type: type[Body], body: Mapping[str, Any], stream: str, by: str, **options: Any) -> Posted:
        """Write, sign as `by` (enough keys for the type's quorum) and post."""
        signers = self.signers(by, body_type.event.quorum)
        return self.post(self.write(body_type, body, stream, signers, **options))

    def post_all(self, written: Sequence[Written], *, atomic: bool = True) -> list[Posted]:
        """Append statements in order, as one batch."""
        submissions: list[Submission] = []
        for w in written:
            self._keep_disclosures(w)
            opened = open_submission(w.envelope, self._lookup(submissions))
            if isinstance(opened, Refused):
                raise RefusedError(opened)
            submissions.append(opened)
        outcomes = self.ledger.appender.submit(submissions, atomic=atomic).result(WAIT_SECONDS)
        return [self._posted(w, outcome) for w, outcome in zip(written, outcomes, strict=True)]

    def _lookup(self, earlier: Sequence[Submission]) -> KeyLookup:
        """Registered keys, and those that an earlier statement of the same batch registers."""
        return lookup_with(self.ledger.appender.lookup, earlier)

    def _posted(self, written: Written, outcome: Any) -> Posted:
        if isinstance(outcome, Refused):
            raise RefusedError(outcome)
        if isinstance(outcome, Known):
            entry, receipt = self.ledger.receipt(outcome.index)
            recorded_at = parse_entry(entry).recorded_at
            leaf = leaf_hash(entry).hex()
            return Posted(
                outcome.index, recorded_at, leaf, written.digest, written.event_id, receipt, None, replay=True
            )
        if not isinstance(outcome, Appended):
            raise outcome
        event = outcome.event
        receipt = outcome.receipt()
        self.keep(f"receipts/{event.index}.tlog-proof", receipt.encode())
        return Posted(
            event.index, event.recorded_at, event.leaf, event.digest, event.event_id, receipt, event, outcome.derived
        )

    def _keep_disclosures(self, written: Written) -> None:
        if written.disclosures:
            text = "".join(f"{d}\n" for d in written.disclosures)
            self.keep(f"disclosures/{written.event_id}.jsonl", text.encode())

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of the ledger's folder with mode 0600, synced."""
        path: Path = self.ledger.folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
