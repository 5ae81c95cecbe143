"""A ledger founded in 2020 whose first withheld fields may be erased today, and whose later ones may not. Fictional throughout."""

from pathlib import Path

import pytest

from api.founding import admit_members, found
from api.session import Session
from api.wiring import wall_clock
from ledger.events import incident, model
from ledger.strict import shift

THEN = "2020-03-01T09:00:00.000000Z"
MODEL, INCIDENT = "model/fictional-old", "incident/2020-001"
NAME, SUMMARY, CAUSE = "Fictional Old One", "A fictional summary of 2020", "A fictional cause of today"


def found_long_ago(folder: Path) -> tuple[int, int, int]:
    """Founded in 2020, and gone on with today. The indexes of the registration, what was observed, and the resolution."""
    now = [THEN]
    ledger = found(folder, "dev/erasable", clock=lambda: now[0])
    try:
        admit_members(ledger)
        session = Session(ledger)
        subject = {"kind": "base", "subject": {"name": NAME, "weights": "sha256:" + "7" * 64}}
        registered = session.say(model.Registered, subject, MODEL, "assessor").index
        seen = {
            "first_at": shift(THEN, days=-1), "jurisdictions": ["eu"], "kind": "fictional", "models": [MODEL],
            "summary": SUMMARY, "surfaces": ["api"],
        }  # fmt: skip
        observed = session.say(incident.Observed, seen, INCIDENT, "responder")
        now[0] = wall_clock()
        over = {
            "corrective": ["fictional"], "incident": {"index": observed.index, "leaf": observed.leaf},
            "resolved_at": THEN, "root_cause": CAUSE,
        }  # fmt: skip
        resolved = session.say(incident.Resolved, over, INCIDENT, "responder").index
    finally:
        ledger.close()
    return registered, observed.index, resolved


@pytest.fixture(scope="session")
def old_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, closed."""
    folder = tmp_path_factory.mktemp("old") / "ledger"
    found_long_ago(folder)
    return folder
