"""Run the service: uvicorn on loopback, bounded headers, ten seconds to drain on SIGTERM; `--export` keeps tiles current."""

import signal
import sys
from pathlib import Path

import uvicorn

from api.app import create_app
from api.connection import Connection
from api.exporter import Exporter
from api.wiring import Ledger, open_ledger


def server_config(ledger: Ledger, host: str, port: int) -> uvicorn.Config:
    """How the application is served: bounded connections, ten seconds to drain."""
    return uvicorn.Config(
        create_app(ledger),
        host=host,
        port=port,
        http=Connection,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        lifespan="off",
    )


def _warn(text: str) -> None:
    sys.stderr.write(text + "\n")


def serve(folder: Path, host: str, port: int, export_to: Path | None = None, *, confirm_clock: bool = False) -> None:
    """Open the ledger and serve it until SIGTERM or SIGINT. Raises `Fault`, `clock-unconfirmed` among others."""
    # The appender waits for the interpreter after each commit: at the default 5 ms a busy event loop would starve it.
    sys.setswitchinterval(0.0005)
    ledger = open_ledger(folder, confirm_clock=confirm_clock, read_only=True, say=_warn)
    stopped = ledger.appender.stopped
    if stopped is not None and stopped.code == "clock-unconfirmed":
        ledger.close()
        raise stopped
    if stopped is not None:
        _warn(f"READ-ONLY: {stopped.code}: {stopped.detail}; {stopped.remedy}")
    # uvicorn drains, then raises the signal again for whoever stood before it: we only want to go on and close.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    exporter = Exporter(ledger, export_to, _warn) if export_to is not None else None
    try:
        uvicorn.Server(server_config(ledger, host, port)).run()
    finally:
        if exporter is not None:
            exporter.close()
        ledger.close()
