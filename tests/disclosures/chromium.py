"""A page in real Chromium, spoken to over the DevTools pipe: no port, no driver, no dependency."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from spec.verifier import TARGET

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--remote-debugging-pipe",
)  # fmt: skip
WITHOUT_ML_DSA = "--disable-features=WebCryptoPQC"
"""An engine as others still are: ML-DSA is no algorithm of its WebCrypto."""
PATIENCE = 60.0


class Chromium:
    """One browser with one page. `events` holds what it told unasked, in order; `folder` is its own, for files to choose."""

    def __init__(self, profile: Path, *flags: str) -> None:
        assert PROGRAM is not None
        self.folder = profile
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_in, theirs_out)]
        script = f'exec "$@" 3<&{high[0]} 4>&{high[1]}'
        command = ["bash", "-c", script, "bash", PROGRAM, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=high, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (theirs_in, theirs_out, *high):
            os.close(fd)
        self._in, self._out, self._rest, self._last = ours_in, ours_out, b"", 0
        self.events: list[dict[str, Any]] = []
        self.session: str | None = None
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(self._in, 65536) if ready else b""
            if not chunk:
                raise TimeoutError("Chromium said nothing more")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def call(self, method: str, **params: Any) -> Any:
        """One command and its answer."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            said = self._read()
            if said.get("id") == self._last:
                assert "error" not in said, said
                return said["result"]
            self.events.append(said)

    def open(self, file: Path) -> None:
        """Load a file from disk, whole."""
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri())
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self._read())

    def run(self, expression: str) -> Any:
        """The value of an expression in the page, awaited."""
        told = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def choose(self, selector: str, content: bytes | None) -> None:
        """Choose a file of this content as a reader does, or none."""
        if content is None:
            self.run(f"document.querySelector({json.dumps(selector)}).value = ''")
            return
        file = self.folder / selector.strip("#")
        file.write_bytes(content)
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def close(self) -> None:
        """End the browser that this object started."""
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (TimeoutError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self._in)
        os.close(self._out)


def bundle_verdict(page: Chromium, raw: bytes, pin: bytes | None) -> dict[str, Any]:
    """What `verify.html` says of a bundle's bytes under a trust file's: `{"verdict": …, "codes": […]}`, the codes in order of
    the checks that do not hold. By the page's own inputs and button, as a reader does it; the page is opened where it is not.
    """
    if page.run("location.href") != TARGET.as_uri():
        page.open(TARGET)
    page.choose("#file", raw)
    page.choose("#pin", pin)
    page.choose("#entry", None)
    told = page.run(
        "show().then(r => [r.verdict, r.details.map(c => c.code), document.getElementById('word').textContent])"
    )
    verdict, codes, word = told
    assert word.split(" ")[0] == verdict
    return {"verdict": verdict, "codes": [code for code in codes if code != "ok"]}
