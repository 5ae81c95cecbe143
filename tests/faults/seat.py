"""One appender at a founded ledger, of whose parts a test may replace any; statements for it; what its callers were told."""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.author import Audience, Written, write
from api.config import read_config
from api.keyring import load_log_pairs, load_signer
from api.measures import Measures
from api.opening import with_fields
from api.wiring import Ledger, wall_clock
from api.wrapping import load_wrapping_keys
from ledger.admit import Rules, Submission, open_submission
from ledger.errors import Fault
from ledger.events import document, model
from ledger.note import CheckpointSigner
from ledger.registry import BY_TOPIC
from ledger.store.anchor import Anchor
from ledger.store.append import Appender
from ledger.store.application import LedgerApplication
from ledger.store.desk import Desk
from ledger.store.end import steady_ticks
from ledger.store.outcome import Appended, Known, Outcome
from ledger.store.vault import Vault
from policies.rules import RULES
from projections.store.views import Views
from tests.conftest import LedgerDatabase, copy_of

ROWS = 2
"""Entries that one `statement` makes: itself, and the `model.referenced` that follows it."""


@dataclass(frozen=True)
class Place:
    """A ledger's folder (keys, anchor) and its database."""

    folder: Path
    database: LedgerDatabase

    def second(self, name: str) -> "Place":
        """Another folder with the same keys and its own copy of the anchor: a second service's."""
        return Place(copy_of(self.folder, self.folder.parent / name), self.database)


def statement(folder: Path, audience: Audience, name: str | None = None, **options: Any) -> Written:
    """A small signed event that no rule refuses: a report by its digest, each in a stream of its own unless named."""
    signer = load_signer(folder / "keys" / "assessor.pem")
    at = options.pop("at", None) or wall_clock()
    body = {
        "coverage_date": at,
        "covers": options.pop("covers", ["model/any"]),
        "digest": f"sha256:{os.urandom(32).hex()}",
        "kind": "report",
        "version": "1",
    }
    stream = f"document/{name or os.urandom(8).hex()}"
    return write(document.Submitted, body, audience, stream, [signer], at, **options)


def registration(folder: Path, audience: Audience) -> Written:
    """The smallest event, of which nothing follows: a model's registration, each in a stream of its own."""
    signer = load_signer(folder / "keys" / "assessor.pem")
    stream = f"model/{os.urandom(8).hex()}"
    return write(model.Registered, {"kind": "snapshot"}, audience, stream, [signer], wall_clock(), subject="ab" * 32)


@dataclass
class Account:
    """What callers were told. `acknowledged`: event id → index and receipt; `unknown`: what may have been stored."""

    acknowledged: dict[str, tuple[int, str]] = field(default_factory=dict)
    unknown: dict[str, Written] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, written: Written, index: int, receipt: str) -> None:
        """The same id is never acknowledged at two places."""
        with self.lock:
            known = self.acknowledged.setdefault(written.event_id, (index, receipt))
            assert known[0] == index
            self.unknown.pop(written.event_id, None)

    def doubt(self, written: Written) -> None:
        """No answer, or one that leaves it open."""
        with self.lock:
            if written.event_id not in self.acknowledged:
                self.unknown[written.event_id] = written


class Seat:
    """An open appender and the ledger around it. `replace` makes a part from the usual one."""

    def __init__(
        self,
        place: Place,
        *,
        url: str | None = None,
        desk: type[Desk] = Desk,
        anchor: type[Anchor] = Anchor,
        log: Callable[[CheckpointSigner], CheckpointSigner] = lambda usual: usual,
        clock: Callable[[], str] = wall_clock,
        ticks: Callable[[], float] = steady_ticks,
        watched: bool = False,
        confirmed: bool = True,
        rules: Rules = RULES,
    ) -> None:
        self.place, self.account = place, Account()
        config = read_config(place.folder)
        self.anchor = anchor(place.folder / "anchor")
        self.desk = desk(url or place.database.url("holdpoint_appender"))
        self.reader = Desk(place.database.url("holdpoint_reader"))
        keys = place.folder / "keys"
        signer = log(load_log_pairs(keys, config.origin)[0])
        writer, reading = LedgerApplication(self.desk, BY_TOPIC), LedgerApplication(self.reader, BY_TOPIC)
        vault = Vault(self.desk, lambda: load_wrapping_keys(place.folder), 5)
        self.appender = Appender(
            writer.recorder,
            self.anchor,
            rules,
            load_signer(keys / "engine.pem"),
            lambda: [signer],
            clock,
            ticks=ticks,
            watched=watched,
            vault=vault,
        )
        views = Views(place.database.url("holdpoint_reader"))
        closers = [self.anchor.close, self.desk.close, self.reader.close, views.close]
        self.ledger = Ledger(
            folder=place.folder,
            config=config,
            appender=self.appender,
            desk=self.reader,
            log=reading,
            clock=clock,
            anchor=self.anchor,
            measures=Measures(),
            views=views,
            projector_url=place.database.url("holdpoint_projector"),
            vault=vault,
            closers=closers,
        )
        try:
            self.appender.open(confirmed=confirmed)
        except BaseException:
            for closer in closers:
                closer()
            raise

    @property
    def audience(self) -> Audience:
        return Audience(self.ledger.origin, self.ledger.founding)

    def write(self, name: str | None = None, **options: Any) -> Written:
        return statement(self.place.folder, self.audience, name, **options)

    def open(self, written: Written) -> Submission:
        opened = open_submission(written.envelope, self.appender.lookup)
        assert isinstance(opened, Submission)
        return with_fields(opened, list(written.disclosures), written.envelope.payload)

    def post_all(self, written: Sequence[Written], *, atomic: bool = False, wait: float = 20) -> list[Outcome]:
        """Submit as one group; keeps account of what was answered."""
        try:
            outcomes = self.appender.submit([self.open(w) for w in written], atomic=atomic).result(wait)
        except Fault as err:
            outcomes = [err for _ in written]
        for w, outcome in zip(written, outcomes, strict=True):
            if isinstance(outcome, Appended):
                self.account.acknowledge(w, outcome.event.index, outcome.receipt())
            elif isinstance(outcome, Known):
                self.account.acknowledge(w, outcome.index, self.ledger.receipt(outcome.index)[1])
            elif isinstance(outcome, Fault):
                self.account.doubt(w)
        return outcomes

    def post(self, written: Written | None = None) -> Outcome:
        (outcome,) = self.post_all([written or self.write()])
        return outcome

    def index(self, written: Written) -> int:
        """Post, and insist on an index."""
        outcome = self.post(written)
        if isinstance(outcome, Appended):
            return outcome.event.index
        assert isinstance(outcome, Known), outcome
        return outcome.index

    def close(self) -> None:
        self.ledger.close()


def together(count: int, act: Callable[[int], None]) -> None:
    """Run `act(0…count−1)` in threads that start at one barrier; raises the first error."""
    barrier, errors = threading.Barrier(count), list[BaseException]()

    def run(n: int) -> None:
        barrier.wait()
        try:
            act(n)
        except BaseException as err:
            errors.append(err)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until it holds; fail when it does not within `seconds`."""
    ended = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        ended.wait(0.02)
    raise AssertionError(f"did not come to hold within {seconds} s")
