"""One incident, regime by regime: what it is there and why, what follows, and which clocks run (spec/obligations.md, Incidents).

The same incident may be a five-day case under one regime and none under another; each says so by a recorded classification, and
where nobody has classified it yet under a regime that binds, that is what is said.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from ledger.state import State
from policies.clocks import Tainted
from policies.duties import TABLE, duties_at
from policies.duty import Duty
from policies.duty_rows import Look, Value
from policies.facts import taint
from policies.incident_fold import incident_key
from policies.narrow import within
from policies.reach import Applies, whom_it_binds

Reportable = Literal["yes", "no", "unclassified"]


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was filed, complete or not. `awareness_at` and `submitted_at` stand here whether or not the form has them."""

    index: int
    pack: str
    kind: str
    recipient: str
    digest: str
    fields_missing: tuple[str, ...]
    awareness_at: str
    submitted_at: str
    recorded_at: str
    obligation: str | None


class Regime(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident is under one pack. `reason` is the classification's own; `index` the entry that says it."""

    pack: str
    framework: str
    applies: Applies
    reportable: Reportable
    category: str | None
    reason: str
    imminent: bool
    index: int | None
    duties: tuple[Duty, ...]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as of a position and clock; texts that may be withheld are in its entries alone."""

    stream: str
    index: int
    kind: str | None
    models: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    surfaces: tuple[str, ...]
    first_at: str | None
    last_at: str | None
    discovered_at: str | None
    involvement_known_at: str | None
    certainty: str | None
    resolved_at: str | None
    regimes: tuple[Regime, ...]
    reports: tuple[Filed, ...]


def incidents_of(state: State, at: str, after: str = "") -> Iterator[Incident]:
    """Every incident at clock `at`, by stream, from the one after `after` on."""
    for key, _ in state.scan(TABLE, incident_key("")):
        stream = key.partition("|")[2]
        found = incident_of(state, stream, at) if stream > after else None
        if found is not None:
            yield found


def incident_of(state: State, stream: str, at: str) -> Incident | None:
    """One incident at clock `at`, or `None` where nothing was observed in that stream."""

    def look(key: str) -> Value | None:
        row: Value | None = state.get(TABLE, key)
        return row

    def tainted(index: int, signers: Iterable[str]) -> int | None:
        return taint(state, index, tuple(signers))

    row = look(incident_key(stream))
    if row is None:
        return None
    texts = [
        [p for v in known["versions"] if (p := look(f"pack|{v['framework']}"))]
        for _, known in state.scan(TABLE, "newest|")
    ]

    def sound(name: str) -> list[Value]:
        return [said for said in row[name] if tainted(said["index"], said["signers"]) is None]

    known = sorted(sound("involved"), key=lambda i: (i["at"], i["index"]))
    regimes = (_regime(look, row, published, at, tainted) for published in texts)
    return Incident(
        stream=stream, index=row["index"], kind=row["kind"], models=tuple(row["models"]),
        jurisdictions=tuple(row["jurisdictions"]), surfaces=tuple(row["surfaces"]), first_at=row["first_at"],
        last_at=row["last_at"], discovered_at=min((o["at"] for o in sound("observed")), default=None),
        involvement_known_at=known[0]["at"] if known else None,
        certainty=max(known, key=lambda i: i["index"])["certainty"] if known else None,
        resolved_at=min((r["resolved_at"] for r in sound("resolved")), default=None),
        regimes=tuple(r for r in regimes if r is not None),
        reports=tuple(_filed(r) for r in row["reports"]),
    )  # fmt: skip


def _filed(said: Value) -> Filed:
    return msgspec.convert({n: said[n] for n in Filed.__struct_fields__}, Filed)


def _regime(look: Look, row: Value, texts: list[Value], at: str, tainted: Tainted) -> Regime | None:
    """The incident under one pack, by that of its texts which binds then; `None` where none does and nothing was said of it."""
    bound = [t for t in texts if _binds(look, t, at)]
    pack = (bound or texts)[-1]
    if not pack["categories"]:
        return None
    said = [c for c in row["classified"] if c["pack"] == pack["id"]]
    good = [c for c in said if tainted(c["index"], c["signers"]) is None]
    if not said and not bound:
        return None
    applies, _, _ = whom_it_binds(look, pack["binds"], None, pack, at, tainted)
    keys = row["duties"].get(pack["id"], [])
    rows = [(k, duty) for k in keys if (duty := look(k)) is not None]
    newest: Value | None = good[-1] if good else None
    if newest is None:
        why = "nobody has classified it under this pack" if not said else "a compromised key signed the classification"
        reportable: Reportable = "unclassified"
    else:
        why, reportable = newest["reason"], "no" if newest["category"] is None else "yes"
    return Regime(
        pack=pack["id"], framework=pack["framework"], applies=applies, reportable=reportable,
        category=None if newest is None else newest["category"], reason=why,
        imminent=newest is not None and newest["imminent"], index=None if newest is None else newest["index"],
        duties=tuple(duties_at(look, rows, at, tainted)),
    )  # fmt: skip


def _binds(look: Look, pack: Value, at: str) -> bool:
    if pack["binds"] == "law":
        return within(at, pack["from"], pack["until"])
    adopted = look(f"adopted|{pack['framework']}")
    return adopted is not None and within(at, adopted["effective"], adopted["until"])
