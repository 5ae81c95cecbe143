"""What pages share: the templates, words and marks for answers, and what stands first on every page of the ledger."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from api.bound import NEVER
from api.owed import left_of
from api.routes.asked import ledger_of, past_of
from api.wiring import View
from auditor.explain import visible
from disclosures.alerts import alert_lines, break_glass_of, undecided_operations
from disclosures.decided import newest_diverging

DIVERGENCES = 20
"""Divergences, and operations without a decision, that a page names; a link has the others."""
MARKS: Final = {"permit": "✓", "permit_with_conditions": "◐", "undetermined": "?", "deny": "✕"}
WORDS: Final = {
    "no-decision": "nobody has decided on this",
    "policy-denies": "the policy denies it",
    "withheld-by-decision": "withheld by a decision",
    "decided": "decided, and the policy allows it",
    "diverges-from-policy": "decided against the policy verdict",
    "decision-lapsed": "the decision has lapsed",
    "decision-out-of-scope": "outside the scope that was decided on",
    "body-not-informed": "a body that must know first was not informed",
    "packs-changed": "a framework binds since, and those who decide under it did not",
    "verdict-changed": "the policy verdict has changed since the decision",
    "back-recorded": "rests on history from before the ledger",
    "ledger-frozen": "the root froze the ledger",
    "rules-unknown": "rules are in force that this release does not know",
    "ledger-not-verified": "the keeper knows that entries are missing",
    "tainted": "signed with a key that was compromised",
    "without-recommendation": "without the recommendation that the policy asks for",
}


def url(path: str, **query: Any) -> str:
    """A link of ours: parameters that are `None` or empty are left out."""
    asked = urlencode({name: value for name, value in query.items() if value not in (None, "")})
    return quote(path) + (f"?{asked}" if asked else "")


def words(code: str) -> str:
    """A reason in words. What follows its colon is a name of somebody else's, and stands as it is."""
    reason, colon, named = code.partition(":")
    return WORDS.get(reason, reason.replace("-", " ")) + (f"{colon} {named}" if colon else "")


_environment = Environment(
    loader=PackageLoader("api", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["visible"] = visible
_environment.filters["words"] = words
_environment.filters["left"] = left_of
_environment.globals |= {"url": url, "marks": MARKS}


def page(name: str, **values: Any) -> HTMLResponse:
    """A page from its template."""
    return HTMLResponse(_environment.get_template(name).render(**values), headers={"Cache-Control": NEVER})


def ledger_page(request: Request, name: str, view: View, at: str | None, **values: Any) -> HTMLResponse:
    """A page about the ledger at a position: what must not be missed is on each of them, before everything else."""
    ledger, checkpoint = ledger_of(request), past_of(request).checkpoint(view.size)
    undecided = undecided_operations(view.state)
    diverging, unseen = newest_diverging(view.state, view.as_of, DIVERGENCES)
    answer = page(
        name,
        alerts=alert_lines(break_glass_of(view.state)),
        at=at,
        checkpoint=checkpoint,
        diverging=diverging,
        ledger=ledger,
        path=request.url.path,
        projected=view.time > ledger.now(),
        undecided=undecided[-DIVERGENCES:],
        undecided_unseen=max(0, len(undecided) - DIVERGENCES),
        unseen=unseen,
        view=view,
        **values,
    )
    answer.headers["Ledger-Checkpoint"] = checkpoint
    return answer
