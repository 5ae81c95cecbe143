"""A scenario as data: members, packs, dated steps and the answers that are expected (examples/scenarios/<name>/*.toml).

`steps.toml` holds what happens, `answers.toml` what must be answered when. Strict: unknown or missing keys are refused with
the file's name. A step with `every` and `times` is told again and again; `{n}` in its texts is the count, from 1.
Texts that begin with `$` are filled in when the step is told:

`$ref:NAME` a reference to the entry that a step made · `$digest:NAME` its statement digest · `$gate:NAME` a reference to the
newest gate answer on that request · `$pack:ID` the digest of a published pack · `$source:ID` its source digest · `$at:+90d`,
`$at:-6h` a time from the step's own · `$subject:STREAM` a model's salted subject digest · `$sha:TEXT` the digest of a fictional
text · `$seen` the newest checkpoint, `$size` and `$root` of it · `$binding` the digests of the packs that bind.
`{NAME}` in a stream's name is the index of a step's entry.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from ledger.errors import Malformed
from ledger.strict import parse_time, shift
from policies.calendar import add_months

T = TypeVar("T")
EVERY_DAYS = {"day": 1, "week": 7, "fortnight": 14}
EVERY_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A closed table of a scenario's file."""


class Held(_Strict, frozen=True):
    """A principal of the fictional lab: ledger role, unit, and the roles of packs that it holds, as `pack/role`."""

    id: str
    role: str
    kind: str = "person"
    unit: str = "safety"


class Step(_Strict, frozen=True):
    """One fact, and when: `at` is a day (told at nine o'clock) or a canonical time."""

    at: str
    by: str
    say: str
    body: dict[str, Any] = field(default_factory=dict)
    event: str = ""
    every: str = ""
    known_at: str = ""
    log: str = ""
    model: str = ""
    name: str = ""
    occurred_at: str = ""
    pack: str = ""
    stream: str = ""
    times: Annotated[int, Meta(ge=1, le=500)] = 1


class Asked(_Strict, frozen=True):
    """A question at a time, and the answer that must come; members that are absent are not looked at."""

    at: str
    what: str
    action: str = ""
    answer: str = ""
    audience: str = "general"
    break_glass: int | None = None
    clause: str = ""
    conditions: list[str] | None = None
    diverges: bool | None = None
    diverging: int | None = None
    due: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    jurisdictions: list[str] = field(default_factory=list)
    model: str = ""
    number: int = 0
    pack: str = ""
    reason: str = ""
    surfaces: list[str] = field(default_factory=list)
    verdict: str = ""
    why: str = ""


class Scenario(_Strict, frozen=True):
    """What happens."""

    member: list[Held]
    origin: str
    step: list[Step]
    title: str


class Answers(_Strict, frozen=True):
    """What must be answered."""

    answer: list[Asked]


def read_scenario(folder: Path) -> Scenario:
    """The scenario in `folder`. Raises `Malformed` with the file and what is wrong in it."""
    return _read(folder / "steps.toml", Scenario)


def read_answers(folder: Path) -> list[Asked]:
    """The answers that the scenario in `folder` expects. Raises `Malformed`."""
    return _read(folder / "answers.toml", Answers).answer


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as err:
        raise Malformed("scenario", f"{path.name}: {err}", "scenario-schema") from None


def time_of(text: str) -> str:
    """A canonical time; a bare day is nine o'clock."""
    return parse_time(f"{text}T09:00:00.000000Z" if len(text) == 10 else text)


def unrolled(steps: list[Step]) -> list[tuple[str, Step]]:
    """Every telling with its time, in order of time; steps of one time stay in the order of the file."""
    told = [pair for step in steps for pair in _tellings(step)]
    return sorted(told, key=lambda pair: pair[0])


def _tellings(step: Step) -> Iterator[tuple[str, Step]]:
    start = time_of(step.at)
    for n in range(step.times):
        if step.every in EVERY_MONTHS:
            at = add_months(start, EVERY_MONTHS[step.every] * n)
        elif step.every in EVERY_DAYS or not step.every:
            at = shift(start, days=EVERY_DAYS.get(step.every, 0) * n)
        else:
            raise Malformed("scenario", f"step {step.say}: every {step.every}", "scenario-schema")
        yield at, step if step.times == 1 else _counted(step, n + 1)


def _counted(step: Step, n: int) -> Step:
    value = msgspec.to_builtins(step)
    return msgspec.convert(_count(value, n), Step)


def _count(value: Any, n: int) -> Any:
    match value:
        case str():
            return value.replace("{n}", str(n))
        case dict():
            return {k: _count(v, n) for k, v in value.items()}
        case list():
            return [_count(v, n) for v in value]
        case _:
            return value
