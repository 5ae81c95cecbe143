"""A witness that answers one request and is killed at a step of it: `python -m tests.faults.witness_die_at STEP FOLDER`.

The request comes on standard input; who survives prints the answer. The steps are between the witness's own calls, wrapped from
outside: the product has no hook for tests.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api import handing_over
from api import witness as module
from tests.auditor.test_witness import LAB, NAME

STEPS = ("parse", "check", "sign", "write", "before-rename", "rename", "sync", "answer")
"""After parsing, judging, signing in memory, writing the new file; before and after its rename; folders synced; all but the answer."""
KEPT = STEPS.index("rename")


def main(step: str, folder: str) -> None:
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def then(name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            found = usual(*given, **named)
            if step == name:
                die()
            return found

        return call

    witness = module.Witness(Path(folder), NAME, LAB.log.vkeys)
    module.parse_request = then("parse", module.parse_request)
    module.judge = then("check", module.judge)
    witness.cosigner.cosign = then("sign", witness.cosigner.cosign)  # type: ignore[method-assign]
    module.write_synced = then("rename", module.write_synced)
    witness._keep = then("sync", witness._keep)  # type: ignore[method-assign]
    usual_fsync, usual_rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        """The first one is that of the file: written, not yet synced."""
        if step == "write":
            die()
        usual_fsync(descriptor)

    def rename(path: Path, target: Any) -> Path:
        if step == "before-rename":
            die()
        return usual_rename(path, target)

    handing_over.os.fsync = fsync  # type: ignore[attr-defined]
    Path.rename = rename  # type: ignore[method-assign]
    answer = then("answer", witness.add_checkpoint)(sys.stdin.buffer.read())
    sys.stdout.write(repr(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
