"""`/models/{ref}`: one model, for whoever has to judge it: answers and why, what stands, decisions, incidents, duties, past."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from api.citing import Citing
from api.embargo import shown_incident
from api.life import FLAGS, MARKS, life_answer
from api.owed import Wanted, owed
from api.positions import parse_at
from api.problems import problem
from api.rendering import ledger_page
from api.routes.asked import After, At, Ref, ledger_of, past_of, readable
from api.routes.pages import answer_of
from api.standings import safeguards_of, thresholds_of
from api.why import why_of
from api.why_text import clauses_of
from api.wiring import View
from ledger.entry import read_entry
from ledger.events.model import Referenced
from ledger.registry import BY_TOPIC
from ledger.statement import parse_statement
from ledger.store.rows import Stored
from policies.answer import Request as Asked
from policies.binding import gated_actions
from policies.duty import WAITING
from policies.facts import Fact
from policies.incidents import incidents_of
from projections.carried_out import without_decision

STANDING = 25
"""Thresholds and attestations shown; the JSON behind the links has them all."""
GROUPS = 40
"""Groups of findings shown of one argument."""
CITED = 4
"""Entries shown of one group of findings."""
LIVES = 5
INCIDENTS = 5
DUTIES = 15
TOLD = 40
"""Entries of the stream per page."""
Action = Annotated[str | None, Query(pattern="^[a-z_]{1,40}$", description="Whose argument is shown.")]


def model_page(request: Request, ref: Ref, at: At = None, action: Action = None, after: After = -1) -> Response:
    """Everything that stands for one model as of a position, and why."""
    stream, ledger = f"model/{ref}", ledger_of(request)
    view = past_of(request).at(parse_at(at))
    if view.state.get("subject", stream) is None:
        return problem("not-found", place="ref")
    cite = Citing(ledger.desk, view.state)
    actions = gated_actions(view.state, view.time)
    shown = action or next((a for a in ("external_deploy", *actions) if a in actions), None)
    thresholds = thresholds_of(view.state, stream, view.as_of)
    said = [t for t in thresholds if t["state"] is not None or t["reassess"] or t["doubt"] or t["history"]]
    safeguards = safeguards_of(view.state, stream, view.as_of)
    duties = [d for d in owed(view, Wanted(model=stream)) if d.state in WAITING]
    rows, more = _history(ledger.desk.find(after, TOLD + 1, stream=stream), view, cite)
    now = ledger.appender.state
    incidents = [shown_incident(now, i) for i in incidents_of(view.state, view.time) if stream in i.models]
    lives, older = _lives(view, stream, people=readable(request)("ledger"))
    return ledger_page(
        request,
        "model.html",
        view,
        at,
        ref=ref,
        stream=stream,
        answers=[answer_of(view, stream, a) for a in actions],
        argument=None if shown is None else _argument(view, stream, shown, cite),
        thresholds=said[:STANDING],
        unsaid={"more": max(0, len(said) - STANDING), "none": len(thresholds) - len(said)},
        safeguards=[s for s in safeguards if s["standing"]][-STANDING:],
        ended=[s for s in safeguards if not s["standing"]][-STANDING:],
        lives=lives,
        older=older,
        marks_of=MARKS,
        flags=FLAGS,
        loose=[f.index for f in without_decision(view.state, stream)],
        incidents=incidents[-INCIDENTS:],
        earlier=max(0, len(incidents) - INCIDENTS),
        duties=duties[:DUTIES],
        owed_count=len(duties),
        told=rows,
        more=more,
        after=after,
    )


def _argument(view: View, stream: str, action: str, cite: Citing) -> dict[str, Any]:
    """The argument for one action, its findings in groups; bounded, because a page is for reading."""
    why = why_of(view.state, Asked(stream, action), view.as_of, cite)
    left, clauses = GROUPS, []
    for text, groups in clauses_of(why["verdict"]["findings"]).items():
        clauses.append((text, groups[:left], max(0, len(groups) - left)))
        left = max(0, left - len(groups))
    return {**why, "clauses": clauses, "cited": CITED}


def _lives(view: View, stream: str, *, people: bool) -> tuple[list[dict[str, Any]], int]:
    """The lives of the newest requests on a model, and how many older ones there are."""
    asked: list[Fact] = sorted((f for _, f in view.state.scan("request") if f.stream == stream), key=lambda f: -f.index)
    found = (life_answer(view.state, f.digest, view.as_of, people=people) for f in asked[:LIVES])
    return [life for life in found if life is not None], max(0, len(asked) - LIVES)


def _history(rows: list[Stored], view: View, cite: Citing) -> tuple[list[dict[str, Any]], int | None]:
    """A page of the stream with who signed; an entry elsewhere that names the model is shown as what it is."""
    rows = [r for r in rows if r.index < view.size]
    shown = [{**cite(_named(r)), "here": r.index} for r in rows[:TOLD]]
    return shown, rows[TOLD - 1].index if len(rows) > TOLD else None


def _named(row: Stored) -> int:
    body_type = BY_TOPIC[row.topic]
    if body_type is not Referenced:
        return row.index
    _, envelope = read_entry(row.entry)
    return parse_statement(envelope.payload, Referenced).predicate.body.index
