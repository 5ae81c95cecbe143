"""What is timed below the door: commits and signatures, so that the rooms below know nothing of metrics."""

import time
from collections.abc import Callable

from ledger.note import CheckpointSigner, NoteSignature, TreeHead
from ledger.store.desk import Desk
from ledger.store.rows import Batch, Committed

Observe = Callable[[str, float], None]


class MeasuredDesk(Desk):
    """A desk that times its commits; what was not committed is not counted."""

    def __init__(self, url: str, observe: Observe, *, revive: Callable[[], None] | None = None) -> None:
        self._observe = observe
        super().__init__(url, revive=revive)

    def append(self, batch: Batch) -> Committed | None:
        """As `Desk.append`."""
        started = time.perf_counter()
        committed = super().append(batch)
        if committed is not None:
            self._observe("append_seconds", time.perf_counter() - started)
            self._observe("batch_entries", len(batch.rows))
        return committed


class MeasuredSigner:
    """The log's signer, timed."""

    def __init__(self, signer: CheckpointSigner, observe: Observe) -> None:
        self._signer, self._observe = signer, observe
        self.vkeys = signer.vkeys

    def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        """As the signer's own."""
        started = time.perf_counter()
        lines = self._signer.sign(text, head, timestamp)
        self._observe("signer_seconds", time.perf_counter() - started)
        return lines
