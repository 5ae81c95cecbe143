"""The composition root: puts rooms, keys, clock and database together into one open ledger. The only place that does.

A ledger's folder: `holdpoint.toml` (origin, database) · `anchor` · `keys/` · `pg/` (embedded PostgreSQL) · `disclosures/`
(the submitter's own copies of what was withheld from here, mode 0600; a service writes none) · `receipts/`. With `--database URL`
only `pg/` is absent.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self

from api.config import Config, WitnessConfig, read_config, witness_policy
from api.database import open_database
from api.keyring import find_engine, load_engine, load_log_pairs
from api.measured import MeasuredDesk, MeasuredSigner
from api.measures import Measures
from api.positions import size_at, stood_at
from api.settings import settings
from api.witnessed import Witnessed
from api.wrapping import load_wrapping_keys
from auditor.log_keys import vkeys_at
from auditor.witness_policy import WitnessPolicy
from ledger.errors import Fault
from ledger.keys import Signer
from ledger.note import Vkey
from ledger.reasons import Refused
from ledger.receipt import format_receipt
from ledger.registry import BY_TOPIC
from ledger.state import State
from ledger.store.anchor import Anchor
from ledger.store.append import Appender
from ledger.store.application import LedgerApplication
from ledger.store.desk import Desk
from ledger.store.end import Clock
from ledger.store.folding import Progress, silent
from ledger.store.outcome import Appended, Known
from ledger.store.vault import Vault
from ledger.tile import TileReader
from ledger.tree import hash_children, prove_inclusion
from ledger.trust import engine_key
from policies.answer import AsOf
from policies.rules import RULES
from projections.store.views import Views


def wall_clock() -> str:
    """Now, as a canonical time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class View:
    """The state after entries 0…size−1, and the clock that answers hold for. `with view:` keeps it still."""

    size: int
    time: str
    state: State
    lock: AbstractContextManager[object] = field(default_factory=threading.RLock)
    verified: bool = True

    @property
    def as_of(self) -> AsOf:
        """The position that answers from this view hold for."""
        return AsOf(self.size, self.time, self.verified)

    def __enter__(self) -> Self:
        self.lock.__enter__()
        return self

    def __exit__(self, *stop: object) -> None:
        self.lock.__exit__(None, None, None)


class Followed(Protocol):
    """What is known of the projector that runs beside this ledger, if one does: `api.projecting`."""

    @property
    def lags(self) -> dict[str, int]:
        """Entries not yet folded, by view."""

    @property
    def stale(self) -> dict[str, str]:
        """View → why what it says may not be taken for the present."""


@dataclass(slots=True)
class Ledger:
    """An open ledger. `desk` and `log` read, as `holdpoint_reader`; only the appender writes; `vault` opens withheld fields."""

    folder: Path
    config: Config
    appender: Appender
    desk: Desk
    log: LedgerApplication
    clock: Clock
    anchor: Anchor
    measures: Measures
    views: Views
    projector_url: str
    vault: Vault
    closers: list[Callable[[], None]] = field(default_factory=list)
    how: str = ""
    """What the database is, and as whom it runs."""
    projecting: "Followed | None" = None
    witnessed: Witnessed | None = None
    """What witnesses have cosigned, where the ledger has a witness policy."""

    @property
    def origin(self) -> str:
        """The ledger's identity line."""
        return self.config.origin

    @property
    def development(self) -> bool:
        """Whether the ledger was founded for development."""
        return self.config.development

    @property
    def founding(self) -> str:
        """Leaf hash of entry 0 (hex)."""
        return self.appender.state.get("meta", "founding") or ""

    def now(self) -> str:
        """The clock that entries are recorded by."""
        return self.clock()

    def view(self, at: int | str | None = None) -> View:
        """The state as of a size, a time (also one to come), or now. Raises `Fault` `at-beyond-head`, `at-inside-group`,
        `at-before-start`.

        Now is the appender's own state: whoever reads it holds the lock, `with view:`. Any other is read as it is.
        """
        if at is None:
            with self.appender.lock:
                stopped = self.appender.stopped
                whole = stopped is None or stopped.code != "diverged"
                return View(self.appender.size, max(self.now(), self.appender.recorded_at), self.appender.state,
                            self.appender.lock, whole)  # fmt: skip
        view = self.view()
        with view:
            newest, state = view.size, view.state
        size = at if isinstance(at, int) else newest if at >= view.time else size_at(self.desk, at, newest)
        if size > newest:
            raise Fault("at-beyond-head", "failed", f"the log has {newest} entries", "ask for fewer")
        moment = stood_at(self.desk, size)
        return View(size, at if isinstance(at, str) else moment, state.at(size), verified=view.verified)

    def still(self, at: int | str | None = None) -> View:
        """As `view`, but now, too, is shown as of its size: no appender changes it, and no reader holds a lock."""
        if at is not None:
            return self.view(at)
        with self.view() as view:
            return replace(view, state=view.state.at(view.size), lock=threading.RLock())

    def receipt(self, index: int) -> tuple[bytes, str]:
        """The entry's bytes and its tlog-proof under the newest checkpoint. Raises `Fault` `index-beyond-head`."""
        size, note = self.appender.published
        if not 0 <= index < size:
            raise Fault("index-beyond-head", "failed", f"the log has {size} entries", "ask for an index below that")
        (row,) = self.desk.read_entries(index, index + 1)
        return row.entry, self._proven(index, size, note)

    def upgraded(self, index: int, least: int = 0) -> tuple[bytes, str]:
        """As `receipt`, under the newest *witnessed* checkpoint that holds the entry and has `least` entries, where there is one.

        It is kept for good, with the cosignatures that have arrived: asked for again, a receipt only gains (formats.md §6).
        """
        size, note = (0, "") if self.witnessed is None else self.witnessed.newest()
        if index < 0 or size <= max(index, least - 1):
            return self.receipt(index)
        (row,) = self.desk.read_entries(index, index + 1)
        return row.entry, self._proven(index, size, note)

    def _proven(self, index: int, size: int, note: str) -> str:
        reader = TileReader(lambda level, n: self.tile(level, n, size), size)
        return format_receipt(index, prove_inclusion(reader, index, size), note)

    @property
    def engine(self) -> Signer:
        """The engine's newest live key, whose signature claims and bundles carry. Raises `Fault` `engine-key-wrong`."""
        keys = self.folder / "keys"
        life = engine_key(self.appender.state, self.now())
        if life is None:  # nothing can be derived; what is signed without one says so to whoever verifies it
            return load_engine(keys)
        found = find_engine(keys, life.record.keyid)
        if found is None:
            detail = f"the log's engine key is {life.record.keyid}, and no file of it is in keys/"
            raise Fault("engine-key-wrong", "failed", detail, "bring that key's file")
        return found

    def commit_index(self) -> int:
        """Commit to the stream index now, or not anew where nothing else was appended since; the index of the entry.

        Raises `Fault`: nothing can be appended, or no engine key is alive (`engine-missing`).
        """
        (outcome,) = self.appender.commit_index().result()
        if isinstance(outcome, Appended):
            return outcome.event.index
        if isinstance(outcome, Known):
            return outcome.index
        if isinstance(outcome, Refused):
            remedy = "wait for ledger.restored, or register an engine key"
            raise Fault(outcome.reason, "failed", outcome.detail, remedy)
        raise outcome

    def tile(self, level: int, n: int, size: int) -> bytes:
        """Hash tile `n` of `level`, as wide as a tree of `size` fills it."""
        stored = self.desk.read_tile(level, n)
        if stored is not None:
            return stored
        if level == 0:
            return b"".join(self.desk.read_leaf_hashes(n * 256, min(size, (n + 1) * 256)))
        span = 256**level
        count = min(256, size // span - n * 256)
        return b"".join(self._subtree(level, n * 256 + k, size) for k in range(count))

    def _subtree(self, level: int, k: int, size: int) -> bytes:
        """Root of the full tile `k` of the level below, which is node `k` of `level`."""
        tile = self.tile(level - 1, k, size)
        nodes = [tile[i : i + 32] for i in range(0, len(tile), 32)]
        while len(nodes) > 1:
            nodes = [hash_children(a, b) for a, b in zip(nodes[::2], nodes[1::2], strict=True)]
        return nodes[0]

    def close(self) -> None:
        """Stop appending, then everything else in reverse order."""
        self.appender.close()
        for closer in reversed(self.closers):
            closer()


def open_ledger(
    folder: Path,
    *,
    clock: Clock = wall_clock,
    founding: bool = False,
    confirm_clock: bool = False,
    read_only: bool = False,
    policy: WitnessPolicy | None = None,
    say: Callable[[str], None] = lambda _text: None,
    progress: Progress = silent,
) -> Ledger:
    """Open the ledger in `folder`: start its database, fold it, compare with the anchor. Raises `Fault`.

    After a day of silence appends are refused until somebody has confirmed the clock, but for development ledgers.
    `founding` may make an empty database and anchor. With `read_only`, a head behind the anchor is served for reading.
    `policy`: whose cosignatures count, instead of the one that `holdpoint.toml` names.
    """
    config = read_config(folder)
    if clock is not wall_clock and not config.development:
        raise Fault("clock-simulated", "failed", f"{config.origin} is no dev/ ledger", "use the wall clock")
    closers: list[Callable[[], None]] = []
    try:
        policy = policy or witness_policy(folder, config)
        database = open_database(folder, config.database, create=founding, say=say)
        closers.append(database.close)
        anchor = Anchor(folder / "anchor", create=founding)
        closers.append(anchor.close)
        measures = Measures()
        desk = MeasuredDesk(database.url("holdpoint_appender"), measures.observe, revive=database.revive)
        closers.append(desk.close)
        reader = Desk(database.url("holdpoint_reader"), revive=database.revive)
        closers.append(reader.close)
        views = Views(database.url("holdpoint_reader"))
        closers.append(views.close)
        keys = folder / "keys"
        writer, log = LedgerApplication(desk, BY_TOPIC), LedgerApplication(reader, BY_TOPIC)

        def pairs() -> list[MeasuredSigner]:
            return [MeasuredSigner(pair, measures.observe) for pair in load_log_pairs(keys, config.origin)]

        vault = Vault(desk, lambda: load_wrapping_keys(folder), settings().retain_years)
        appender = Appender(writer.recorder, anchor, RULES, load_engine(keys), pairs, clock,
                            watched=clock is wall_clock, local_keys=True, index_every=settings().index_every,
                            vault=vault, find_engine=lambda keyid: find_engine(keys, keyid))  # fmt: skip
        appender.open(confirmed=confirm_clock or config.development, read_only=read_only, progress=progress)
    except BaseException:
        for closer in reversed(closers):
            closer()
        raise
    return Ledger(folder, config, appender, reader, log, clock, anchor, measures, views,
                  database.url("holdpoint_projector"), vault, closers, database.how,
                  witnessed=None if policy is None else _witnessed(folder, config, appender, reader, policy))  # fmt: skip


def _witnessed(folder: Path, config: Config, appender: Appender, reader: Desk, policy: WitnessPolicy) -> Witnessed:
    said = config.witnesses or WitnessConfig("")

    def keys_at(size: int) -> tuple[Vkey, ...]:
        return vkeys_at(appender.state.get("meta", "vkeys_history") or (), size)

    return Witnessed(reader, keys_at, policy, folder, every=said.interval, require=said.require)


@contextmanager
def opened(
    folder: Path, *, clock: Clock = wall_clock, policy: WitnessPolicy | None = None, progress: Progress = silent
) -> Iterator[Ledger]:
    """`open_ledger`, closed at the end whatever happens."""
    ledger = open_ledger(folder, clock=clock, policy=policy, progress=progress)
    try:
        yield ledger
    finally:
        ledger.close()
