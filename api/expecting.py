"""Compare a told scenario with the answers that it expects: one row per question, what came, and what differs."""

from dataclasses import dataclass
from typing import Any

from api.scenario import Asked, time_of
from api.session import Session
from ledger.errors import Malformed
from policies.answer import Request


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
    if asked.what != "gate":
        raise Malformed("scenario", f"answers.toml: what = {asked.what}", "scenario-schema")
    return _gate(session, asked)


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


def _differences(*rows: tuple[str, Any, Any]) -> list[str]:
    return [f"{name} {came}, expected {expected}" for name, expected, came in rows if expected not in (None, came)]
