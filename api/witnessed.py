"""What a ledger's witnesses have cosigned: the newest checkpoint that met its policy, and what became of each question.

Under load the newest checkpoint is seldom cosigned: witnesses are asked on a slower clock than commits. So the newest *witnessed*
one is kept and served by itself (spec/checkpoint.md), and receipts asked for later stand under it. `require` in `holdpoint.toml`
makes an append wait for it (ADR 0025).
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from auditor.log_keys import open_by_all
from auditor.witness_policy import WitnessPolicy
from ledger.checkpoint import parse_checkpoint
from ledger.errors import Fault, LedgerError, Malformed
from ledger.note import Note, NoteSignature, Vkey, format_note, parse_note, verify_line
from ledger.store.desk import Desk

ALARMS: Final = frozenset({"ahead", "conflict"})
"""Answers that a log which only grew can't get: it was set back, or forked, or the witness lies (T41, T47)."""
WAIT_SECONDS: Final = 10.0
"""How long an append waits for the quorum under `require`, and a reader at most."""
LOOKED: Final = 64
"""Cosigned sizes that are looked through, newest first, for one that met the policy."""
FILE: Final = "witnesses.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one witness: `status` is `cosigned`, `ahead`, `conflict`, `refused`, `unreachable` or `no-url`."""

    witness: str
    status: str
    detail: str


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last answer of a witness, as it is kept for `doctor`: `at` is when it was first given."""

    witness: str
    status: str
    detail: str
    at: str


class Witnessed:
    """Thread-safe. `keys_at`: the log's keys in force at a size. Whatever stands in a table is verified before it is believed."""

    def __init__(
        self, desk: Desk, keys_at: Callable[[int], Sequence[Vkey]], policy: WitnessPolicy, folder: Path,
        *, every: float = 10.0, require: bool = False,
    ) -> None:  # fmt: skip
        self._desk, self._keys_at = desk, keys_at
        self.policy, self.every, self.require = policy, every, require
        self._lock = threading.RLock()
        self._arrived = threading.Condition()
        self.writing = threading.Lock()
        self._judged: dict[int, int] = {}
        self._newest: tuple[int, str] = (0, "")
        self._behind: float | None = None
        self.answers: dict[str, Answer] = {a.witness: a for a in read_answers(folder)}

    # -- the newest witnessed checkpoint -----------------------------------------------------------------------------

    def newest(self) -> tuple[int, str]:
        """Size and note, cosignatures included, of the newest checkpoint that met the policy; (0, "") for none.

        Raises `Fault` where the database does not answer.
        """
        with self._lock:
            for size, lines in self._desk.cosigned_sizes(self._newest[0], LOOKED):
                if self._judged.get(size) != lines:
                    self._judged = {s: n for s, n in self._judged.items() if s >= self._newest[0]} | {size: lines}
                    note = self._met(size)
                    if note is not None:
                        self._newest = (size, note)
                if self._newest[0] == size:
                    break
            return self._newest

    @property
    def size(self) -> int:
        """Size of the newest witnessed checkpoint, as far as is known without asking the database."""
        return self._newest[0]

    def _met(self, size: int) -> str | None:
        """The kept note of a size with its cosignatures, if the log's own keys signed it and it meets the policy."""
        kept = self._desk.read_note(size)
        if kept is None:
            return None
        try:
            checkpoint = open_by_all(kept, self._keys_at(size))
            note = self.with_lines(kept, self._desk.read_cosignatures(size))
            met = self.policy.quorum is not None and self.policy.judge(parse_note(note), checkpoint).met
            if checkpoint.size == size and met:
                return note
        except LedgerError:  # a row that somebody altered says nothing; fsck names it
            pass
        return None

    def with_lines(self, note: str, lines: Sequence[str]) -> str:
        """The note with the given cosignatures, each once; one of a key of the policy only if it verifies."""
        return with_lines(note, lines, [w.vkey for w in self.policy.witnesses.values()])

    # -- waiting -----------------------------------------------------------------------------------------------------

    def arrived(self) -> None:
        """Cosignatures were kept: whoever waits looks again."""
        self.newest()
        with self._arrived:
            self._arrived.notify_all()

    def wait(self, size: int, seconds: float) -> bool:
        """Wait until a checkpoint of at least `size` entries is witnessed; whether one is."""
        until = time.monotonic() + min(seconds, WAIT_SECONDS)
        with self._arrived:
            while self.size < size:
                left = until - time.monotonic()
                if left <= 0 or not self._arrived.wait(left):
                    return self.size >= size
        return True

    def look(self, published: int) -> None:
        """Note whether the newest checkpoint is witnessed; `short` counts from when it first was not."""
        if self.size >= published:
            self._behind = None
        elif self._behind is None:
            self._behind = time.monotonic()

    @property
    def short(self) -> bool:
        """Whether the quorum has been missing for longer than an append waits: with `require`, nothing more is taken."""
        behind = self._behind
        return self.require and behind is not None and time.monotonic() - behind > WAIT_SECONDS

    # -- what witnesses answered -------------------------------------------------------------------------------------

    def answered(self, asked: Asked, at: str) -> bool:
        """Keep an answer for `doctor`; whether its status is another than this witness's last one."""
        with self._lock:
            last = self.answers.get(asked.witness)
            changed = last is None or last.status != asked.status
            since = at if last is None or changed else last.at
            self.answers[asked.witness] = Answer(asked.witness, asked.status, asked.detail, since)
            return changed


def unwitnessed(outcome: Literal["failed", "unknown"]) -> Fault:
    """`failed`: nothing was taken. `unknown`: it is committed, and the quorum has not cosigned it in time (ADR 0025)."""
    if outcome == "failed":
        detail = f"the witness quorum has been missing for {WAIT_SECONDS:.0f} s: nothing was appended"
        return Fault(
            "unwitnessed", "failed", detail, "holdpoint doctor says which witness does not answer; retry is safe"
        )
    detail = f"committed, and not cosigned by the witness quorum within {WAIT_SECONDS:.0f} s"
    return Fault("unwitnessed", "unknown", detail, "send the same statement again: its receipt comes once they have")


def with_lines(note: str, lines: Sequence[str], vkeys: Sequence[Vkey] = ()) -> str:
    """The note with more signature lines, each once; a line of one of `vkeys` that does not verify is left out."""
    parsed = parse_note(note)
    head = parse_checkpoint(parsed.text)
    known = {(v.name, v.key_id): v for v in vkeys}
    found: list[NoteSignature] = list(parsed.signatures)
    for line in lines:
        try:
            more = parse_note(f"x\n\n{line}").signatures
        except Malformed:  # a row that somebody altered says nothing; fsck names it
            continue
        for s in more:
            key = known.get((s.name, s.key_id))
            if s not in found and (key is None or verify_line(key, parsed.text, head, s.signature)):
                found.append(s)
    return format_note(Note(parsed.text, tuple(found)))


def format_answers(answers: Sequence[Answer]) -> bytes:
    """The file's text."""
    return (
        msgspec.json.format(msgspec.json.encode({"schema": "holdpoint.witnesses/1", "answers": list(answers)})) + b"\n"
    )


def read_answers(folder: Path) -> list[Answer]:
    """What witnesses answered last, as the service has kept it; none where nobody was ever asked. Raises `Fault`."""
    try:
        said: Any = msgspec.json.decode((folder / FILE).read_bytes())
        return [msgspec.convert(a, Answer) for a in said["answers"]]
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError, KeyError, TypeError) as err:
        remedy = "remove it: it is written again when the next witness answers"
        raise Fault("config-malformed", "failed", f"{folder / FILE} can't be read", remedy) from err
