"""The gate: `GET /v1/models/{ref}/gate/{action}`. Never kept, never late: past two seconds the answer is `undetermined`.

Questions about now have threads of their own, so that questions about the past, however many, do not stand before them (T61).
"""

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import StringConstraints
from starlette.responses import Response

from api.about import position
from api.bound import NEVER, bound
from api.measures import Measures
from api.past import Past
from api.positions import parse_at
from api.problems import problem
from api.routes.asked import NAME, At, Ref, ledger_of, past_of
from api.wiring import Ledger
from disclosures.alerts import break_glass_of
from ledger.errors import Malformed
from ledger.strict import parse_decimal
from policies import answer as policy
from policies.clear import clear
from policies.evaluate import evaluate
from policies.lapse import valid_until
from policies.pack_gate import Action

GATE_SECONDS = 2.0
WORD = re.compile(r"[A-Za-z][A-Za-z0-9._:/@-]{0,119}")
THREADS = 4
Many = Annotated[list[Annotated[str, StringConstraints(pattern=NAME)]] | None, Query(max_length=64)]
Facts = Annotated[list[Annotated[str, StringConstraints(max_length=200)]] | None, Query(max_length=64)]
Asked = Annotated[Action, Path(description="What is to be done; no pack can gate anything else.")]


class Threads:
    """Two small pools: who asks about now, and who asks about another time."""

    def __init__(self) -> None:
        self.now = ThreadPoolExecutor(THREADS, thread_name_prefix="gate")
        self.then = ThreadPoolExecutor(THREADS, thread_name_prefix="gate-past")

    def close(self) -> None:
        """Let go of them; what still runs is nobody's answer any more."""
        for pool in (self.now, self.then):
            pool.shutdown(wait=False, cancel_futures=True)


async def gate(  # noqa: PLR0917  # query parameters are keyword in use
    request: Request,
    ref: Ref,
    action: Asked,
    at: At = None,
    artifact: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="Salted subject digest.")] = None,
    audience: Annotated[str | None, Query(pattern=NAME)] = None,
    surface: Many = None,
    host: Many = None,
    jurisdiction: Many = None,
    fact: Facts = None,
) -> Response:
    """Clearance, policy verdict, findings. `fact=NAME=VALUE`, a decimal or a word; what is not stated is unknown.

    A time to come: `projected`.
    """
    try:
        facts = _facts(fact or [])
    except Malformed:
        return problem("fact-form", place="fact")
    wanted = parse_at(at)
    asked = policy.Request(
        f"model/{ref}",
        action,
        artifact,
        audience,
        tuple(surface or ()),
        tuple(host or ()),
        tuple(jurisdiction or ()),
        facts,
    )
    ledger, past = ledger_of(request), past_of(request)
    threads: Threads = request.app.state.threads
    pool = threads.now if wanted is None else threads.then
    started = time.perf_counter()
    job = asyncio.get_running_loop().run_in_executor(pool, _judge, ledger, past, asked, wanted)
    try:
        value, checkpoint = await asyncio.wait_for(job, GATE_SECONDS)
    except TimeoutError:
        value, checkpoint = _late(ledger), None
    measures: Measures = request.app.state.measures
    measures.gate(value["clearance"], value["verdict"], value["reasons"], time.perf_counter() - started)
    return bound(request, value, checkpoint=checkpoint, keep=NEVER)


def _facts(pairs: list[str]) -> tuple[tuple[str, str], ...]:
    """`NAME=VALUE`, each name once: of two values for one name nobody can say which was meant."""
    facts = {name: _value(value) for name, _, value in (pair.partition("=") for pair in pairs)}
    if len(facts) < len(pairs) or "" in facts:
        raise Malformed("fact", "fact", "fact-form")
    return tuple(sorted(facts.items()))


def _value(text: str) -> str:
    """A word, as gates compare with `=`, or a canonical decimal: what begins as a number is one. Raises `Malformed`."""
    return text if WORD.fullmatch(text) is not None else parse_decimal(text)


def _judge(ledger: Ledger, past: Past, asked: policy.Request, at: int | str | None) -> tuple[dict[str, Any], str]:
    """The answer and the checkpoint that it is bound to. Now is judged on the appender's own state, under its lock."""
    view = ledger.view() if at is None else past.at(at, future=True)
    with view:
        verdict = evaluate(view.state, asked, view.as_of)
        clearance = clear(view.state, verdict, asked, view.as_of)
        glass = break_glass_of(view.state)
        until = valid_until(view.state, asked.stream, view.as_of)
        size = view.size
    value = {
        **_answer(verdict, clearance),
        "as_of": position(view.as_of),
        "break_glass": glass,
        "projected": isinstance(at, str) and at > ledger.now(),
        "valid_until": until,
    }
    return value, past.checkpoint(size)


def _answer(verdict: policy.PolicyVerdict, clearance: policy.Clearance) -> dict[str, Any]:
    return {
        "clearance": clearance.answer.value,
        "conditions": clearance.conditions,
        "decision": clearance.decision,
        "decision_by": [{"pack": pack, "role": role} for pack, role in verdict.decision_by],
        "divergence": clearance.divergence,
        "findings": verdict.findings,
        "inform_before": [{"pack": pack, "role": role} for pack, role in verdict.inform_before],
        "laws": verdict.laws,
        "missing": clearance.missing,
        "packs": verdict.packs,
        "reasons": clearance.reasons,
        "recommendation_by": [{"pack": pack, "role": role} for pack, role in verdict.recommendation_by],
        "verdict": verdict.answer.value,
        "verdict_reasons": verdict.reasons,
    }


def _late(ledger: Ledger) -> dict[str, Any]:
    """What is answered when no answer was ready: never a permit, and not to be relied on for any time."""
    nothing = policy.PolicyVerdict(policy.Answer.UNDETERMINED, ("deadline",), (), (), ())
    clearance = policy.Clearance(policy.Answer.UNDETERMINED, ("deadline",))
    now = ledger.now()
    return {
        **_answer(nothing, clearance),
        "as_of": {"size": ledger.appender.published[0], "time": now},
        "break_glass": break_glass_of(ledger.appender.state),
        "projected": False,
        "valid_until": now,
    }
