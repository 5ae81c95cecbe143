"""`holdpoint witness`: a small witness that anyone can run, for any C2SP log (spec/witness.md).

The newest checkpoint of each log lies in `<hex SHA-256 of the origin>/checkpoint` below the witness's folder. It is compared and
replaced under one lock and synced before a signature leaves: a kill at any moment leaves the old checkpoint or the new one, and
what was never answered may be asked again. A second process on the same folder is refused: two would cosign two histories.
"""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import uvicorn

from api.folder_lock import lock_folder
from api.handing_over import write_synced
from api.keyring import load_cosigner, new_cosigner
from api.showing import sync_folder
from auditor.witness import MAX_BODY, Refusal, judge, parse_request
from ledger.checkpoint import Checkpoint, read_checkpoint
from ledger.cosigner import Cosigner
from ledger.errors import LedgerError
from ledger.note import Note, Vkey, decode_note, format_note

Answer = tuple[int, str, str]
"""Status, media type, body."""
TEXT = "text/plain; charset=utf-8"
READ_SECONDS = 10.0


class Witness:
    """The state of one witness. Thread-safe. Raises `Fault` `folder-in-use`, and what the key files say."""

    def __init__(
        self, folder: Path, name: str, logs: Sequence[Vkey], *, now: Callable[[], int] = lambda: int(time.time())
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        remedy = "stop that one: two would cosign two histories"
        self._lock_file = lock_folder(folder, f"another witness runs on {folder}", remedy)
        self._folder, self._now = folder, now
        self.cosigner: Cosigner = (
            load_cosigner(folder, name) if (folder / "witness-ed25519.pem").exists() else new_cosigner(folder, name)
        )
        self._keys: dict[str, tuple[Vkey, ...]] = {}
        for vkey in logs:
            self._keys[vkey.name] = (*self._keys.get(vkey.name, ()), vkey)
        self._lock = threading.Lock()

    def add_checkpoint(self, raw: bytes) -> Answer:
        """The answer to one request; a 200 is given only once the checkpoint is on disk."""
        try:
            request = parse_request(raw)
        except LedgerError as err:
            return 400, TEXT, f"{err}\n"
        with self._lock:  # the comparison and the replacement are one step
            origin = request.checkpoint.origin
            try:
                last = self._last(origin)
            except (OSError, LedgerError):
                return 500, TEXT, "what was cosigned last can't be read, so nothing is cosigned\n"
            refusal = judge(request, self._keys.get(origin), last)
            if isinstance(refusal, Refusal):
                return refusal.status, refusal.media_type, refusal.body
            lines = self.cosigner.cosign(request.note.text, request.checkpoint, self._now())
            known = {(k.name, k.key_id) for k in self._keys[origin]}
            own = tuple(s for s in request.note.signatures if (s.name, s.key_id) in known)
            try:
                self._keep(origin, format_note(Note(request.note.text, (*own, *lines))).encode())
            except OSError as err:  # a full disk, a bad one: what may not be on disk is not cosigned
                return 503, TEXT, f"it could not be kept, so it is not cosigned: {err.strerror}\n"
            # A crash here leaves a checkpoint kept that nobody has a signature of: asked again with its size, it is given.
        return 200, TEXT, format_note(Note(request.note.text, lines)).partition("\n\n")[2]

    def _keep(self, origin: str, note: bytes) -> None:
        """The file, and the folder that names it, are on disk when this returns: a power cut takes nothing back."""
        path = self._path(origin)
        write_synced(path, note, mode=0o600)
        for folder in (path.parent, self._folder):
            sync_folder(folder)

    def _path(self, origin: str) -> Path:
        return self._folder / sha256(origin.encode()).hexdigest() / "checkpoint"

    def _last(self, origin: str) -> Checkpoint | None:
        try:
            return read_checkpoint(decode_note(self._path(origin).read_bytes()))[0]
        except FileNotFoundError:
            return None

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._lock_file)


Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class WitnessApp:
    """The protocol over HTTP as a bare ASGI application: one route, bodies bounded in size and time."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] != "/add-checkpoint":
            answer: Answer = (404, TEXT, "POST /add-checkpoint is all there is\n")
        elif scope["method"] != "POST":
            answer = (405, TEXT, "POST\n")
        else:
            answer = await self._add(receive)
        status, media_type, body = answer
        raw = body.encode()
        headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(raw)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": raw})

    async def _add(self, receive: Receive) -> Answer:
        body = b""
        more = True
        try:
            async with asyncio.timeout(READ_SECONDS):
                while more:
                    message = await receive()
                    body += message.get("body", b"")
                    more = bool(message.get("more_body")) and message["type"] == "http.request"
                    if len(body) > MAX_BODY:
                        return 413, TEXT, f"at most {MAX_BODY} bytes\n"
        except TimeoutError:
            return 408, TEXT, "the body did not arrive in time\n"
        return await asyncio.get_running_loop().run_in_executor(None, self._witness.add_checkpoint, body)


def run_witness(witness: Witness, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(WitnessApp(witness), lifespan="off", access_log=False, log_level="warning")
    ready()
    uvicorn.Server(config).run(sockets=[listening])
