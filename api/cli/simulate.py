"""`framework simulate`: what a pack would have answered over this ledger's history, beside what was answered."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from api.cli.options import DEFAULT_DATA, Audience, Data, Facts, Hosts, Json, Jurisdictions, Surfaces
from api.cli.output import emit, say, warn
from api.cli.pack_named import load_pack
from api.cli.packs import Source
from api.cli.progress import Progress
from api.cli.signing import model_stream, pairs_of
from api.wiring import Ledger, opened
from auditor.explain import visible
from ledger.errors import Fault
from ledger.strict import shift
from policies.answer import PolicyVerdict, Request
from policies.facts import Published
from policies.framework import Pack, pack_digest
from policies.simulate import Moment, Step, simulate

PAGE = 1000
TRUST = "ledger"


def simulate_(
    source: Source,
    model: Annotated[list[str] | None, typer.Option(help="Only this model's stream; default: all.")] = None,
    action: Annotated[
        list[str] | None, typer.Option(help="Only this action; default: all that the pack gates.")
    ] = None,
    audience: Audience = None,
    surface: Surfaces = None,
    host: Hosts = None,
    jurisdiction: Jurisdictions = None,
    fact: Facts = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many steps; stderr says whether more follow.")] = 100,
    skip: Annotated[int, typer.Option(min=0, help="So many steps were shown before: the next page.")] = 0,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """What a pack would have answered over this ledger's history. Example: holdpoint framework simulate xai-faif-2025-12-30"""
    pack = load_pack(source)
    facts = tuple(sorted(pairs_of("--fact", fact or ()).items()))
    context = (None, audience, tuple(surface or ()), tuple(host or ()), tuple(jurisdiction or ()), facts)
    actions = action or sorted({a for g in pack.gates for a in g.actions})
    if not actions:
        raise Fault("empty", "failed", f"{pack.id} gates nothing", "name actions: --action external_deploy")
    with opened(data, progress=Progress("folded")) as ledger:
        streams = [model_stream(m) for m in model] if model else _models(ledger)
        questions = [Request(stream, name, *context) for stream in streams for name in actions]
        steps = islice(_steps(ledger, pack, questions), skip, None)
        shown = 0
        for request, step in islice(steps, limit):
            emit(_row(request, step)) if as_json else say(_text(request, step))
            shown += 1
        if next(steps, None) is not None:
            warn(f"more steps follow: --skip {skip + shown}")
    if not shown:
        raise Fault("empty", "failed", "no step to show", "register a model first, or --skip fewer")


def _models(ledger: Ledger) -> list[str]:
    with ledger.view() as view:
        return [stream for stream, _ in view.state.scan("subject") if stream.startswith("model/")]


def _steps(ledger: Ledger, pack: Pack, questions: list[Request]) -> Iterator[tuple[Request, Step]]:
    """Question by question; the moments of a model are those of its own stream, of the frameworks and of trust."""
    with ledger.view() as view:
        size, now = view.size, view.time
    # A pack that this ledger did not publish stands at its end: it names no entry, and nothing was recorded under it.
    published = Published(pack, pack_digest(pack), size)
    progress = Progress("asked", "questions")
    sizes = [n for n, _ in ledger.desk.read_checkpoints()]
    shared = [i for stream in _framework_streams(ledger) for i in _indexes(ledger, stream)] + list(
        _indexes(ledger, TRUST)
    )
    moments: dict[str, list[Moment]] = {}
    for done, request in enumerate(questions):
        if request.stream not in moments:
            own = list(_indexes(ledger, request.stream))
            since = sorted({*own, *(i for i in shared if own and i >= own[0])})
            moments = {request.stream: list(_moments(ledger, since, sizes, now))}
        for step in simulate(moments[request.stream], published, request):
            yield request, step
        progress(done + 1, len(questions))


def _framework_streams(ledger: Ledger) -> set[str]:
    with ledger.view() as view:
        return {f"framework/{p.pack.id.lower()}" for _, p in view.state.scan("published")}


def _indexes(ledger: Ledger, stream: str) -> Iterator[int]:
    after = -1
    while rows := ledger.desk.find(after, PAGE, stream=stream):
        yield from (row.index for row in rows)
        after = rows[-1].index


def _moments(ledger: Ledger, indexes: Iterable[int], sizes: list[int], now: str) -> Iterator[Moment]:
    """After each batch that says something, and again just before the next: what lapses in between lapses without an entry."""
    reached = sorted({sizes[bisect_right(sizes, i)] for i in indexes if i < sizes[-1]})
    before: Moment | None = None
    for size in reached:
        view = ledger.view(size)  # a batch ends with its last derived entry: a committed size is always a position
        if before is not None and before.time < shift(view.time, micros=-1):
            yield Moment(before.state, before.size, shift(view.time, micros=-1), passed=True)
        before = Moment(view.state, size, view.time)
        yield before
    if before is not None and before.time < now:
        yield Moment(before.state, before.size, now, passed=True)


def _row(request: Request, step: Step) -> dict[str, Any]:
    return {
        "model": request.stream, "action": request.action, "index": step.size - 1, "time": step.time, "passed": step.passed,
        "differs": step.differs, "simulated": _said(step.simulated), "recorded": _said(step.recorded),
    }  # fmt: skip


def _said(verdict: PolicyVerdict) -> dict[str, Any]:
    return {"answer": verdict.answer.value, "reasons": list(verdict.reasons), "conditions": list(verdict.conditions)}


def _text(request: Request, step: Step) -> str:
    when = f"by {step.time}, without an entry" if step.passed else f"entry {step.size - 1}, {step.time}"
    mine, theirs = step.simulated, step.recorded
    why = ", ".join(dict.fromkeys(mine.reasons)) or "all that it asks for is shown"
    flag = "DIFFERS  " if step.differs else ""
    return (
        f"{flag}{visible(request.stream)} {request.action}: {when}: {mine.answer.value} ({visible(why)}); "
        f"recorded: {theirs.answer.value}"
    )
