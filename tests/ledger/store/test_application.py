"""The log as eventsourcing's application: real entries through its store and repository, closed to all of its settings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from eventsourcing.persistence import ProgrammingError

from api.session import Session
from api.wiring import Ledger, open_ledger, opened
from ledger.errors import Fault, Malformed
from ledger.events import model
from ledger.registry import BY_TOPIC
from ledger.store.application import FOREIGN_SETTINGS, LedgerApplication, Recorded, VerbatimMapper, read_recorded
from ledger.store.desk import Desk
from tests.conftest import copy_of
from tests.ledger.store.batches import TOPIC


@pytest.fixture(scope="module")
def story(told_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The story, open; these tests read."""
    ledger = open_ledger(copy_of(told_folder, tmp_path_factory.mktemp("story") / "ledger"))
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def told(story: Ledger) -> list[Recorded]:
    """The story's entries, decoded."""
    return [read_recorded(row.entry, BY_TOPIC) for row in story.desk.read_entries(0, story.appender.size)]


def groups(told: list[Recorded]) -> list[list[Recorded]]:
    """As they were committed: entries of one recorded time."""
    out: list[list[Recorded]] = []
    for event in told:
        if out and out[-1][0].recorded_at == event.recorded_at:
            out[-1].append(event)
        else:
            out.append([event])
    return out


def test_a_real_log_through_eventsourcing_gives_the_same_tree(told: list[Recorded], story: Ledger, desk: Desk) -> None:
    size, root = story.appender.size, story.desk.read_head().root
    store = LedgerApplication(desk, BY_TOPIC).events
    ids = [r.notification.id for group in groups(told) for r in store.put(group)]
    assert ids == list(range(1, size + 1))
    assert desk.read_head().root == root
    for stream in {e.originator_id for e in told}:
        assert list(store.get(stream)) == [e for e in told if e.originator_id == stream]


def test_mapper_passes_bytes_on_and_refuses_what_they_do_not_say(told: list[Recorded]) -> None:
    mapper = VerbatimMapper(BY_TOPIC)
    for event in told:
        stored = mapper.to_stored_event(event)
        assert stored.state is event.entry
        assert mapper.to_domain_event(stored) == event
    stored = mapper.to_stored_event(told[5])
    for bent in (
        replace(stored, originator_id="model/other"),
        replace(stored, originator_version=99),
        replace(stored, topic=told[0].topic if told[0].topic != stored.topic else TOPIC),
        replace(stored, state=stored.state[:-1]),
        replace(stored, state=stored.state + b" "),
    ):
        with pytest.raises(Malformed):
            mapper.to_domain_event(bent)
    with pytest.raises(Malformed, match="entry-mismatch"):
        mapper.to_stored_event(replace(told[5], originator_version=99))
    with pytest.raises(Malformed, match="not-an-entry"):
        mapper.to_stored_event(stored)  # type: ignore[arg-type]  # that is the point


def test_topics_are_closed_and_never_imported(told: list[Recorded]) -> None:
    few = {told[0].topic: BY_TOPIC[told[0].topic]}
    with pytest.raises(Malformed, match="topic-unknown"):
        VerbatimMapper(few).to_domain_event(VerbatimMapper(BY_TOPIC).to_stored_event(told[3]))


def test_entries_and_streams_are_read_through_the_store(story: Ledger, told: list[Recorded]) -> None:
    assert [story.log.entry(i) for i in range(len(told))] == told
    assert story.log.entry(len(told)) is None
    for stream in {e.originator_id for e in told}:
        mine = [e for e in told if e.originator_id == stream]
        assert list(story.log.stream(stream)) == mine
        assert list(story.log.stream(stream, after=1, limit=2)) == mine[1:3]
    assert list(story.log.stream("model/nobody")) == []


def test_the_repository_folds_a_stream(story: Ledger, told: list[Recorded]) -> None:
    stream = next(e.originator_id for e in told if e.originator_id.startswith("model/"))
    versions = story.log.fold(stream, list[int], lambda seen, e: [*seen, e.originator_version])
    assert versions == [e.originator_version for e in told if e.originator_id == stream]
    assert story.log.fold("model/nobody", list[int], lambda seen, _e: seen) is None


def test_the_appender_commits_through_the_recorder(ledger: Ledger) -> None:
    """A subscription of the recorder is woken by what the appender admits: they are one way to write."""
    before, recorder = ledger.appender.size, ledger.appender._recorder
    with recorder.subscribe(gt=before) as subscription:
        posted = Session(ledger).say(
            model.Registered, {"kind": "base"}, "model/through-the-recorder", "assessor", subject="ab" * 32
        )
        notification = next(subscription)
    assert (notification.id, notification.topic) == (posted.index + 1, TOPIC)
    assert ledger.log.entry(posted.index) == ledger.log.mapper.to_domain_event(notification)


def test_what_nobody_admitted_cannot_be_saved(story: Ledger, told: list[Recorded]) -> None:
    with pytest.raises(ProgrammingError, match="appender alone"):
        story.log.save(told[1])
    with pytest.raises(Fault, match="append-refused"):  # and the reading side has no right to try
        story.log.recorder.commit(_a_batch(told[1]))
    assert story.appender.size == len(told)


def _a_batch(event: Recorded):
    from ledger.store.rows import Row, make_batch
    from ledger.tile import Edge

    row = Row(event.entry, event.statement.predicate.event_id, event.originator_id, 1, event.topic, bytes(32))
    return make_batch(Edge.empty(), [row], event.recorded_at, 1)[0]


@pytest.mark.parametrize("name", sorted(FOREIGN_SETTINGS))
def test_a_setting_of_the_framework_stops_the_start(story: Ledger, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable in (name, f"HOLDPOINT_{name}"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, "y")
            with pytest.raises(Fault, match="framework-setting"):
                LedgerApplication(story.desk, BY_TOPIC)


def test_a_log_has_no_other_recorders(story: Ledger) -> None:
    factory = story.log.factory
    for ask in (factory.aggregate_recorder, factory.process_recorder, factory.tracking_recorder):
        with pytest.raises(ProgrammingError):
            ask()


def test_a_row_that_is_not_its_bytes_is_not_served(story_folder: Path) -> None:
    with opened(story_folder) as ledger:
        url = ledger.desk._url.replace("holdpoint_reader", "postgres")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("ALTER TABLE holdpoint.event DISABLE TRIGGER ALL")
            admin.execute("UPDATE holdpoint.event SET stream = 'model/other' WHERE notification_id = 3")
        with pytest.raises(Fault, match="entry 2: table event: row-mismatch"):
            ledger.log.entry(2)
        with pytest.raises(Fault, match="row-mismatch"):
            list(ledger.log.stream("model/other"))
