"""T43: an edited view is named by view, row and rule; a rebuild equals the fold; the honest twin finds nothing."""

import contextlib

import pytest

from ledger.errors import Fault
from projections.decisions import DECISIONS
from projections.history import HISTORY
from projections.questions import QUESTIONS
from projections.store.compare import Mismatch, compare_views
from projections.store.run import Projector
from tests.projections.conftest import Database
from tests.projections.crafted import Crafted


@pytest.fixture
def built(database: Database, story: Crafted) -> Database:
    database.append(story)
    with contextlib.closing(Projector(database.url(), QUESTIONS)) as projector:
        projector.catch_up()
    return database


def compare(database: Database) -> list[Mismatch]:
    return compare_views(database.url("holdpoint_reader"), QUESTIONS)


def test_honest_views_agree_at_whatever_position_they_stand(database: Database, story: Crafted) -> None:
    assert compare(database) == []
    database.append(story)
    for batch, ahead in ((7, [HISTORY]), (500, [HISTORY, DECISIONS])):
        with contextlib.closing(Projector(database.url(), ahead, batch=batch)) as projector:
            projector.step()
            projector.step()
        assert compare(database) == []
    said: list[tuple[int, int]] = []
    assert compare_views(database.url("holdpoint_reader"), QUESTIONS, lambda *step: said.append(step)) == []
    assert said == [(story.size, story.size)]


EDITS = {
    "UPDATE holdpoint.view_decisions_1 SET row = replace(row::text, 'withhold', 'permit')::json WHERE rank < 2": "row-differs",
    "UPDATE holdpoint.view_decisions_1 SET row = (row::text || ' ')::json WHERE rank = 0": "row-differs",
    "UPDATE holdpoint.view_decisions_1 SET rank = 1 WHERE rank = 0": "row-differs",
    "DELETE FROM holdpoint.view_decisions_1 WHERE rank = 0": "row-missing",
    "INSERT INTO holdpoint.view_decisions_1 VALUES ('decision|9999999999999999', 1, '{}')": "row-unknown",
}


@pytest.mark.parametrize("edit", EDITS, ids=[f"{n}-{rule}" for n, rule in enumerate(EDITS.values())])
def test_an_edit_is_named_and_a_rebuild_mends_it(built: Database, edit: str) -> None:
    honest = built.rows(DECISIONS)
    built.admin(edit)
    found = compare(built)
    assert {(m.view, m.rule) for m in found} == {("decisions/1", EDITS[edit])}
    changed = {k for k, *_ in set(built.rows(DECISIONS)) ^ set(honest)}
    assert {m.key for m in found} == changed
    assert "permit" not in str(found[0])
    with contextlib.closing(Projector(built.url(), [DECISIONS])) as projector:
        projector.rebuild()
    assert built.rows(DECISIONS) == honest
    assert compare(built) == []


def test_a_position_beyond_the_log_and_a_missing_view_are_named(built: Database, story: Crafted) -> None:
    built.admin("UPDATE holdpoint.tracking SET notification_id = 999 WHERE application_name = 'keys/1'")
    built.admin("DROP TABLE holdpoint.view_history_1")
    assert {(m.view, m.rule) for m in compare(built)} == {
        ("keys/1", "position-beyond-log"),
        ("history/1", "view-missing"),
    }


def test_an_entry_that_cannot_be_read_is_named(built: Database) -> None:
    built.admin("ALTER TABLE holdpoint.event DISABLE TRIGGER ALL")
    built.admin(
        "UPDATE holdpoint.event SET state = set_byte(state, 20, get_byte(state, 20) # 1) WHERE notification_id = 13"
    )
    assert {(m.rule, m.position) for m in compare(built)} == {("entry-unreadable", 12)}
    built.admin("DELETE FROM holdpoint.event WHERE notification_id = 13")
    with pytest.raises(Fault, match="no entry 12"):
        compare(built)


def test_an_unreachable_database_is_a_fault() -> None:
    with pytest.raises(Fault, match="database-unreachable"):
        compare_views("host=/nowhere dbname=x", QUESTIONS)
