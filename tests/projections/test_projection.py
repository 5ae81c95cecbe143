"""What holds for every projection: total over the registry, prefix-stable, repeatable, all or nothing per event."""

import typing

import msgspec
import pytest
from msgspec.structs import replace

from ledger.errors import Fault
from ledger.event import Body, Event, event
from ledger.registry import BODIES
from projections.decisions import DECISIONS
from projections.projection import AnyBody, Projection, Rank, Row, Rows, fold_events
from projections.questions import QUESTIONS
from tests.projections.crafted import Crafted

ALL = QUESTIONS


def stored(rows: Rows) -> dict[str, Row]:
    """As a table gives them back."""
    return {k: Row(r.rank, msgspec.json.decode(msgspec.json.encode(r.value))) for k, r in rows.changed.items()}


@event("thing.unheard-of", stream="model", roles=())
class UnheardOf(Body, frozen=True):
    pass


def test_every_body_of_the_registry_is_in_the_union() -> None:
    assert set(typing.get_args(AnyBody)) == set(BODIES)


def test_the_story_tells_every_event_type(story: Crafted) -> None:
    assert {type(e.body) for e in story.events} == set(BODIES)


@pytest.mark.parametrize("projection", ALL, ids=lambda p: p.name)
def test_an_unknown_event_type_is_never_skipped(story: Crafted, projection: Projection) -> None:
    unknown = replace(story.events[-1], type=UnheardOf.event, body=UnheardOf())
    with pytest.raises((AssertionError, Fault)):
        projection.fold(projection.initial(), unknown)


@pytest.mark.parametrize("projection", ALL, ids=lambda p: p.name)
def test_folding_all_is_folding_the_rest_onto_the_prefix(story: Crafted, projection: Projection) -> None:
    whole = stored(fold_events(projection, story.events))
    assert whole == stored(fold_events(projection, story.events))
    for cut in range(len(story.events) + 1):
        prefix = stored(fold_events(projection, story.events[:cut]))
        rest = Rows(prefix.get)
        for later in story.events[cut:]:
            projection.fold(rest, later)
        assert {**prefix, **stored(rest)} == whole, cut


@pytest.mark.parametrize("projection", ALL, ids=lambda p: p.name)
def test_the_hint_names_rows_that_the_fold_looks_at(story: Crafted, projection: Projection) -> None:
    rows = projection.initial()
    for one in story.events:
        looked: set[str] = set()

        def look(key: str, seen: set[str] = looked) -> Row | None:
            seen.add(key)
            return rows.get(key)

        projection.changes(look, one)
        assert set(projection.reads(one)) <= looked | {f"request|{getattr(one.body, 'of', '')}"}
        projection.fold(rows, one)


@pytest.mark.parametrize("projection", ALL, ids=lambda p: p.name)
def test_rows_name_their_events_and_keys_are_ascii(story: Crafted, projection: Projection) -> None:
    for key, row in fold_events(projection, story.events).changed.items():
        assert key.isascii()
        assert "\x7f" not in key
        if row.rank < Rank.LOOKUP and key != "ledger":
            assert isinstance(row.value["index"], int)


def test_a_fold_that_raises_has_changed_nothing(story: Crafted) -> None:
    made = next(e for e in story.events if e.name == "decision.made")
    before = fold_events(DECISIONS, [])
    with pytest.raises(Fault, match="view-row-missing"):
        DECISIONS.fold(before, made)
    assert before.changed == {}


@pytest.mark.parametrize("projection", ALL, ids=lambda p: p.name)
def test_withholdable_text_never_enters_a_view(story: Crafted, projection: Projection) -> None:
    """Even where a submitter left it open (domain.md §8.10)."""
    text = msgspec.json.encode([r.value for r in fold_events(projection, story.events).changed.values()])
    assert b"a withheld name" not in text
    assert b"0.61" not in text


def test_reading_order_is_first_ones_first() -> None:
    rows = Rows()
    rows.put([("b", Row(Rank.LISTED, {})), ("a", Row(Rank.DETAIL, {})), ("c", Row(Rank.FIRST, {}))])
    assert [k for k, _ in rows.listed()] == ["c", "b", "a"]


def test_a_row_is_loaded_once_and_changes_win() -> None:
    asked: list[str] = []

    def load(key: str) -> Row | None:
        asked.append(key)
        return Row(Rank.LISTED, {"n": 1})

    rows = Rows(load)
    assert rows.get("k") == rows.get("k") == Row(Rank.LISTED, {"n": 1})
    assert asked == ["k"]
    rows.put([("k", Row(Rank.LISTED, {"n": 2}))])
    assert rows.get("k") == Row(Rank.LISTED, {"n": 2})


def test_events_are_decoded_as_they_were_placed(story: Crafted) -> None:
    assert all(isinstance(e, Event) for e in story.events)
    assert [e.index for e in story.events] == list(range(story.size))
