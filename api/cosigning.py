"""Asking witnesses for cosignatures over our newest checkpoint (C2SP tlog-witness), and keeping what they answer.

A witness that stands at a larger size than we do, or that finds our tree no extension of what it cosigned, has seen another
history under our keys, or our log was set back: that is said aloud (T41, T47). Nothing here waits for a commit, and no commit
waits for it.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

from api.handing_over import write_synced
from api.transport import HttpTransport, Transport
from api.wiring import Ledger
from api.witnessed import ALARMS, FILE, Asked, Witnessed, format_answers, with_lines
from auditor.witness_policy import Witness, WitnessPolicy
from ledger.checkpoint import read_checkpoint
from ledger.errors import Fault, LedgerError
from ledger.note import Note, Vkey, format_note, parse_note, verified_keys
from ledger.strict import format_base64, parse_uint
from ledger.tile import TileReader
from ledger.tree import prove_consistency

PATH = "/add-checkpoint"
MAX_ANSWER = 1 << 18
TRIES = 4
TIMEOUT_SECONDS = 10.0
CLOSE_SECONDS = 5.0
AGAIN_SECONDS = 1.0
"""After a witness that did not answer, where appends wait for the quorum: no witness is asked at the rate of commits."""
Connect = Callable[[str], Transport]
Places = Mapping[str, Sequence[tuple[str, Witness]]]


def witness_transport(url: str) -> Transport:
    """How a witness is spoken to: bounded in time and size, no redirect, no credential."""
    return HttpTransport(url, timeout=TIMEOUT_SECONDS, max_answer=MAX_ANSWER)


def _places(policy: WitnessPolicy) -> tuple[Places, list[Asked]]:
    """Whom to ask by URL: two keys at one URL are one witness. And those that can't be asked."""
    places: dict[str, list[tuple[str, Witness]]] = {}
    silent: list[Asked] = []
    for name, witness in sorted(policy.witnesses.items()):
        shown = name.decode("utf-8", "backslashreplace")
        if witness.url is None:
            silent.append(Asked(shown, "no-url", "the policy gives no address for it"))
        else:
            places.setdefault(witness.url, []).append((shown, witness))
    return places, silent


def _named(found: Sequence[tuple[str, Witness]]) -> str:
    return ", ".join(name for name, _ in found)


def asked_in(policy: WitnessPolicy) -> list[str]:
    """The names under which the answers of a policy's witnesses are kept, of those that can be asked."""
    return [_named(found) for found in _places(policy)[0].values()]


def ask_witnesses(ledger: Ledger, policy: WitnessPolicy, connect: Connect) -> list[Asked]:
    """Ask each witness of the policy that has a URL, once; what it cosigned is kept."""
    if ledger.appender.published[0] == 0:
        raise Fault("empty", "failed", "the ledger holds no entries", "record something first")
    places, answers = _places(policy)
    for url, found in places.items():
        answers.append(ask_one(ledger, url, found, connect))
    return answers


def ask_one(ledger: Ledger, url: str, found: Sequence[tuple[str, Witness]], connect: Connect) -> Asked:
    """Ask the witness at a URL, once. Its answer is counted, and kept for `doctor`. Whatever it does is an answer."""
    names = _named(found)
    try:
        transport = connect(url)
        try:
            asked = _ask(ledger, names, [w.vkey for _, w in found], transport)
        finally:
            transport.close()
    except LedgerError as err:
        asked = Asked(names, "unreachable", str(err))
    ledger.measures.witness(names, asked.status)
    told = ledger.witnessed
    if told is not None:
        if asked.status == "cosigned":
            told.arrived()
        told.look(ledger.appender.published[0])
        with told.writing:  # each witness has a thread of its own
            if told.answered(asked, ledger.now()) or asked.status in ALARMS:
                write_synced(ledger.folder / FILE, format_answers(list(told.answers.values())), mode=0o600)
    return asked


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
        text = format_note(Note("", (line,))).removeprefix("\n")
        ledger.appender.keep_cosignature(size, note, _label(vkey), text)
    return Asked(names, "cosigned", f"size {size}, {len(held)} of {len(vkeys)} keys")


class Cosigning:
    """`serve` with a witness policy: asks while the log grows, on a slower clock than commits; an error is said and tried again.

    Each witness has a thread of its own: one that hangs delays no other. Where appends wait for the quorum, a commit wakes them.
    """

    def __init__(self, ledger: Ledger, told: Witnessed, connect: Connect, say: Callable[[str], None]) -> None:
        self._ledger, self._told, self._connect, self._say = ledger, told, connect, say
        self._stopping = threading.Event()
        places, _ = _places(told.policy)
        self._wakes = [threading.Event() for _ in places]
        self._threads = [
            threading.Thread(target=self._run, args=(url, found, wake), name=f"cosigning {url}", daemon=True)
            for (url, found), wake in zip(places.items(), self._wakes, strict=True)
        ]
        for wake, thread in zip(self._wakes, self._threads, strict=True):
            if told.require:
                ledger.appender.watch(wake)
            thread.start()

    def _run(self, url: str, found: Sequence[tuple[str, Witness]], wake: threading.Event) -> None:
        size, said, pause = 0, "", 0.0 if self._told.require else self._told.every
        while not self._stopping.is_set():
            wake.wait(pause)
            wake.clear()
            published = self._ledger.appender.published[0]
            self._told.look(published)
            pause = self._told.every
            if self._stopping.is_set() or published in (0, size):
                continue
            try:
                asked = ask_one(self._ledger, url, found, self._connect)
            except Exception as err:  # noqa: BLE001  # the thread's outermost door: it must not end for good
                asked = Asked(url, "unreachable", type(err).__name__)
            if asked.status == "cosigned":
                size, said = published, ""
                continue
            if asked.status != said:
                alarm = "ALARM: " if asked.status in ALARMS else ""
                self._say(f"{alarm}witness {asked.witness}: {asked.status}: {asked.detail}")
            said = asked.status
            if self._told.require:
                self._stopping.wait(AGAIN_SECONDS)
                wake.set()

    def close(self) -> None:
        """Stop asking; a request under way may end by itself."""
        self._stopping.set()
        for wake in self._wakes:
            wake.set()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS / len(self._threads))


def _label(vkey: Vkey) -> str:
    return f"{vkey.name}+{vkey.key_id.hex()}"


def cosigned_note(ledger: Ledger, size: int, note: str) -> str:
    """The note with the cosignatures that are kept for its size: those of its very text, each once."""
    lines = ledger.desk.read_cosignatures(size)
    return with_lines(note, lines) if ledger.witnessed is None else ledger.witnessed.with_lines(note, lines)
