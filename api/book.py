"""What a command needs of a ledger, whether this process has it open (`session.Session`) or a server has (`client.Client`).

Both sign here, with keys of the folder, and both answer with a receipt. The texts of withheld fields are written with mode 0600
*before* the post: a crash after it must not lose them, since until the ledger has answered nobody else has them.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.author import Audience, Draft, Written, draft_of
from api.handing_over import write_synced
from api.keyring import load_signer
from api.owed import Wanted
from api.search import Sought
from api.spool import Spool
from api.what_if import Hypothesis
from disclosures.builder import Asked
from ledger.errors import Fault
from ledger.event import Body
from ledger.keys import Signer
from ledger.reasons import Refused
from ledger.state import State
from policies.answer import AsOf, Clearance, PolicyVerdict, Request

SERVED = frozenset({"engine", "log-ed25519", "log-mldsa44"})


@dataclass(frozen=True, slots=True)
class Follower:
    """An entry that followed in the same batch; `answer` is a gate's, where it is known here."""

    index: int
    name: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What a submitter is told: the place, the time, and the proof. `replay` = it stood there before."""

    index: int
    recorded_at: str
    leaf: str
    digest: str
    event_id: str
    receipt: str
    derived: tuple[Follower, ...] = ()
    replay: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in a list."""

    index: int
    recorded_at: str
    type: str
    version: int
    leaf: str
    stream: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle that is built, and that nobody has: its digest, and the stream and body of the `disclosure.made` that two sign.
    `beside`: names of streams that its proofs of absence show.
    """

    digest: str
    stream: str
    body: Mapping[str, Any]
    beside: tuple[str, ...] = ()


class RefusedError(Exception):
    """A refusal reached a caller that needs the event admitted; carries the value, and where the statement is kept."""

    def __init__(self, refused: Refused, kept: Path | None = None, where: str = "") -> None:
        super().__init__(f"{refused.reason}: {refused.detail}")
        self.refused, self.kept, self.where = refused, kept, where


class Book(ABC):
    """A ledger as its authors and readers see it. `folder` holds `keys/`, `disclosures/`, `receipts/` and `spool/`."""

    folder: Path
    where: str = ""
    """Options to append to a printed command, so that it finds this ledger."""

    @property
    @abstractmethod
    def audience(self) -> Audience:
        """Whom statements are for."""

    @abstractmethod
    def now(self) -> str:
        """The clock that statements are dated by."""

    @abstractmethod
    def checkpoint(self) -> dict[str, Any]:
        """`origin`, `size` and `root` (hex) of the newest checkpoint."""

    @abstractmethod
    def known(self, *streams: str) -> State:
        """What admission knows: trust, frameworks, and at least the facts of `streams`."""

    @abstractmethod
    def ask(self, request: Request, at: int | str | None = None) -> tuple[PolicyVerdict, Clearance, AsOf]:
        """The gate: verdict, clearance, and the position that they hold for."""

    @abstractmethod
    def status(self, model: str, at: int | str | None = None) -> tuple[dict[str, Any], AsOf]:
        """Every gated action of a model with its clearance and verdict; empty where nothing is known of it."""

    @abstractmethod
    def decisions(
        self, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of decisions, the diverging ones first, and after which row the next one begins."""

    @abstractmethod
    def decision(self, ref: str, at: int | str | None = None) -> dict[str, Any]:
        """The life of a decision or request, by index or request digest. Raises `Fault` `not-found`."""

    @abstractmethod
    def break_glass(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """Exceptional grants that nobody has reviewed."""

    @abstractmethod
    def without_decision(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """What was carried out while no decision stood for it: `index`, `stream`, `event`."""

    @abstractmethod
    def obligations(
        self, wanted: Wanted, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], AsOf, str | None]:
        """A page of duties, what is due first, the position it holds for, and the cursor of the next page."""

    @abstractmethod
    def calendar(self, wanted: Wanted, at: int | str | None = None) -> bytes:
        """The same duties as iCalendar."""

    @abstractmethod
    def incidents(self, at: int | str | None = None, after: str = "") -> tuple[list[dict[str, Any]], AsOf]:
        """Incidents whose stream sorts after `after`, a page of them, regime by regime."""

    @abstractmethod
    def incident(self, stream: str, at: int | str | None = None) -> tuple[dict[str, Any] | None, AsOf]:
        """One incident, or `None` where nothing was observed in that stream."""

    @abstractmethod
    def about(
        self, question: str, model: str, at: int | str | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """One of `api.about.QUESTIONS`, whole; `None` where no such model is known."""

    @abstractmethod
    def suppose(self, events: Sequence[Mapping[str, Any]], at: int | str | None = None) -> Hypothesis:
        """What would be if `events` were recorded next; nothing is. Raises `Malformed`."""

    @abstractmethod
    def keys(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """Every key: `keyid`, `principal`, `use`, `alg`, `index`, `revoked_at`."""

    @abstractmethod
    def page(self, sought: Sought, after: int, limit: int) -> list[Line]:
        """At most `limit` entries that are what is sought, with a higher index, in order; all of the log is looked through."""

    @abstractmethod
    def entry(self, index: int) -> tuple[bytes, str]:
        """An entry's bytes and its receipt under the newest checkpoint."""

    @abstractmethod
    def offer(self, asked: Asked) -> Offer:
        """Build a bundle and keep it. Raises `Malformed`, `Fault`."""

    @abstractmethod
    def fetch(self, digest: str) -> tuple[int | None, bytes]:
        """A released bundle, and the index of its `disclosure.made` where that may be read. Raises `Fault`, `Unverified`."""

    @abstractmethod
    def pin(self) -> bytes:
        """The trust file, with the newest checkpoint."""

    @abstractmethod
    def deliver(self, written: Sequence[Written]) -> list[Posted]:
        """Hand signed statements to the ledger, in order, and keep their receipts. Raises `RefusedError`, or a `Fault`."""

    def diverging(self) -> list[dict[str, Any]]:
        """The decisions that differ from the policy verdict: they come first in the list of all."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            rows, after = self.decisions(None, after, 1000)
            first = [d for d in rows if d["divergence"] is not None]
            found += first
            if after is None or len(first) < len(rows):
                return found

    @property
    def development(self) -> bool:
        """Whether the ledger was founded for development."""
        return self.audience.origin.startswith("dev/")

    @property
    def spool(self) -> Spool:
        """Where signed statements wait until their receipt is here."""
        return Spool(self.folder / "spool")

    def signers(self, who: str, count: int = 1) -> list[Signer]:
        """`count` signers for a principal or role name: `approver` takes `approver.pem`, else `approver-1.pem`, …"""
        folder = self.folder / "keys"
        names = [who] if (folder / f"{who}.pem").exists() else sorted(p.stem for p in folder.glob(f"{who}-*.pem"))
        if len(names) < count or who in SERVED:
            detail = f"{0 if who in SERVED else len(names)} of {count} keys for {who} in {folder}"
            raise Fault("signer-missing", "failed", detail, "make one: holdpoint keys new, then register it")
        return [load_signer(folder / f"{name}.pem") for name in names[:count]]

    def subject(self, stream: str) -> str | None:
        """The salted subject digest of a model stream, or `None` for other streams."""
        found: str | None = self.known(stream).get("subject", stream)
        return found

    def write(
        self, body_type: type[Body], body: Mapping[str, Any], stream: str, signers: Sequence[Signer], **options: Any
    ) -> Written:
        """Write and sign a statement for this ledger, now."""
        return self.draft(body_type, body, stream, [s.keyid for s in signers], **options).sign(signers)

    def draft(
        self, body_type: type[Body], body: Mapping[str, Any], stream: str, keyids: Sequence[str], **options: Any
    ) -> Draft:
        """Write a statement for this ledger, now, that the keys `keyids` are to sign."""
        options.setdefault("subject", self.subject(stream))
        return draft_of(body_type, body, self.audience, stream, keyids, self.now(), **options)

    def say(self, body_type: type[Body], body: Mapping[str, Any], stream: str, by: str, **options: Any) -> Posted:
        """Write, sign as `by` (enough keys for the type's quorum) and post."""
        signers = self.signers(by, body_type.event.quorum)
        return self.post(self.write(body_type, body, stream, signers, **options))

    def post(self, written: Written) -> Posted:
        """Append one statement."""
        (posted,) = self.post_all([written])
        return posted

    def post_all(self, written: Sequence[Written]) -> list[Posted]:
        """Append statements in order, with the texts of their withheld fields, of which the submitter keeps a copy before."""
        for w in written:
            self.keep_disclosures(w.event_id, w.disclosures)
        return self.deliver([w if w.disclosures else replace(w, disclosures=self.kept(w.event_id)) for w in written])

    def kept(self, event_id: str) -> tuple[str, ...]:
        """The submitter's copy of an event's field disclosures; none where it was not written from this folder."""
        try:
            return tuple(self.place(f"disclosures/{event_id}.jsonl").read_text("ascii").splitlines())
        except FileNotFoundError:
            return ()

    def keep_receipt(self, posted: Posted) -> None:
        """Keep what proves that the ledger answered."""
        self.keep(f"receipts/{posted.index}.tlog-proof", posted.receipt.encode())

    def keep_disclosures(self, event_id: str, disclosures: Iterable[str]) -> None:
        """Keep the texts of withheld fields under the event's id."""
        text = "".join(f"{d}\n" for d in disclosures)
        if text:
            self.keep(f"disclosures/{event_id}.jsonl", text.encode())

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of the folder with mode 0600, synced, whole or not at all."""
        path = self.folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_synced(path, content, mode=0o600)

    def place(self, name: str) -> Path:
        """A file of the folder."""
        return self.folder / name


def readable(path: Path, code: str = "file-unreadable") -> bytes:
    """A file's bytes. Raises `Fault` `file-unreadable`, which says what the system said."""
    try:
        return path.read_bytes()
    except OSError as err:
        said = err.strerror or os.strerror(err.errno or 0)
        raise Fault(code, "failed", f"{path}: {said}", "name a file that can be read") from err
