"""`serve --export DIR`: a thread that keeps an export current. An error is said and tried again; the service goes on (F04)."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from api.exporting import Export
from api.wiring import Ledger
from ledger.errors import LedgerError

EXPORT_SECONDS = 5.0
CLOSE_SECONDS = 10.0
SHARE = 9.0
"""It rests nine times as long as it worked."""


class Exporter:
    """Brings the folder to the newest checkpoint every few seconds: a restore then has something to import."""

    def __init__(
        self, ledger: Ledger, folder: Path, say: Callable[[str], None], *, every: float = EXPORT_SECONDS
    ) -> None:
        self._ledger, self._folder, self._say, self._every = ledger, folder, say, every
        self._stop = threading.Event()
        self.size = 0
        self.trouble: str | None = None
        self._export: Export | None = None
        self._thread = threading.Thread(target=self._run, name="exporter", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = self._every
        while True:
            last = self._stop.wait(pause)
            began = time.monotonic()
            if self._ledger.appender.published[0]:
                self._bring()
            # Claims of many models take a while: the export may fall behind, the service may not.
            pause = max(self._every, SHARE * (time.monotonic() - began))
            if last:
                return

    def _bring(self) -> None:
        try:
            if self._export is None:
                self._export = Export(self._ledger, self._folder, keep=True)
            self.size = self._export.bring()
        except (OSError, LedgerError) as err:
            trouble = str(err)
        except Exception as err:  # noqa: BLE001  # the thread's outermost door: a defect here must not end the export for good
            trouble = type(err).__name__
        else:
            if self.trouble is not None:
                self._say(f"export: {self._folder} is current again, at size {self.size}")
            self.trouble = None
            return
        if trouble != self.trouble:
            self._say(f"export: {self._folder} stays behind at size {self.size}: {trouble}")
        self.trouble = trouble

    def close(self) -> None:
        """Write what is left, within the time that a service has to drain; what is not written then, the next start writes."""
        self._stop.set()
        self._thread.join(CLOSE_SECONDS)
