"""One author's session with a ledger that this process has open: sign, append, keep the receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from api.about import about
from api.author import Audience, Written
from api.batch_keys import lookup_with
from api.book import Book, Follower, Line, Offer, Posted, RefusedError
from api.cosigning import Connect, ask_witnesses, witness_transport
from api.disclosing import prepare, released
from api.embargo import check_shown, shown_incident
from api.gate_text import ask
from api.life import life_answer
from api.opening import check_log_keys, with_fields
from api.owed import Wanted, as_row, owed, page_of
from api.search import Sought, search
from api.what_if import Hypothesis, suppose
from api.wiring import Ledger
from auditor.pin import format_pin
from disclosures.alerts import break_glass_of, undecided_operations
from disclosures.builder import Asked
from disclosures.claims import answers
from disclosures.decided import decisions_page
from disclosures.icalendar import render
from ledger.admit import KeyLookup, Submission, open_submission
from ledger.entry import leaf_hash, parse_entry
from ledger.errors import Fault
from ledger.reasons import Refused
from ledger.state import State
from ledger.store.outcome import Appended, Known
from ledger.trust import KeyLife
from policies.answer import AsOf, Clearance, PolicyVerdict, Request
from policies.binding import gated_actions
from policies.duty_rows import plain
from policies.incidents import incident_of, incidents_of

__all__ = ["Posted", "RefusedError", "Session"]
WAIT_SECONDS = 60
PAGE = 20


class Session(Book):
    """Posts to the ledger that this process has open."""

    connect: Connect = staticmethod(witness_transport)
    """How witnesses are reached, where appends wait for them."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.folder = ledger.folder

    @property
    def audience(self) -> Audience:
        """Whom statements are for."""
        return Audience(self.ledger.origin, self.ledger.founding)

    def now(self) -> str:
        """The ledger's own clock, which a development ledger may simulate."""
        return self.ledger.now()

    def checkpoint(self) -> dict[str, Any]:
        """Origin, size and root, as every JSON answer carries them."""
        head = self.ledger.desk.read_head()
        return {"origin": self.ledger.origin, "root": head.root.hex(), "size": head.size}

    def known(self, *_streams: str) -> State:
        """All that the appender knows."""
        return self.ledger.appender.state

    def ask(self, request: Request, at: int | str | None = None) -> tuple[PolicyVerdict, Clearance, AsOf]:
        """The gate, computed here."""
        return ask(self.ledger, request, at)

    def status(self, model: str, at: int | str | None = None) -> tuple[dict[str, Any], AsOf]:
        """Every action that a binding pack gates."""
        with self.ledger.view(at) as view:
            as_of = view.as_of
            if view.state.get("subject", model) is None:
                return {}, as_of
            actions = gated_actions(view.state, view.time)
            return {action: answers(view.state, model, action, as_of) for action in actions}, as_of

    def decisions(
        self, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of decisions, the diverging ones first."""
        with self.ledger.view(at) as view:
            return decisions_page(view.state, view.as_of, after, limit)

    def decision(self, ref: str, at: int | str | None = None) -> dict[str, Any]:
        """The life of a decision or request."""
        with self.ledger.view(at) as view:
            found = life_answer(view.state, ref, view.as_of, people=True)
        if found is None:
            raise Fault(
                "not-found", "failed", f"no request or decision {ref[:16]} is recorded here", "holdpoint decision list"
            )
        return found

    def break_glass(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """Exceptional grants that nobody has reviewed."""
        with self.ledger.view(at) as view:
            return break_glass_of(view.state)

    def without_decision(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """What was carried out while no decision stood for it."""
        with self.ledger.view(at) as view:
            return undecided_operations(view.state)

    def obligations(
        self, wanted: Wanted, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], AsOf, str | None]:
        """Duties, computed here."""
        with self.ledger.view(at) as view:
            rows, following = page_of(owed(view, wanted), after, limit)
            return [as_row(d) for d in rows], view.as_of, following

    def calendar(self, wanted: Wanted, at: int | str | None = None) -> bytes:
        """The feed, made here."""
        with self.ledger.view(at) as view:
            return render(self.ledger.origin, view.time, owed(view, wanted))

    def incidents(self, at: int | str | None = None, after: str = "") -> tuple[list[dict[str, Any]], AsOf]:
        """Incidents, computed here."""
        with self.ledger.view(at) as view:
            found = islice(incidents_of(view.state, view.time, after), PAGE)
            return [plain(shown_incident(self.ledger.appender.state, i)) for i in found], view.as_of

    def incident(self, stream: str, at: int | str | None = None) -> tuple[dict[str, Any] | None, AsOf]:
        """One incident, computed here."""
        with self.ledger.view(at) as view:
            found = incident_of(view.state, stream, view.time)
            return None if found is None else plain(shown_incident(self.ledger.appender.state, found)), view.as_of

    def about(
        self, question: str, model: str, at: int | str | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """Computed here."""
        return about(self.ledger, self.ledger.still(at), question, model, query or {})

    def suppose(self, events: Sequence[Mapping[str, Any]], at: int | str | None = None) -> Hypothesis:
        """Judged here, on a layer of the state."""
        view = self.ledger.still(at)
        return suppose(view.state, view.as_of, self.audience, events)

    def keys(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """Every key, in the order in which their lives began."""
        with self.ledger.view(at) as view:
            lives: list[KeyLife] = [life for _, life in view.state.scan("key")]
        return [
            {"keyid": k.record.keyid, "principal": k.record.principal, "use": k.record.use, "alg": k.record.alg,
             "index": k.index, "revoked_at": k.revoked_at}
            for k in sorted(lives, key=lambda k: k.index)
        ]  # fmt: skip

    def page(self, sought: Sought, after: int, limit: int) -> list[Line]:
        """Entries from the database."""
        found: list[Line] = []
        at: int | None = after
        while at is not None and len(found) < limit:
            rows, at = search(self.ledger.desk, sought, at, limit - len(found), self.ledger.appender.size,
                              self.ledger.appender.state)  # fmt: skip
            found += [
                Line(row.index, row.recorded_at, row.topic.split(":")[3], row.version, row.leaf.hex(), row.stream)
                for row in rows
            ]
        return found

    def entry(self, index: int) -> tuple[bytes, str]:
        """An entry and its receipt."""
        check_shown(self.ledger.appender.state, index)
        return self.ledger.upgraded(index)

    def offer(self, asked: Asked) -> Offer:
        """Built here, kept in `bundles/`."""
        prepared = prepare(self.ledger, asked, self.ledger.engine)
        return Offer(prepared.digest, prepared.stream, prepared.body, prepared.beside)

    def fetch(self, digest: str) -> tuple[int | None, bytes]:
        """From `bundles/`, once its `disclosure.made` is in the log."""
        return released(self.ledger, digest)

    def pin(self) -> bytes:
        """The trust file of this ledger as it stands."""
        _, note = self.ledger.appender.published
        vkeys = self.ledger.appender.state.get("meta", "vkeys")
        return format_pin(self.ledger.origin, self.ledger.founding, vkeys, note)

    def deliver(self, written: Sequence[Written]) -> list[Posted]:
        """Append statements in order, as one batch: all of them, or none."""
        submissions: list[Submission] = []
        for w in written:
            opened = open_submission(w.envelope, self._lookup(submissions))
            if isinstance(opened, Refused):
                raise RefusedError(opened)
            check_log_keys(opened, self.ledger.appender.state, self.ledger.appender.lacking)
            submissions.append(with_fields(opened, list(w.disclosures), w.envelope.payload))
        future = self.ledger.appender.submit(submissions, atomic=True)
        try:
            outcomes = future.result(WAIT_SECONDS)
        except TimeoutError:
            remedy = "send the same statement again: the event id keeps it single"
            raise Fault("outcome-unknown", "unknown", f"no answer within {WAIT_SECONDS} s", remedy) from None
        done = [self._posted(w, outcome) for w, outcome in zip(written, outcomes, strict=True)]
        short = self._witnessed(max(p.index for p in done))
        done = done if short is not None else [self._upgraded(p) for p in done]
        for posted in done:
            self.keep_receipt(posted)
        if short is not None:
            raise short
        return done

    def _witnessed(self, index: int) -> Fault | None:
        """Where appends wait for witnesses, nobody else asks them here. What to say if the quorum is not met."""
        told = self.ledger.witnessed
        if told is None or not told.require:
            return None
        ask_witnesses(self.ledger, told.policy, self.connect)
        if told.newest()[0] > index:
            return None
        detail = (
            f"recorded up to index {index}, with receipts in {self.folder / 'receipts'}, and the quorum did not cosign"
        )
        return Fault(
            "unwitnessed", "unknown", detail, "holdpoint doctor, then holdpoint cosign; do not record it again"
        )

    def _upgraded(self, posted: Posted) -> Posted:
        required = self.ledger.witnessed is not None and self.ledger.witnessed.require
        return replace(posted, receipt=self.ledger.upgraded(posted.index)[1]) if required else posted

    def _lookup(self, earlier: Sequence[Submission]) -> KeyLookup:
        """Registered keys, and those that an earlier statement of the same batch registers."""
        return lookup_with(self.ledger.appender.lookup, earlier)

    def _posted(self, written: Written, outcome: Any) -> Posted:
        if isinstance(outcome, Refused):
            raise RefusedError(outcome)
        if isinstance(outcome, Known):
            entry, receipt = self.ledger.receipt(outcome.index)
            recorded_at, leaf = parse_entry(entry).recorded_at, leaf_hash(entry).hex()
            return Posted(outcome.index, recorded_at, leaf, written.digest, written.event_id, receipt, replay=True)
        if not isinstance(outcome, Appended):
            raise outcome
        event = outcome.event
        derived = tuple(Follower(e.index, e.name, getattr(e.body, "answer", None)) for e in outcome.derived)
        return Posted(
            event.index, event.recorded_at, event.leaf, event.digest, event.event_id, outcome.receipt(), derived
        )
