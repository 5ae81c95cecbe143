"""Anchor, then sign: nobody outside sees a size before its anchor (log.md §2.5, §2.6).

The signer is an argument and not trusted: what it returns is verified under the keys that the ledger's own entries name; it has
two seconds; and while a call of it hangs, no second one is made. A crash between anchor and signature: the next start signs.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.errors import Fault, LedgerError
from ledger.note import MLDSA44_COSIGNATURE, CheckpointSigner, Vkey, cosigned_at, parse_note, parse_vkey
from ledger.state import State
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.position import Position

SIGN_SECONDS = 2.0


def unavailable(detail: str) -> Fault:
    """No signature is to be had; what was committed is signed once the key is back."""
    return Fault(
        "log-key-unavailable", "unknown", detail, "bring the log's key back; then send the same statement again"
    )


Pairs = Callable[[], Sequence[CheckpointSigner]]
"""Every pair of the log's keys that is at hand now; asked again where the ledger names one that was not there before."""


class Publisher:
    """Signs the log's checkpoints. `signed_at`: seconds since 1970 of the newest signature; it never falls, and is never 0."""

    def __init__(self, anchor: Anchor, pairs: Pairs, *, local: bool) -> None:
        self.anchor, self._pairs, self._local = anchor, pairs, local
        self._signers = tuple(pairs())
        self._pending: threading.Thread | None = None
        self.signed_at = 1

    @property
    def vkeys(self) -> tuple[Vkey, ...]:
        """The verifier keys of every pair at hand."""
        return tuple(vkey for signer in self._signers for vkey in signer.vkeys)

    def lacking(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Which of these verifier keys no pair at hand signs for; pairs are looked for anew. Raises `Fault`."""
        here = {str(v) for signer in self._asked_again() for v in signer.vkeys}
        return tuple(v for v in wanted if v not in here)

    def remember(self, note: str) -> None:
        """Never sign for an earlier time than a stored note of ours says. A note that does not verify says nothing."""
        quantum = {(v.name, v.key_id): v for v in self.vkeys if v.kind == MLDSA44_COSIGNATURE}
        try:
            open_checkpoint(note, self.vkeys)
            lines = [s for s in parse_note(note).signatures if (s.name, s.key_id) in quantum]
            times = [cosigned_at(quantum[s.name, s.key_id], s.signature) for s in lines]
            self.signed_at = max(self.signed_at, *times)
        except LedgerError:  # fsck names it
            return

    def publish(self, position: Position, at: float) -> str:
        """Anchor a committed position, and return its note of time `at` (seconds). Raises `Fault`."""
        self.anchor.raise_to(position.head)
        return self.sign(position, at)

    def sign(self, position: Position, at: float) -> str:
        """The note of an anchored position. Raises `Fault` `log-key-unavailable`."""
        return self.sign_head(position.state, position.head, at)

    def sign_head(self, state: State, head: AnchoredHead, at: float) -> str:
        """The note of a head of this log that is anchored, or lies before the anchor, by the keys in force. Raises `Fault`."""
        first, *overlapping = self._in_force(frozenset(state.get("meta", "vkeys") or ()))
        checkpoint, moment = Checkpoint(head.origin, head.size, head.root), max(self.signed_at, int(at))
        note = self._within(lambda: sign_checkpoint(checkpoint, first, moment, *overlapping))
        self.signed_at = moment
        return note

    def _in_force(self, wanted: frozenset[str]) -> list[CheckpointSigner]:
        """The pairs that the ledger names, all of them: a checkpoint with one of two is none. Raises `Fault`."""
        for again in (False, True):
            if again:  # a rotation names keys that were brought since: no restart is needed for them
                self._signers = self._asked_again()
            found = [s for s in self._signers if wanted.issuperset(map(str, s.vkeys))]
            if found and {str(v) for s in found for v in s.vkeys} == wanted:
                return found
        absent = sorted(wanted - {str(v) for v in self.vkeys})
        ids = ", ".join(parse_vkey(v).key_id.hex() for v in absent)
        raise unavailable(f"not all keys that the ledger names are at hand: {ids or 'none is named'}")

    def _asked_again(self) -> tuple[CheckpointSigner, ...]:
        try:
            return tuple(self._pairs())
        except LedgerError as err:
            raise unavailable(err.detail if isinstance(err, Fault) else str(err)) from err

    def _within(self, work: Callable[[], str]) -> str:
        """Run the signer for two seconds at most. Keys in our own memory cannot hang, and get no thread."""
        try:
            return work() if self._local else self._aside(work)
        except TimeoutError:
            raise unavailable(f"the signer did not answer within {SIGN_SECONDS:.0f} s") from None
        except Exception as err:  # whatever a foreign signer raises: it gave no signature that holds
            raise unavailable(err.detail if isinstance(err, Fault) else type(err).__name__) from err

    def _aside(self, work: Callable[[], str]) -> str:
        if self._pending is not None and self._pending.is_alive():
            raise unavailable("the signer has not answered an earlier request")
        answer: Future[str] = Future()

        def run() -> None:
            try:
                answer.set_result(work())
            except BaseException as err:  # noqa: BLE001  # handed to the waiting thread, which raises it
                answer.set_exception(err)

        self._pending = threading.Thread(target=run, name="log signer", daemon=True)
        self._pending.start()
        return answer.result(SIGN_SECONDS)
