"""Pages of views: first ones first, stable while the log grows, bounded, and always with their position."""

import contextlib
from collections.abc import Iterator

import pytest

from ledger.errors import Fault, Malformed
from ledger.store.embedded import EmbeddedPostgres
from ledger.tile import Edge
from projections.decisions import DECISIONS
from projections.history import HISTORY
from projections.model_status import MODEL_STATUS
from projections.projection import Rank, fold_events
from projections.store.run import Projector
from projections.store.views import Views
from tests.conftest import fresh_database
from tests.projections.conftest import Database
from tests.projections.crafted import Crafted


@pytest.fixture(scope="module")
def database(embedded: EmbeddedPostgres, story: Crafted) -> Database:
    """One for all: these tests read."""
    database = Database(fresh_database(embedded), Edge.empty())
    database.append(story)
    with contextlib.closing(Projector(database.url(), [DECISIONS, HISTORY, MODEL_STATUS])) as projector:
        projector.catch_up()
    return database


@pytest.fixture
def views(database: Database) -> Iterator[Views]:
    with contextlib.closing(Views(database.url("holdpoint_reader"))) as views:
        yield views


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_pages_join_to_the_whole_in_reading_order(views: Views, story: Crafted, limit: int) -> None:
    for projection, details in ((DECISIONS, False), (MODEL_STATUS, False), (MODEL_STATUS, True), (HISTORY, False)):
        top = Rank.DETAIL if details else Rank.LISTED
        whole = [(k, r.value) for k, r in fold_events(projection, story.events).listed() if r.rank <= top]
        got, after = [], None
        while True:
            page = views.page(projection, after=after, limit=limit, details=details)
            assert page.position == story.size
            got += page.rows
            if page.after is None:
                break
            assert len(page.rows) == limit
            after = page.after
        assert got == whole


def test_a_prefix_is_exact(views: Views, story: Crafted) -> None:
    page = views.page(HISTORY, prefix="model/m|", limit=1000)
    mine = [e.index for e in story.events if e.stream == "model/m"]
    assert [v["index"] for _, v in page.rows] == mine
    assert views.page(HISTORY, prefix="model/", limit=1000).rows != page.rows
    assert views.page(HISTORY, prefix="model/nobody|").rows == ()


def test_a_divergence_comes_first(views: Views) -> None:
    first, *others = views.page(DECISIONS).rows
    assert first[1]["divergence"] is not None
    assert all(v["divergence"] is None for _, v in others)
    assert others


def test_a_page_holds_still_while_the_log_grows(views: Views, database: Database, story: Crafted) -> None:
    whole = views.page(HISTORY, prefix="model/m|", limit=1000).rows
    first = views.page(HISTORY, prefix="model/m|", limit=5)
    database.admin("INSERT INTO holdpoint.view_history_1 VALUES ('model/m|9999999999999999', 1, '{}')")
    rest = views.page(HISTORY, prefix="model/m|", after=first.after, limit=1000).rows
    database.admin("DELETE FROM holdpoint.view_history_1 WHERE key = 'model/m|9999999999999999'")
    assert first.rows + rest[:-1] == whole


def test_one_row_with_its_position(views: Views, story: Crafted) -> None:
    position, row = views.row(MODEL_STATUS, "model/m")
    assert position == story.size
    assert row is not None
    assert row["kind"] == "base"
    assert views.row(MODEL_STATUS, "model/nobody") == (story.size, None)


@pytest.mark.parametrize("after", ["", "1", "9|x", "1x|", "-1|x", "1|\N{LATIN SMALL LETTER E WITH ACUTE}", "1|\0"])
def test_a_cursor_that_we_never_gave_is_malformed(views: Views, after: str) -> None:
    with pytest.raises(Malformed, match="cursor-form"):
        views.page(HISTORY, after=after)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_pages_are_bounded(views: Views, limit: int) -> None:
    with pytest.raises(Malformed, match="page-limit"):
        views.page(HISTORY, limit=limit)


def test_an_unreachable_database_is_a_fault() -> None:
    with pytest.raises(Fault, match="database-unreachable"):
        Views("host=/nowhere dbname=x").row(HISTORY, "k")
