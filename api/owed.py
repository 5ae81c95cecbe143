"""Duties as somebody asks for them: narrowed, in pages, as of a view. What the command line and HTTP share."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from api.wiring import View
from ledger.errors import Malformed
from ledger.strict import parse_uint
from policies.calendar import later
from policies.duties import TABLE, duties_of
from policies.duty import WAITING, Duty
from policies.duty_rows import plain

SHIPPED: Final = frozenset(
    p.name.removesuffix(".toml") for p in (files("policies") / "frameworks").iterdir() if p.name.endswith(".toml")
)
OTHER: Final = "other"
LASTS = re.compile(r"([1-9][0-9]{0,4})([hd])")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `due_within` seconds: what is still owed and is due by then under the strict reading, overdue included.

    What does not apply is left out, unless `everything` or its state is asked for.
    """

    state: str | None = None
    pack: str | None = None
    obligation: str | None = None
    model: str | None = None
    incident: str | None = None
    due_within: int | None = None
    everything: bool = False


def lasting(text: str | None) -> int | None:
    """Seconds of `72h` or `5d`. Raises `Malformed` `duration-form`."""
    if text is None:
        return None
    found = LASTS.fullmatch(text)
    if found is None:
        raise Malformed("duration", "number and h or d, such as 72h", "duration-form")
    return parse_uint(found[1]) * (3600 if found[2] == "h" else 86_400)


def owed(view: View, wanted: Wanted) -> list[Duty]:
    """The duties that are asked for, what is due first. The state behind `view` stands still."""
    until = None if wanted.due_within is None else later(view.time, value=wanted.due_within * 1_000_000)
    found = duties_of(view.state, view.time, pack=wanted.pack, obligation=wanted.obligation, incident=wanted.incident)
    return [d for d in found if _fits(d, wanted, until)]


def _fits(duty: Duty, wanted: Wanted, until: str | None) -> bool:
    if duty.applies == "no" and not wanted.everything and wanted.state is None:
        return False
    pairs = ((wanted.state, duty.state), (wanted.pack, duty.pack), (wanted.obligation, duty.obligation),
             (wanted.incident, duty.incident))  # fmt: skip
    if any(asked is not None and asked != found for asked, found in pairs):
        return False
    if wanted.model is not None and wanted.model not in duty.models:
        return False
    return until is None or (duty.state in WAITING and duty.due_strict is not None and duty.due_strict <= until)


def owed_counts(view: View) -> dict[str, dict[str, int]]:
    """For metrics: by pack, what is overdue and what falls due within 72 hours. Packs that we do not ship are `other`."""
    packs = {_label(key.partition("|")[2]) for key, _ in view.state.scan(TABLE, "newest|")} | {OTHER}
    found = {name: dict.fromkeys(sorted(packs), 0) for name in ("obligations_overdue", "obligations_due_72h")}
    soon = later(view.time, hours=72)
    for duty in duties_of(view.state, view.time):
        if duty.state == "overdue":
            found["obligations_overdue"][_label(duty.pack)] += 1
        elif duty.state in WAITING and duty.due_strict is not None and duty.due_strict <= soon:
            found["obligations_due_72h"][_label(duty.pack)] += 1
    return found


def _label(pack: str) -> str:
    return pack if pack in SHIPPED else OTHER


def query_of(wanted: Wanted) -> list[tuple[str, str]]:
    """The same question as query parameters."""
    named = ("state", "pack", "obligation", "model", "incident")
    pairs = [(n, v) for n in named if (v := getattr(wanted, n)) is not None]
    pairs += [("all", "true")] if wanted.everything else []
    return pairs if wanted.due_within is None else [*pairs, ("due_within", f"{wanted.due_within // 3600}h")]


def page_of(found: Iterable[Duty], after: str | None, limit: int) -> tuple[list[Duty], str | None]:
    """Up to `limit` duties behind the cursor `after`, and the cursor of the next page, if there is one."""
    rest = [d for d in found if after is None or cursor_of(d) > after]
    shown = rest[:limit]
    return shown, cursor_of(shown[-1]) if len(rest) > limit else None


def cursor_of(duty: Duty) -> str:
    """A place in the order of lists."""
    due, key = duty.order
    return f"{due}|{key}"


def left_of(seconds: int) -> str:
    """`3 d 4 h left`, or `2 h late`."""
    amount = abs(seconds)
    days, hours = amount // 86_400, amount % 86_400 // 3600
    text = f"{days} d {hours} h" if days else f"{hours} h {amount % 3600 // 60} min"
    return f"{text} {'left' if seconds >= 0 else 'late'}"


def as_row(duty: Duty) -> dict[str, Any]:
    """A duty as JSON."""
    row: dict[str, Any] = plain(duty)
    return row
