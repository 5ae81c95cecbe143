"""access.md §10 (c): for every role and event type, allowed exactly where the table of §2 says so.

The table stands here as it stands in the design, abbreviations and all, and everything below is generated from it. Where the
design lies beside the checkout, the two are compared.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.admit import Admitted, Submission, admit, open_submission
from ledger.event import Body
from ledger.events import key
from ledger.keys import KeyRecord, Signer
from ledger.reasons import Reason, Refused
from ledger.registry import BODIES, BY_NAME
from ledger.replay import Replay
from ledger.state import State
from ledger.trust import Grant, KeyLife, Principal
from policies.rules import RULES
from projections.decode import Decoder
from tests.vectors.told import ADVISED, LATER, RSP, Told, signer, to_the_end, unsealed

DESIGN = Path(__file__).resolve().parents[2] / "../shared/design/access.md"
TABLE = {
    "evaluator": "`evaluation.preregistered` `.recorded` `.amended` `.invalidated`, `model.compute-reached`",
    "attester": "`safeguard.attested` `.degraded` `.withdrawn`",
    "assessor": "`model.registered`, `threshold.determined` (judgement), `reassessment.triggered`, `recommendation.issued`, `document.submitted`",
    "deployer": "`action.requested`, `body.informed`, `deployment.*`, `training.*`",
    "approver": "`approval.given` `.refused` `.withdrawn`, `document.confirmed`",
    "decider": "`decision.made`, `interim.approved`, `exception.invoked` (two signatures each, but `decision.made`: its approvals)",
    "responder": "`incident.*`, `obligation.*`, `concern.*`",
    "discloser": "`disclosure.made`, `disclosure.erased`, `document.published` (each with a second `discloser`'s signature)",
    "framework-admin": "`framework.*` (quorum 2)",
    "key-admin": "`principal.*`, `key.*`, `role.*` (quorum 2, but `key.revoked` without taint: one; never its own grant), `token.*` (one)",
    "engine": "`threshold.determined` (by rule), `gate.evaluated`, `model.referenced`, `index.committed` (derived or recomputed), `framework.source-drifted`; services only",
    "auditor": "`replay.performed`",
}
BEYOND = {"break-glass.reviewed": "key-admin", "threshold.retracted": "engine"}
"""Types that the design's table does not list (docs/adr/0008)."""
ROOT = {
    "entry.suppressed", "ledger.frozen", "ledger.restored", "log.rotated", "root.rotated", "rules.adopted",
}  # fmt: skip
"""The root quorum alone (access.md §4)."""
NOBODY = {"ledger.founded", *ROOT}
"""Nobody by a role: entry 0 by the keys that it lists, the others by the root."""
DERIVED = {"gate.evaluated", "index.committed", "model.referenced", "threshold.retracted"}
TWO = {
    "framework-admin": {"framework"}, "key-admin": {"principal", "key", "role", "break-glass"}, "decider": {"interim", "exception"},
    "discloser": {"disclosure", "document"},
}  # fmt: skip
"""Families that take two signatures, from the same rows."""
ONE = {"key.revoked", "framework.source-drifted"}
"""But these: a key is stopped at once, and a changed document is a thing that is seen, not a thing that is decided."""


def types_of(cell: str) -> set[str]:
    """The registered event types that a cell of the table names."""
    found: set[str] = set()
    family = ""
    for word in re.findall(r"`([a-z.*-]+)`", cell):
        name = f"{family}{word}" if word.startswith(".") else word
        family = name.split(".", maxsplit=1)[0]
        found |= {n for n in BY_NAME if n == name or (name.endswith(".*") and n.startswith(name[:-1]))}
    return found


ALLOWED = {(role, name) for role, cell in TABLE.items() for name in types_of(cell)} | {
    (r, n) for n, r in BEYOND.items()
}
PAIRS = [(role, name) for role in TABLE for name in sorted(BY_NAME)]


def test_the_table_is_the_design_s() -> None:
    if not DESIGN.exists():
        pytest.skip("no ../shared/design beside this checkout")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|", DESIGN.read_text().split("## 3.")[0], re.MULTILINE))
    assert {role: rows.get(role) for role in TABLE} == TABLE


def test_every_type_has_its_row() -> None:
    assert {name for _, name in ALLOWED} | NOBODY == set(BY_NAME)
    roles = msgspec.structs.fields(BY_NAME["role.granted"])
    (declared,) = [f.type for f in roles if f.name == "role"]
    assert sorted(declared.__args__) == sorted(TABLE)


@pytest.mark.parametrize("body", BODIES, ids=lambda b: b.event.name)
def test_the_registry_declares_what_the_table_says(body: type[Body]) -> None:
    said = body.event
    mine = {role for role, name in ALLOWED if name == said.name}
    if said.name == "threshold.determined":
        assert mine == {"assessor", "engine"}  # by whom, and by rule: the rule-made one is refused at the door
        mine = {"assessor"}
    assert set(said.roles) == mine
    family = said.name.split(".")[0]
    two = any(family in TWO.get(role, ()) for role in mine) and said.name not in ONE
    assert said.quorum == (2 if two else 1)
    assert said.derived == (said.name in DERIVED)


@lru_cache(maxsize=1)
def history() -> tuple[Told, dict[str, tuple[int, Any]], dict[int, State]]:
    """The told history; the first submitted event of each type; the state just before it."""
    lab = to_the_end()
    decoder, first = Decoder(), {}
    for index, raw in enumerate(lab.entries):
        event = decoder.decode(index, raw)
        if event.name not in first and getattr(event.body, "made", "role") == "role":
            first[event.name] = (index, event)
    before: dict[int, State] = {}
    replay = Replay(RULES)
    wanted = {index for index, _ in first.values()}
    for index, raw in enumerate(lab.entries):
        if index in wanted:
            before[index] = replay.state
            replay.state = replay.state.layer()
        replay.step(raw)
    return lab, first, before


def attempt(role: str, name: str) -> Admitted | Refused:
    """The very event of the history, said instead by two principals that hold `role` and nothing else."""
    lab, first, states = history()
    index, event = first[name]
    state = states[index].layer()
    kind = "service" if role == "engine" else "person"
    own: list[Signer] = [signer(f"{role} {n}") for n in (1, 2)]
    for s in own:
        state.put("principal", s.keyid, Principal(kind, "unit", operates=False, index=0))
        state.put("key", s.keyid, KeyLife(KeyRecord(s.keyid, s.spki, s.alg, "event", s.keyid), 0))
        grant = Grant(role, ("ledger", *LATER), ("external_deploy",), None, 0)
        state.put("role", f"{s.keyid}|{role}", grant)
        for bound in (f"{RSP}|CEO", f"{RSP}|RSO", f"{ADVISED}|ADVISERS"):  # what a pack asks is not the question here
            state.put("packrole", f"{bound}|{s.keyid}", grant)
    by = list(own)
    body = unsealed(msgspec.to_builtins(event.body))
    if isinstance(event.body, key.Registered):
        fresh = next(k for k in lab.keys.values() if k.keyid == event.body.keyid)
        by.append(fresh)
    elif event.type.quorum == 1 and name != "key.revoked":
        by = own[:1]
    lab.time = event.recorded_at
    envelope = lab.write(name, body, event.stream, by, subject=event.subject)
    opened = open_submission(envelope, lambda k: None if (life := state.get("key", k)) is None else life.record)
    assert isinstance(opened, Submission), opened
    return admit(state, index, event.recorded_at, opened, RULES)


@pytest.mark.parametrize(("role", "name"), PAIRS)
def test_allowed_exactly_where_the_table_says_so(role: str, name: str) -> None:
    answer = attempt(role, name)
    reason = answer.reason if isinstance(answer, Refused) else None
    if name in NOBODY:
        assert reason is not None
    elif name in DERIVED:
        assert reason is Reason.DERIVED_TYPE
    elif name == "approval.withdrawn" and role == "approver":
        assert reason is Reason.APPROVAL_UNKNOWN, "only its author takes an approval back"
    elif (role, name) in ALLOWED and (role, name) != ("engine", "threshold.determined"):
        assert isinstance(answer, Admitted), answer
    else:
        assert reason is Reason.ROLE_MISSING, answer
