"""One row at one clock: the duties that it holds, what was said of each and counts, where it stands (spec/obligations.md)."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from ledger.strict import micros
from policies.calendar import Due, day_end, due_of, later, periods
from policies.clocks import Start, Tainted, clock_of, closed_by, due_between, start_of, tolled_by
from policies.duty import Duty, Standing, qualified
from policies.duty_rows import Look, Value
from policies.incident_fold import incident_key
from policies.pack_duties import Obligation
from policies.reach import applies_to

MOST: Final = 1000
"""Periods of one recurring duty that are listed: a claimed start long ago must not stop a list."""


class DutyJudge:
    """One row at one clock."""

    def __init__(
        self, look: Look, key: str, row: Value, clause: Obligation, pack: Value, at: str, tainted: Tainted
    ) -> None:  # fmt: skip
        self._look, self._key, self._row, self._clause, self._pack = look, key, row, clause, pack
        self._at, self._tainted, self._clock = at, tainted, clock_of(pack)
        self._applies, why, indexes = applies_to(look, row, clause, pack, at, tainted)
        self._why, self._indexes = list(why), list(indexes)

    # -- which duties a row holds ------------------------------------------------------------------------------------

    def once(self) -> Duty:
        """A duty that is done once."""
        start = start_of(self._look, self._row, self._clause, self._tainted)
        due = None
        if start.due is not None and self._clause.deadline is not None:
            due = due_between(start.due, self._clause, self._clock)
        words, taint = self._words(self._row["said"])
        return self._duty(self._key, start, due, words, [*taint, *self._taint(self._row)])

    def recurring(self, clause: Obligation) -> Iterator[Duty]:
        """The n-th duty is due n periods after the start; what is done counts for the earliest undone one that had begun."""
        start = start_of(self._look, self._row, clause, self._tainted)
        words, taint = self._words(self._row["said"], every=True)
        taint += self._taint(self._row)
        if start.due is None or clause.every is None:
            yield self._duty(self._key, start, None, words, taint)
            return
        others = [w for w in words if w["type"] != "fulfilled"]
        done = sorted((w for w in words if w["type"] == "fulfilled"), key=lambda w: (w["at"], w["index"]))
        begin, until = start.due.strict, self._ended()
        for number in range(1, MOST + 1):
            if begin > self._at or (until is not None and begin >= until):
                return
            due = due_between(start.due, clause, self._clock, number)
            mine = next((w for w in done if w["at"] >= begin), None)
            if mine is not None:
                done.remove(mine)
            said = others if mine is None else [*others, mine]
            key = f"{self._key}|{number:04d}"
            yield self._duty(key, start, due, said, taint, number=number, until=until)
            begin = due.strict

    def calendar(self) -> Iterator[Duty]:
        """One duty per period, from the day on which the pack began to bind to the period that holds the clock."""
        every, unmatched = self._clause.every, dict(self._row["said"])
        begin, until = self._binding()
        if every is not None and begin is not None and begin <= self._at and self._clause.trigger_event == "calendar":
            last = self._at if until is None else min(self._at, until)
            before: str | None = None
            for first, following in islice(periods(begin, every, last), MOST):
                due, said = day_end(following, self._clock), unmatched.pop(first, [])
                if due.latest >= self._row["since"] or said:
                    one = self._period(first, due, said, until, before)
                    before = one.fulfilled_at or before
                    yield one
        for first, said in unmatched.items():  # a word on a day on which no period begins is shown, and counts for none
            yield self._period(first, None, said, until, None)

    def _period(self, first: str, due: Due | None, said: list[Value], until: str | None, before: str | None) -> Duty:
        words, taint = self._words(said)
        more = taint if due is not None else ["period-unknown", *taint]
        gap = self._clause.minimum_gap
        if gap is not None and before is not None:
            soonest = later(due_of(before, gap, self._clock).strict, hours=-24)  # from the first moment of that day on
            more += ["before-minimum-gap"] if any(w["type"] == "fulfilled" and w["at"] < soonest for w in words) else []
        start = Start(Due(f"{first}T00:00:00.000000Z", f"{first}T00:00:00.000000Z"))
        return self._duty(f"{self._key}|{first}", start, due, words, more, period=first, until=until)

    def _binding(self) -> tuple[str | None, str | None]:
        """From when to when the pack binds."""
        if (self._clause.binds or self._pack["binds"]) == "law":
            return self._row["start"], self._pack["until"]
        adopted = self._look(f"adopted|{self._row['framework']}")
        return (None, None) if adopted is None else (self._row["start"], adopted["until"])

    # -- what was said -----------------------------------------------------------------------------------------------

    def _words(self, said: Iterable[Value], *, every: bool = False) -> tuple[list[Value], list[str]]:
        """What counts of what people said, and reports; and what does not, since a compromised key signed it.

        A later word on a duty revises an earlier one, but for `every` new period of a recurring one, which each has its own.
        """
        words, reasons = [], []
        for word in said:
            if self._tainted(word["index"], word["signers"]) is None:
                words.append(word)
            else:
                reasons.append(f"tainted-{word['index']}")
        tolls, others = [w for w in words if w["type"] == "tolled"], [w for w in words if w["type"] != "tolled"]
        standing = others if every else others[-1:]
        reports = [r for r in self._reports() if self._tainted(r["index"], r["signers"]) is None]
        return [*tolls, *standing, *reports], reasons

    def _reports(self) -> Iterator[Value]:
        case = None if self._row.get("incident") is None else self._look(incident_key(self._row["incident"]))
        for one in () if case is None else case["reports"]:
            named = one["obligation"]
            fits = named == self._clause.id if named is not None else one["kind"] == self._clause.report
            if one["pack"] == self._pack["id"] and fits:
                yield {**one, "at": one["submitted_at"], "type": "fulfilled"}

    def _taint(self, row: Value) -> list[str]:
        return [] if self._tainted(row["index"], row["signers"]) is None else [f"tainted-{row['index']}"]

    def _ended(self) -> str | None:
        """When the event that `until` names came."""
        row = self._row
        if self._clause.until == "incident.resolved" and row["incident"] is not None:
            case = self._look(incident_key(row["incident"])) or {"resolved": []}
            good = [r["resolved_at"] for r in case["resolved"] if self._tainted(r["index"], r["signers"]) is None]
            return min(good, default=None)
        ended: Value | None = row["ended"]
        if ended is None or self._tainted(ended["index"], ended["signers"]) is not None:
            return None
        return str(ended["at"])

    # -- where it stands ---------------------------------------------------------------------------------------------

    def _duty(
        self, key: str, start: Start, due: Due | None, words: list[Value], more: list[str], *,
        period: str | None = None, number: int | None = None, until: str | None = None,
    ) -> Duty:  # fmt: skip
        clause, row = self._clause, self._row
        tolls = [w for w in words if w["type"] == "tolled"]
        if due is not None and tolls:
            due = tolled_by(due, tolls)
        done = min((w for w in words if w["type"] == "fulfilled"), key=lambda w: (w["at"], w["index"]), default=None)
        state, why, cited = self._stands(start, due, words, done, until)
        tolled = max((t["until"] for t in tolls), default=None)
        opened = None if period is not None else row["index"]
        own = (
            [] if row.get("opened_type") == "" else [row["index"]]
        )  # an opener that only a word names says nothing itself
        indexes = [*own, *self._indexes, *start.indexes, *cited, *(t["index"] for t in tolls)]
        return Duty(
            key=key, pack=row["pack"], framework=row["framework"], obligation=clause.id, ref=clause.ref, form=clause.form,
            recipients=clause.recipients, opened_by=opened, opened_type="calendar" if opened is None else row["opened_type"],
            period=period, number=number, stream=row.get("stream", ""), incident=row.get("incident"),
            models=tuple(row.get("models", ())), binds_whom=clause.binds_whom or self._pack["binds_whom"],
            applies=self._applies, state=state, reasons=tuple(dict.fromkeys((*why, *self._why, *more))), clock=clause.clock,
            started_at=None if start.due is None else start.due.strict, earliest=start.earliest,
            due_strict=None if due is None else due.strict, due_latest=None if due is None else due.latest,
            seconds_left=None if due is None else (micros(due.latest) - micros(self._at)) // 1_000_000,
            tolled_until=tolled, fulfilled_at=None if done is None else done["at"],
            recorded_at=None if done is None else done["recorded_at"], indexes=tuple(sorted(set(indexes))),
            optional=clause.optional, soft=clause.soft, promptness=clause.promptness, report=clause.report,
            sourced=clause.sourced, qualified=qualified(clause),
        )  # fmt: skip

    def _stands(
        self, start: Start, due: Due | None, words: list[Value], done: Value | None, until: str | None
    ) -> tuple[Standing, list[str], list[int]]:
        """State, reasons, and the entries that it rests on (spec/obligations.md: the first that holds)."""
        if done is not None:
            if due is not None and done["at"] > due.latest:
                return "fulfilled-late", [], [done["index"]]
            why = ["after-strict-due"] if due is not None and done["at"] > due.strict else []
            why += ["recorded-after-due"] if due is not None and done["recorded_at"] > due.latest else []
            return "fulfilled", why, [done["index"]]
        excused = self._excused(due, words)
        if excused is not None:
            return "not-applicable", [excused[0]], [excused[1]] if excused[1] is not None else []
        if until is not None and until <= self._at and (due is None or until <= due.latest):
            return "ended", [f"until-{self._clause.until or 'superseded'}"], []
        if due is not None and self._at > due.latest:
            return ("lapsed" if self._clause.optional else "overdue"), [], []
        return self._waits(start, due, words)

    def _waits(self, start: Start, due: Due | None, words: list[Value]) -> tuple[Standing, list[str], list[int]]:
        """What is neither done nor late."""
        if start.due is None and (self._clause.deadline is not None or self._clause.every is not None):
            return "clock-not-started", [], []
        if any(w["occurred_at"] <= self._at < w["until"] for w in words if w["type"] == "tolled"):
            return "tolled", [], []
        if due is None:
            return "no-period", [], []
        if start.due is not None and self._at < start.due.strict <= due.strict:
            return "pending", [], []
        return "open", ["past-strict-due"] if self._at > due.strict else [], []

    def _excused(self, due: Due | None, words: list[Value]) -> tuple[str, int | None] | None:
        """Why it does not reach this case, and the entry that says so."""
        said = next((w for w in reversed(words) if w["type"] == "not-applicable"), None)
        if said is not None:
            late = due is not None and said["recorded_at"] > due.latest
            return ("said-after-due" if late else "said-not-applicable"), said["index"]
        if self._applies == "no":
            return "out-of-scope", None
        closed = closed_by(self._look, self._row, self._clause, self._pack, self._tainted)
        if closed is not None and (due is None or closed["recorded_at"] <= due.latest):
            return "reclassified", closed["index"]
        return None
