"""Asking witnesses for cosignatures over our newest checkpoint (C2SP tlog-witness), and keeping what they answer.

A witness that stands at a larger size than we do, or that finds our tree no extension of what it cosigned, has seen another
history under our keys, or our log was set back: that is said aloud (T41, T47). Nothing here waits for a commit, and no commit
waits for it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from api.transport import HttpTransport, Transport
from api.wiring import Ledger
from auditor.witness_policy import Witness, WitnessPolicy
from ledger.checkpoint import read_checkpoint
from ledger.errors import Fault, LedgerError, Malformed
from ledger.note import Note, NoteSignature, Vkey, format_note, parse_note, verified_keys
from ledger.strict import format_base64, parse_uint
from ledger.tile import TileReader
from ledger.tree import prove_consistency

PATH = "/add-checkpoint"
MAX_ANSWER = 1 << 18
EVERY_SECONDS = 10.0
TRIES = 4
TIMEOUT_SECONDS = 10.0
CLOSE_SECONDS = 5.0
ALARMS = frozenset({"ahead", "conflict"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one witness: `status` is `cosigned`, `ahead`, `conflict`, `refused`, `unreachable` or `no-url`."""

    witness: str
    status: str
    detail: str


def witness_transport(url: str) -> Transport:
    """How a witness is spoken to: bounded in time and size, no redirect, no credential."""
    return HttpTransport(url, timeout=TIMEOUT_SECONDS, max_answer=MAX_ANSWER)


def ask_witnesses(ledger: Ledger, policy: WitnessPolicy, connect: Callable[[str], Transport]) -> list[Asked]:
    """Ask each witness of the policy that has a URL, once; what it cosigned is kept. Two keys at one URL are one witness."""
    if ledger.appender.published[0] == 0:
        raise Fault("empty", "failed", "the ledger holds no entries", "record something first")
    answers: list[Asked] = []
    places: dict[str, list[tuple[str, Witness]]] = {}
    for name, witness in sorted(policy.witnesses.items()):
        shown = name.decode("utf-8", "backslashreplace")
        if witness.url is None:
            answers.append(Asked(shown, "no-url", "the policy gives no address for it"))
        else:
            places.setdefault(witness.url, []).append((shown, witness))
    for url, found in places.items():
        names = ", ".join(name for name, _ in found)
        try:
            transport = connect(url)
        except LedgerError as err:
            answers.append(Asked(names, "unreachable", str(err)))
            continue
        try:
            answers.append(_ask(ledger, names, [w.vkey for _, w in found], transport))
        except LedgerError as err:
            answers.append(Asked(names, "unreachable", str(err)))
        finally:
            transport.close()
    return answers


def _ask(ledger: Ledger, names: str, vkeys: list[Vkey], transport: Transport) -> Asked:
    old = ledger.desk.last_cosigned(_label(vkeys[0]))
    for _ in range(TRIES):
        size, note = (
            ledger.appender.published
        )  # it grows while we ask, and somebody else may ask with what we signed since
        old = min(old, size)
        reply = transport.send("POST", PATH, _body(ledger, size, note, old), {"content-type": "text/plain"})
        if reply.status != 409:
            break
        try:
            held = parse_uint(reply.body.decode("ascii").removesuffix("\n"), bits=63)
        except (LedgerError, UnicodeDecodeError):
            return Asked(names, "refused", "409 without a size")
        now = ledger.appender.published[0]
        if held > now:
            return Asked(names, "ahead", f"it cosigned size {held}, we stand at {now}: our log was set back, or forked")
        if held == old:
            return Asked(names, "conflict", f"it cosigned another tree of size {held}")
        old = held
    else:
        return Asked(names, "refused", "others ask it all the time")
    if reply.status == 422:
        return Asked(
            names, "conflict", f"our tree of size {size} is no extension of the one of size {old} that it cosigned"
        )
    if reply.status != 200:
        return Asked(names, "refused", f"status {reply.status}")
    return _keep(ledger, size, note, names, vkeys, reply.body)


def _body(ledger: Ledger, size: int, note: str, old: int) -> bytes:
    reader = TileReader(lambda level, n: ledger.tile(level, n, size), size)
    path = prove_consistency(reader, old, size) if old else []
    lines = "".join(f"{format_base64(h)}\n" for h in path)
    return f"old {old}\n{lines}\n{note}".encode()


def _keep(ledger: Ledger, size: int, note: str, names: str, vkeys: list[Vkey], body: bytes) -> Asked:
    """Keep the lines that verify under the policy's keys; lines of other keys are ignored."""
    checkpoint, parsed = read_checkpoint(note)
    try:
        lines = parse_note(f"{parsed.text}\n{body.decode()}").signatures
        held = verified_keys(Note(parsed.text, lines), vkeys, checkpoint)
    except (LedgerError, UnicodeDecodeError) as err:
        return Asked(names, "refused", f"its cosignature does not hold: {err}")
    if not held:
        return Asked(names, "refused", "no line by a key of the policy")
    for vkey in held:
        line = next(s for s in lines if (s.name, s.key_id) == (vkey.name, vkey.key_id))
        ledger.appender.keep_cosignature(size, _label(vkey), format_note(Note("", (line,))).removeprefix("\n"))
    return Asked(names, "cosigned", f"size {size}, {len(held)} of {len(vkeys)} keys")


class Cosigning:
    """`serve --witness-policy`: asks while the log grows, on a slower clock than commits; an error is said and tried again."""

    def __init__(
        self, ledger: Ledger, policy: WitnessPolicy, connect: Callable[[str], Transport], say: Callable[[str], None],
        *, every: float = EVERY_SECONDS,
    ) -> None:  # fmt: skip
        self._ledger, self._policy, self._connect, self._say, self._every = ledger, policy, connect, say, every
        self._stop = threading.Event()
        self._said: list[Asked] = []
        self.size = 0
        self._thread = threading.Thread(target=self._run, name="cosigning", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            size = self._ledger.appender.published[0]
            if size in (0, self.size):
                continue
            try:
                found = ask_witnesses(self._ledger, self._policy, self._connect)
            except Exception as err:  # noqa: BLE001  # the thread's outermost door: it must not end for good
                found = [Asked("all", "unreachable", type(err).__name__)]
            if all(a.status in ("cosigned", "no-url") for a in found):
                self.size = size
            elif found != self._said:
                for a in found:
                    if a.status != "cosigned":
                        self._say(
                            f"{'ALARM: ' if a.status in ALARMS else ''}witness {a.witness}: {a.status}: {a.detail}"
                        )
            self._said = found

    def close(self) -> None:
        """Stop asking; a request under way may end by itself."""
        self._stop.set()
        self._thread.join(CLOSE_SECONDS)


def _label(vkey: Vkey) -> str:
    return f"{vkey.name}+{vkey.key_id.hex()}"


def cosigned_note(ledger: Ledger, size: int, note: str) -> str:
    """The note with the cosignatures that are kept for its size: those of its very text, each once."""
    parsed = parse_note(note)
    lines: list[NoteSignature] = list(parsed.signatures)
    for line in ledger.desk.read_cosignatures(size):
        try:
            lines += [s for s in parse_note(f"x\n\n{line}").signatures if s not in lines]
        except Malformed:  # a row that somebody altered says nothing; fsck names it
            continue
    return format_note(Note(parsed.text, tuple(lines)))
