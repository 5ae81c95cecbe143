"""`replay.performed`: an auditor ran the verifier over the ledger, and signs what it said."""

from ledger.event import Body, event
from ledger.fields import Digest, Hex32, Line, Name, Text, Version


@event("replay.performed", stream="disclosure", roles=("auditor",))
class Performed(Body, frozen=True):
    """The verdict over entries 0…size−1 under `root`; `tool` and `rules` say which verifier and which rules version."""

    root: Hex32
    rules: Line
    size: Version
    tool: Line
    verdict: Name
    claims_digest: Digest | None = None
    note: Text | None = None
