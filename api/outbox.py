"""Alarms on their way to a webhook: files, so that neither a crash nor a receiver that is down loses one or holds anything up.

A message lies in the outbox from before its alarm is forgotten until the receiver took it, under one id throughout: it may arrive
twice, and the id says so. The outbox is bounded in number and age; what it has to leave out is counted and said, and stands in
`alarms.jsonl` in any case.
"""

import base64
import json
import os
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from api.handing_over import write_synced
from api.webhook import Receiver, signed_headers
from ledger.errors import Fault

MOST: Final = 1000
DAYS: Final = 7
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 600.0
CLOSE_SECONDS: Final = 25.0


class Outbox:
    """Files `NUMBER-ID.json` of one folder, each the body of a message."""

    def __init__(self, folder: Path, now: Callable[[], int]) -> None:
        self._folder, self._now = folder, now
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.left_out = 0

    def put(self, body: dict[str, Any]) -> None:
        """Keep a message, whose `id` it carries. Beyond the bound it is left out: what came first says how it began."""
        waiting = self.waiting()
        if len(waiting) >= MOST:
            self.left_out += 1
            return
        number = 1 + (int(waiting[-1].name.split("-")[0]) if waiting else 0)
        write_synced(self._folder / f"{number:08d}-{body['id']}.json", json.dumps(body).encode(), mode=0o600)

    def waiting(self) -> list[Path]:
        """Messages that wait, the oldest first; those that are too old are dropped."""
        found: list[Path] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                old = path.stat().st_mtime < self._now() - 86_400 * DAYS
            except FileNotFoundError:  # taken while we looked
                continue
            if old:
                path.unlink(missing_ok=True)
                self.left_out += 1
            else:
                found.append(path)
        return found


class Courier:
    """Takes what waits to the receiver, in a thread of its own: whoever watches waits for nobody."""

    def __init__(self, outbox: Outbox, receiver: Receiver, secret: str, say: Callable[[str], None]) -> None:
        self._outbox, self._receiver, self._secret, self._say = outbox, receiver, secret, say
        self._stop, self._work = threading.Event(), threading.Event()
        self._said, self._lost = "", 0
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to take."""
        self._work.set()

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            stopping = self._stop.is_set()
            try:
                trouble = self._take()
            except Exception as err:  # noqa: BLE001  # the thread's outermost door: it must not end for good
                trouble = type(err).__name__
            if trouble != self._said and (trouble or self._said):
                self._say(f"webhook: {trouble or 'it answers again'}; {len(self._outbox.waiting())} alarms wait")
            self._said = trouble
            lost = self._outbox.left_out
            if lost != self._lost:
                self._say(f"webhook: {lost} alarms were left out so far; alarms.jsonl has them")
            self._lost = lost
            if stopping:
                return
            if trouble:  # new alarms don't shorten the pause: a receiver that is down is not asked at every look
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE
                self._work.wait()
            self._work.clear()

    def _take(self) -> str:
        """Send each in turn; what stopped it, in words."""
        for path in self._outbox.waiting():
            body = path.read_bytes()
            headers = signed_headers(self._secret, json.loads(body)["id"], body, int(time.time()))
            try:
                status = self._receiver.post(body, headers)
            except Fault as err:
                return f"{err.code}: {err.detail}"
            if not 200 <= status < 300:  # a redirect is no delivery, and is not followed
                return f"the receiver answers {status}"
            path.unlink(missing_ok=True)
        return ""

    def close(self) -> None:
        """One more try, and stop; what the receiver did not take waits for the next run."""
        self._stop.set()
        self._work.set()
        self._thread.join(CLOSE_SECONDS)


def message_of(event: dict[str, Any], at: str) -> dict[str, Any]:
    """A CloudEvents envelope: a hint to come and look, under an id that follows from what it says."""
    digest = sha256(json.dumps({**event, "time": at}, sort_keys=True).encode()).hexdigest()[:32]
    return {
        "data": event,
        "datacontenttype": "application/json",
        "id": f"msg_{digest}",
        "source": event["origin"] or event["place"],
        "specversion": "1.0",
        "time": at,
        "type": f"holdpoint.monitor.{event['code']}",
    }


def secret_in(path: Path) -> tuple[str, bool]:
    """The signing secret of a file, and whether it was made now. Raises `Fault` `webhook-secret`."""
    if not path.exists():
        secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
        write_synced(path, f"{secret}\n".encode(), mode=0o600)
        return secret, True
    try:
        if path.stat().st_mode & 0o077:
            raise Fault(
                "webhook-secret", "failed", f"{path} is readable by others", "chmod 600 it, and change the secret"
            )
        secret = path.read_text().strip()
        raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (OSError, ValueError) as err:
        raise Fault("webhook-secret", "failed", f"{path} holds no secret", "whsec_ and base64, in one line") from err
    if not secret.startswith("whsec_") or not 24 <= len(raw) <= 64:
        raise Fault("webhook-secret", "failed", f"{path}: 24 to 64 bytes behind whsec_", "remove it to have one made")
    return secret, False
