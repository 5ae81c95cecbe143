"""The tables of a report: claims, decisions with their approvals, evaluations. Values are turned into text in one way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from ledger.canonical import dumps
from ledger.envelope import statement_digest
from ledger.events import approval, decision, evaluation, gate
from ledger.slots import is_hidden

LONGEST = 600
"""Characters of one cell; the whole text stands in the entry."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: paragraphs, facts (name, value), a table, points. `empty` is said where the table has no row."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    points: tuple[str, ...] = ()
    empty: str = ""


def cell(value: Any) -> str:
    """A JSON value as text: a reference as the entry that it names, nothing as a dash, what is long cut, saying so."""
    text = _text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (cut; the entry has it whole)"


def _text(value: Any) -> str:
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        named = _named(value)
        return named if isinstance(named, str) else dumps(named).decode()
    if isinstance(value, list | tuple):
        shown = [item for item in value if not is_hidden(item)]
        return ", ".join([*(apart(item, ", ") for item in shown), *_unshown(len(value) - len(shown))])
    return str(value)


def _unshown(count: int) -> tuple[str, ...]:
    """What is said of elements that stay hidden: how many places there are, never whether something is in one."""
    return (f"({count} withheld, or decoys)",) if count else ()


def _named(value: Any) -> Any:
    """The value with each reference in it as the entry that it names, and no digest of what is hidden."""
    if isinstance(value, Mapping):
        if set(value) == {"index", "leaf"}:
            return f"entry {value['index']}"
        return {name: _named(inner) for name, inner in value.items() if name != "_sd"}
    if isinstance(value, list | tuple):
        shown = [item for item in value if not is_hidden(item)]
        return [*map(_named, shown), *_unshown(len(value) - len(shown))]
    return value


def apart(value: Any, between: str) -> str:
    """A value among others: a text that holds what stands between them is quoted, so that it is not taken for two (T58)."""
    quoted = isinstance(value, str) and (between.strip() in value or value.startswith('"'))
    return dumps(value).decode() if quoted else _text(value)


def claim_sections(shown: Shown) -> tuple[Section, ...]:
    """What the bundle claims: decisions that stand, reports of incidents, the status of actions; of another kind as written."""
    claims = shown.claims.claims
    decisions = tuple(_decision_row(c) for c in claims if c.get("kind") == "decision")
    statuses = tuple(row for c in claims if c.get("kind") == "status" for row in _status_rows(c))
    incidents = tuple(_incident_row(c) for c in claims if c.get("kind") == "incident")
    others = tuple(cell(c) for c in claims if c.get("kind") not in ("decision", "incident", "status"))
    return (
        Section(
            key="claimed-decisions",
            title="Claimed: decisions that stand",
            lead=("Whoever verifies the bundle computes each claim anew from the entries that are shown.",),
            head=("Index", "Decision", "Basis", "Differs from the policy verdict", "Later entries", "Frameworks", "Recorded at"),
            rows=decisions,
            empty="No decision is claimed.",
        ),
        Section(
            key="claimed-incidents",
            title="Claimed: reports of incidents",
            head=("Index", "Incident", "Report", "Recipient", "Aware since", "Submitted at", "Fields missing", "Recorded at"),
            rows=incidents,
            empty="No report of an incident is claimed.",
        ),
        Section(
            key="claimed-status",
            title="Claimed: status of actions",
            head=("Action", "Clearance", "Policy verdict", "Why", "Conditions", "Decision", "Divergence"),
            rows=statuses,
            empty="No status is claimed.",
            points=others,
        ),
    )  # fmt: skip


def _decision_row(claim: Mapping[str, Any]) -> tuple[str, ...]:
    differs = cell(claim["divergent"]) if "divergent" in claim else "not claimed: the gate's answer is not shown"
    frameworks = claim.get("frameworks")
    named = (
        [f"{_text(f.get('id'))} ({_text(f.get('digest'))})" if isinstance(f, Mapping) else _text(f) for f in frameworks]
        if isinstance(frameworks, list)
        else frameworks
    )
    return (
        cell(claim.get("index")), cell(claim.get("decision")), cell(claim.get("basis")), differs,
        cell(claim.get("later")), cell(named), cell(claim.get("recorded_at")),
    )  # fmt: skip


def _incident_row(claim: Mapping[str, Any]) -> tuple[str, ...]:
    members = (
        "index",
        "incident",
        "report",
        "recipient",
        "awareness_at",
        "submitted_at",
        "fields_missing",
        "recorded_at",
    )
    return tuple(cell(claim.get(name)) for name in members)


def _status_rows(claim: Mapping[str, Any]) -> list[tuple[str, ...]]:
    actions = claim.get("actions")
    members = ("clearance", "verdict", "clearance_reasons", "conditions", "decision", "divergence")
    if not isinstance(actions, Mapping):
        return []
    return [
        (cell(name), *(cell(said.get(m) if isinstance(said, Mapping) else None) for m in members))
        for name, said in sorted(actions.items())
    ]


def decision_section(shown: Shown) -> Section:
    """Each shown decision: who signed it, which approvals it cites, and of these which are shown, by whom."""
    approvals = {statement_digest(e.envelope.payload): e for e in shown.entries if e.type == approval.Given.event.name}
    answers = {e.index: b for e in shown.entries if isinstance(b := e.statement.predicate.body, gate.Evaluated)}
    rows = [_decision(one, approvals, answers) for one in shown.entries if one.type == decision.Made.event.name]
    return Section(
        key="decisions",
        title="Decisions, and who stood for them",
        lead=("A decision is what people signed; the policy verdict is what the adopted frameworks ask for.",),
        head=("Index", "Stream", "Decision", "Basis", "Signed by", "Approvals", "Policy verdict", "Reason", "Recorded at"),
        rows=tuple(rows),
        empty="No decision is shown.",
    )  # fmt: skip


def _decision(
    one: ShownEntry, approvals: Mapping[str, ShownEntry], answers: Mapping[int, gate.Evaluated]
) -> tuple[str, ...]:
    body: decision.Made = one.statement.predicate.body
    given = [approvals[digest] for digest in body.approvals if digest in approvals]
    who = sorted({name for e in given for name in e.principals})
    quorum = f"{len(body.approvals)} cited, {len(given)} of them shown" + (f": {', '.join(who)}" if who else "")
    answer = answers.get(body.gate.index)
    verdict = "not shown" if answer is None else f"{answer.answer} (entry {body.gate.index})"
    reason = one.body.get("reason")
    return (
        str(one.index), one.stream, body.decision, body.basis, _signed_by(one), quorum, verdict,
        "withheld, or none given" if reason is None else cell(reason), one.recorded_at,
    )  # fmt: skip


def _signed_by(one: ShownEntry) -> str:
    return f"{', '.join(one.principals) or 'nobody known'} ({len(one.keyids)} of at least {one.kind.quorum})"


def evaluation_section(shown: Shown) -> Section:
    """Each shown evaluation with its scores where they are shown, and what was recorded about it since."""
    since: dict[int, list[str]] = {}
    for one in shown.entries:
        body = one.statement.predicate.body
        if isinstance(body, evaluation.Invalidated):
            since.setdefault(body.evaluation.index, []).append(f"invalidated by entry {one.index}")
        if isinstance(body, evaluation.Amended):
            since.setdefault(body.amends.index, []).append(f"amended by entry {one.index}")
    rows = tuple(
        _evaluation(one, since.get(one.index, ()))
        for one in shown.entries
        if one.type == evaluation.Recorded.event.name
    )
    return Section(
        key="evaluations",
        title="Evaluations",
        head=("Index", "Task", "Model as named", "Run ended", "Scores", "Independence", "Signed by", "Since"),
        rows=rows,
        empty="No evaluation is shown.",
    )


def _evaluation(one: ShownEntry, since: Sequence[str]) -> tuple[str, ...]:
    body: evaluation.Recorded = one.statement.predicate.body
    scores = one.body.get("scores")
    said = "withheld" if scores is None else _text([_score(s) for s in scores])
    named = one.body.get("model_as_named", "withheld")
    return (
        str(one.index), f"{body.task} ({body.task_version})", cell(named), body.status, cell(said),
        body.independence, _signed_by(one), ", ".join(since) or "–",
    )  # fmt: skip


def _score(item: Any) -> Any:
    if not isinstance(item, Mapping) or is_hidden(item):
        return item
    return f"{_text(item.get('scorer'))} {_text(item.get('name'))} = {_text(item.get('value'))}"
