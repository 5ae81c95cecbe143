"""`verify --statement KEY --out FILE`: the auditor's own signed `replay.performed`, for `holdpoint event post` to bring in.

It names the ledger as the auditor's pin does, never as the file under test says.
"""

from typing import Any

from api.author import Audience, Written, draft_of
from auditor.pin import Pin
from auditor.verdict import Report
from ledger.errors import Fault
from ledger.events import replay
from ledger.keys import Signer
from policies.rules import RULES

STREAM = "disclosure/replays"
TOOL = "holdpoint verify 1"


def sign_replay(report: Report, pin: Pin | None, signer: Signer, at: str) -> Written:
    """The statement of what the verifier said, signed. Raises `Fault` `pin-missing`, `nothing-verified`."""
    if pin is None:
        raise Fault("pin-missing", "failed", "a statement says of which ledger it speaks", "give --pin FILE")
    if not report.root or report.origin != pin.origin:
        detail = "no tree of the pinned ledger was verified, so there is nothing to sign"
        raise Fault("nothing-verified", "failed", detail, "verify what is of that ledger, and can be read")
    body: dict[str, Any] = {
        "root": report.root.hex(), "rules": RULES.version, "size": report.size, "tool": TOOL,
        "verdict": report.verdict.value,
    }  # fmt: skip
    worst = next((c for c in report.checks if c.verdict is report.verdict and c.code != "ok"), None)
    if worst is not None:
        body["note"] = f"{worst.name}: {worst.code}"
    audience = Audience(pin.origin, pin.founding)
    return draft_of(replay.Performed, body, audience, STREAM, [signer.keyid], at).sign((signer,))
