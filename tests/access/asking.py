"""Ask what admission says to a statement, without recording it."""

from collections.abc import Mapping
from typing import Any

from ledger.admit import Submission, admit, open_submission
from ledger.event import Body
from ledger.keys import Signer
from ledger.reasons import Refused
from policies.rules import RULES
from tests.simulator import Lab


def asked(
    lab: Lab, body_type: type[Body], body: Mapping[str, Any], stream: str, *by: str | Signer, **more: Any
) -> str | None:
    """The reason code that it would be refused for at the end of the log, now; `None` if it would be admitted."""
    written = lab.write(body_type, body, stream, *by, **more)
    opened = open_submission(written.envelope, lab.replay.lookup)
    if isinstance(opened, Submission):
        opened = admit(lab.replay.state, len(lab.entries), lab.time, opened, RULES)  # type: ignore[assignment]
    return opened.reason.value if isinstance(opened, Refused) else None
