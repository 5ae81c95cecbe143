"""Compare a told scenario with the answers that it expects: one row per question, what came, and what differs.

`gate` asks for verdict and clearance, `duty` for an obligation's standing, `life` for where a request has got to, `open` for what
everybody must see first: break-glass grants that nobody reviewed, and decisions that diverge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.scenario import Asked, time_of
from api.session import Session
from ledger.errors import Malformed
from policies.answer import Request
from policies.duties import duties_of
from projections.decision_life import life_of


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, the answer that came in words, and each member that is not as expected (none: as expected)."""

    asked: Asked
    came: str
    wrong: tuple[str, ...]


def compare_answers(session: Session, questions: list[Asked]) -> list[Answered]:
    """Ask every question as of its time."""
    return [_compare(session, asked) for asked in questions]


def _compare(session: Session, asked: Asked) -> Answered:
    ask = ASKED.get(asked.what)
    if ask is None:
        raise Malformed("scenario", f"answers.toml: what = {asked.what}", "scenario-schema")
    return ask(session, asked)


def _gate(session: Session, asked: Asked) -> Answered:
    request = Request(
        asked.model, asked.action, None, asked.audience, tuple(asked.surfaces), tuple(asked.hosts),
        tuple(asked.jurisdictions), tuple(sorted(asked.facts.items())),
    )  # fmt: skip
    verdict, clearance, _ = session.ask(request, time_of(asked.at))
    open_ = {f.why for f in verdict.findings if f.state != "met"}
    wrong = _differences(
        ("verdict", asked.verdict or None, str(verdict.answer)),
        ("clearance", asked.answer or None, str(clearance.answer)),
        ("diverges", asked.diverges, clearance.divergence is not None),
        ("conditions", asked.conditions, list(clearance.conditions)),
    )
    if asked.reason and asked.reason not in (*clearance.reasons, *verdict.reasons):
        wrong.append(f"no reason {asked.reason} in {', '.join((*clearance.reasons, *verdict.reasons))}")
    if asked.why and asked.why not in open_:
        wrong.append(f"no open finding {asked.why} in {', '.join(sorted(open_)) or 'none'}")
    said = f"{asked.action}: {clearance.answer} ({', '.join(clearance.reasons)}); the policy says {verdict.answer}"
    return Answered(asked, said, tuple(wrong))


def _duty(session: Session, asked: Asked) -> Answered:
    """The newest duty of that obligation that is opened by then; `state` is `none` where nothing opened it."""
    at = time_of(asked.at)
    with session.ledger.view(at) as view:
        wanted = (asked.pack, asked.clause, asked.number)
        found = [d for d in duties_of(view.state, at) if (d.pack, d.obligation, d.number or 0) == wanted]
    state, due = (str(found[-1].state), found[-1].due_latest) if found else ("none", None)
    wrong = _differences(("state", asked.answer or None, state), ("due", asked.due or None, due))
    return Answered(asked, f"{asked.pack} {asked.clause}: {state}" + (f", due {due}" if due else ""), tuple(wrong))


def _life(session: Session, asked: Asked) -> Answered:
    """The newest request for that action and audience of that model."""
    at = time_of(asked.at)
    with session.ledger.view(at) as view:
        asks = [f for _, f in view.state.scan("request") if (f.stream, f.body.action) == (asked.model, asked.action)]
        newest = max((f for f in asks if f.body.audience == asked.audience), key=lambda f: f.index, default=None)
        life = None if newest is None else life_of(view.state, newest, view.as_of)
    phase = "none" if life is None else life.phase
    wrong = _differences(("phase", asked.answer, phase))
    if life is not None and asked.reason and asked.reason not in life.flags:
        wrong.append(f"no flag {asked.reason} in {', '.join(life.flags) or 'none'}")
    return Answered(asked, f"{asked.action} for {asked.audience}: {phase}", tuple(wrong))


def _open(session: Session, asked: Asked) -> Answered:
    at = time_of(asked.at)
    grants = len(session.break_glass(at))
    diverging = sum(1 for d in session.decisions(at)[0] if d["divergence"] is not None)
    wrong = _differences(("break-glass", asked.break_glass, grants), ("diverging", asked.diverging, diverging))
    return Answered(asked, f"{grants} break-glass grants open, {diverging} decisions diverge", tuple(wrong))


ASKED: dict[str, Callable[[Session, Asked], Answered]] = {"gate": _gate, "duty": _duty, "life": _life, "open": _open}


def _differences(*rows: tuple[str, Any, Any]) -> list[str]:
    return [f"{name} {came}, expected {expected}" for name, expected, came in rows if expected not in (None, came)]
