"""`holdpoint serve` as a process: it folds the views, shows their lag, and SIGTERM ends it cleanly with the projector."""

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from api.wiring import opened
from projections.questions import QUESTIONS
from tests.projections.conftest import wait_until


def test_serve_runs_the_projector_and_ends_it(ledger_folder: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = [str(Path(sys.executable).parent / "holdpoint"), "serve", "--data", str(ledger_folder), "--port", str(port)]
    with (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=err)
    try:

        def get(path: str) -> str:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                    return answer.read().decode()
            except OSError:
                return ""

        def lags() -> dict[str, str]:
            lines = [x for x in get("/metrics").splitlines() if x.startswith("holdpoint_projection_lag_entries{")]
            return {x.split('"')[1]: x.rsplit(" ", 1)[1] for x in lines}

        wait_until(lambda: lags() == {p.title: "0.0" for p in QUESTIONS}, 60)
        assert '"projections":"ok"' in get("/readyz")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with opened(ledger_folder) as ledger:
        assert set(ledger.views.positions(*QUESTIONS).values()) == {ledger.appender.size}
    assert "projector:" not in (tmp_path / "err").read_text()
