"""Run the service: uvicorn on loopback, bounded headers, ten seconds to drain on SIGTERM; `--export` keeps tiles current."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn

from api.app import create_app
from api.connection import Connection
from api.cosigning import Cosigning, witness_transport
from api.exporter import Exporter
from api.lines import Lines, gather
from api.projecting import Projecting
from api.verifying import Verifiers
from api.wiring import Ledger, open_ledger
from auditor.witness_policy import WitnessPolicy
from ledger.errors import Fault


class Server(uvicorn.Server):
    """uvicorn's server; the verifiers start beside it (until then it checks by itself), and end after the last answer."""

    def __init__(self, config: uvicorn.Config, verifiers: Verifiers) -> None:
        super().__init__(config)
        self._verifiers = verifiers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start."""
        self._opening = asyncio.ensure_future(self._verifiers.open())  # kept: a task that nobody holds may be collected
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop."""
        await super().shutdown(sockets)
        self._verifiers.close()


def server_config(ledger: Ledger, host: str, port: int, verifiers: Verifiers | None = None) -> uvicorn.Config:
    """How the application is served: bounded connections, ten seconds to drain."""
    return uvicorn.Config(
        create_app(ledger, verifiers=verifiers),
        host=host,
        port=port,
        http=Connection,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        lifespan="off",
        proxy_headers=False,
    )


def _warn(text: str) -> None:
    sys.stderr.write(text + "\n")


def _folded(done: int, of: int) -> None:
    _warn(f"folded {done} of {of} entries")


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens on the address: taken before the ledger is opened, so that a taken one costs nothing.

    Who connects before the ledger is open waits. Raises `Fault` `address-taken`.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except OSError as err:
        sock.close()
        detail = f"{host}:{port}: {err.strerror}"
        raise Fault("address-taken", "failed", detail, "stop what listens there, or choose --host and --port") from err
    return sock


def serve(
    folder: Path,
    host: str,
    port: int,
    export_to: Path | None = None,
    *,
    confirm_clock: bool = False,
    policy: WitnessPolicy | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Open the ledger and serve it until SIGTERM or SIGINT; `ready` is called in between.

    Raises `Fault`: `address-taken`, `clock-unconfirmed`, and those of `open_ledger`.
    """
    with bound(host, port) as listening:
        _serve(folder, listening, export_to, policy, confirm_clock=confirm_clock, ready=ready)


def _serve(
    folder: Path,
    listening: socket.socket,
    export_to: Path | None,
    policy: WitnessPolicy | None,
    *,
    confirm_clock: bool,
    ready: Callable[[], None],
) -> None:
    # The appender waits for the interpreter after each commit: at the default 5 ms a busy event loop would starve it.
    sys.setswitchinterval(0.0005)
    gather(Lines())
    ledger = open_ledger(
        folder, confirm_clock=confirm_clock, read_only=True, policy=policy, say=_warn, progress=_folded
    )
    # What was folded stays: the collector need not walk it again and again, nor after every 700 objects of a request.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    _warn(f"database: {ledger.how}")
    stopped = ledger.appender.stopped
    if stopped is not None and stopped.code == "clock-unconfirmed":
        ledger.close()
        raise stopped
    if stopped is not None:
        _warn(f"READ-ONLY: {stopped.code}: {stopped.detail}; {stopped.remedy}")
    # uvicorn drains, then raises the signal again for whoever stood before it: we only want to go on and close.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    projecting = ledger.projecting = Projecting(ledger, _warn)
    exporter = Exporter(ledger, export_to, _warn) if export_to is not None else None
    told = ledger.witnessed
    cosigning = Cosigning(ledger, told, witness_transport, _warn) if told is not None else None
    try:
        verifiers = Verifiers(os.cpu_count() or 1, say=Lines().say)
        host, port = listening.getsockname()[:2]
        server = Server(server_config(ledger, host, port, verifiers), verifiers)
        ready()
        server.run(sockets=[listening])
    finally:
        if cosigning is not None:
            cosigning.close()
        if exporter is not None:
            exporter.close()
        projecting.close()
        ledger.close()
