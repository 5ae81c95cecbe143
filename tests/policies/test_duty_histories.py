"""Generated histories of incidents and duties: what holds whatever happened, in whatever order, whoever's key was compromised."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.admit import fold_event
from ledger.state import State
from ledger.strict import shift
from policies.duties import TABLE, duties_at, duties_of
from policies.duty import Duty
from policies.incidents import incidents_of
from policies.rules import RULES
from projections.obligations import LISTED, OBLIGATIONS
from projections.projection import fold_events
from tests.policies.regimes import Regimes, days, deploy, duty, regime
from tests.policies.test_incident_duties import EU, STATE

OWN = regime("own", "own", duty("TELL", "deployment.started", clock="not-stated", deadline=days(3, "business_day")),
             duty("REVIEW", "calendar", every=days(1, "quarter"), minimum_gap=days(1, "month")),
             duty("EACH", "incident.classified", promptness="promptly"),
             duty("MORE", "obligation.tolled", clock="due", deadline=days(5, "business_day"), extends=["TELL"]),
             duty("STATUS", "concern.raised", every=days(7), until="concern.found"))  # fmt: skip
WHO = st.sampled_from(["one", "two", "intruder"])
STEP = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 40)),
    st.tuples(st.just("deploy"), st.integers(-20, 0)),
    st.tuples(st.just("involve"), st.integers(-9, 0), WHO),
    st.tuples(st.just("classify"), st.sampled_from([("eu", "cyber"), ("eu", "death"), ("eu", None), ("state", "critical"), ("state", None)]),
              st.booleans(), WHO),
    st.tuples(st.just("report"), st.sampled_from(["eu", "state"]), st.sampled_from(["initial", "intermediate", "final"]), WHO),
    st.tuples(st.just("resolve")),
    st.tuples(st.just("word"), st.sampled_from(["fulfilled", "tolled", "not-applicable"]), st.integers(0, 30), st.integers(-5, 30), WHO),
    st.tuples(st.just("concern")),
    st.tuples(st.just("scope"), st.booleans(), WHO),
)  # fmt: skip
HISTORY = st.lists(STEP, max_size=14)
OVER = ("fulfilled", "fulfilled-late", "not-applicable", "ended")


def lived(history: list[Any]) -> Regimes:
    w = Regimes(EU, STATE, OWN)
    w.observe()
    for step in history:
        take(w, *step)
    return w


def take(w: Regimes, verb: str, *said: Any) -> None:
    match verb, *said:
        case "wait", n:
            w.at = shift(w.at, days=n)
        case "deploy", n:
            deploy(w, occurred_at=shift(w.at, days=n))
        case "involve", n, who:
            w.involve(by=who, known_at=shift(w.at, days=n))
        case "classify", (pack, category), imminent, who:
            more = {"imminent": True, "imminent_known_at": w.at} if imminent and category else {}
            w.classify(pack, category, by=who, **more)
        case "report", pack, kind, who:
            w.report(pack, kind, by=who)
        case ("resolve",):
            w.resolve()
        case ("concern",):
            body = {"channel": "named", "digest": "sha256:" + "0" * 64, "framework": w.digests["own"]}
            w.say("concern.raised", body, f"concern/{w.size}")
        case "scope", applies, who:
            body = {
                "applies": applies,
                "binds_as": ["lab"],
                "digest": w.digests["state"],
                "effective": w.at,
                "id": "state",
                "reason": "r",
            }
            w.say("framework.scope-determined", body, "framework/state", who)
        case "word", kind, which, n, who:
            found = w.duties()
            if found:
                owed = found[which % len(found)]
                more = {"until": shift(w.at, days=n)} if kind == "tolled" else {}
                opened = owed.period or w.events[owed.opened_by or 0]
                w.word(kind, owed.pack, owed.obligation, opened, by=who, **more)


def of(w: Regimes, at: str) -> dict[str, Duty]:
    return {d.key: d for d in duties_of(w.state, at)}


@given(HISTORY)
@settings(max_examples=60, deadline=None)
def test_whatever_happened_each_duty_has_one_answer(history: list[Any]) -> None:
    w = lived(history)
    for after in (0, 10, 400):
        at = shift(w.at, days=after)
        listed = duties_of(w.state, at)
        assert len({d.key for d in listed}) == len(listed)
        assert [d.order for d in listed] == sorted(d.order for d in listed)
        for d in listed:
            assert (d.due_strict is None) == (d.due_latest is None)
            assert d.due_strict is None or d.due_strict <= (d.due_latest or "")
            assert d.state != "overdue" or at > (d.due_latest or "~")
            assert d.state not in ("open", "pending") or at <= (d.due_latest or "")
            assert d.state != "tolled" or d.due_latest is None or at <= d.due_latest
            assert d.applies != "no" or d.state in (*OVER, "tolled"), d
            assert all(i in w.events for i in d.indexes)
        assert all(
            r.duties == tuple(sorted(r.duties, key=lambda d: d.order))
            for i in incidents_of(w.state, at)
            for r in i.regimes
        )


@given(HISTORY)
@settings(max_examples=40, deadline=None)
def test_with_nothing_recorded_time_only_makes_it_later(history: list[Any]) -> None:
    """No clock moves a due date, ends an overdue duty or undoes what was done."""
    w = lived(history)
    early, late = of(w, w.at), of(w, shift(w.at, days=500))
    assert early.keys() <= late.keys()
    for key, before in early.items():
        after = late[key]
        assert (after.due_strict, after.due_latest) == (before.due_strict, before.due_latest)
        if before.state in (*OVER, "overdue", "lapsed", "no-period", "clock-not-started"):
            assert after.state == before.state or before.applies != after.applies
        else:
            over = ("overdue", "ended", "open") if before.due_latest is not None else ("no-period", "ended")
            assert after.state in over, (before.state, after.state)


EXCUSES = {
    "fulfilled": ("obligation.fulfilled", "incident.report-filed"),
    "fulfilled-late": ("obligation.fulfilled", "incident.report-filed"),
    "not-applicable": ("obligation.not-applicable", "incident.classified", "framework.scope-determined"),
    "tolled": ("obligation.tolled",),
}


@given(HISTORY)
@settings(max_examples=60, deadline=None)
def test_a_compromised_key_never_excuses(history: list[Any]) -> None:
    """What is done, excused or tolled is so by an entry that another key signed; and no due date is later for the taint."""
    w = lived(history)
    at = shift(w.at, days=30)
    before = of(w, at)
    w.taint("intruder")
    for key, d in of(w, at).items():
        if d.state in EXCUSES:
            cited = [w.events[i] for i in d.indexes]
            assert any(e.name in EXCUSES[d.state] and "intruder" not in e.principals for e in cited), (d, cited)
        if (
            key in before
            and before[key].due_strict is not None
            and d.due_strict is not None
            and before[key].tolled_until is None
        ):
            assert d.due_strict <= before[key].due_strict


@given(HISTORY, st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_the_view_is_the_state(history: list[Any], cut: int) -> None:
    w = lived(history)
    events = [e for _, e in sorted(w.events.items())]
    rows = {k: r.value for k, r in fold_events(OBLIGATIONS, events).changed.items()}
    assert rows == dict(w.state.scan(TABLE))
    some = {k: r.value for k, r in fold_events(OBLIGATIONS, events[:cut]).changed.items()}
    listed = [(k, v) for k, v in some.items() if k.startswith(LISTED[:2])]
    state = State()
    for event in events[:cut]:
        fold_event(state, event, RULES)
    assert duties_at(some.get, listed, w.at, lambda _i, _k: None) == duties_of(state, w.at)
