"""Hazard C: same setting, two applications in a schema: one function, so events land in the other's table. Ours stay apart."""

from tests.conftest import LedgerDatabase, fresh_database
from tests.faults.stock import events, ours, sql, stock, stock_event


def test_stock_events_land_in_the_other_table(ledger_database: LedgerDatabase) -> None:
    with (
        stock(ledger_database, "first", enable_db_functions=True) as first,
        stock(ledger_database, "second", enable_db_functions=True) as second,
    ):
        first.insert_events([stock_event()])
        assert first.max_notification_id() is None, "mended upstream: look at log.md §1 again"
        assert second.max_notification_id() == 1


def test_two_logs_side_by_side_stay_apart(ledger_database: LedgerDatabase) -> None:
    neighbour = fresh_database(ledger_database.server)
    with ours(ledger_database) as mine, ours(neighbour) as theirs:
        assert mine.insert_events(events(3)) == [1, 2, 3]
        assert theirs.max_notification_id() is None
        assert theirs.insert_events(events(1)) == [1]
        assert (mine.max_notification_id(), theirs.max_notification_id()) == (3, 1)


def test_a_table_of_the_same_name_elsewhere_gets_nothing(ledger_database: LedgerDatabase) -> None:
    with sql(ledger_database) as admin:
        admin.execute("CREATE TABLE public.event (LIKE holdpoint.event)")
        admin.execute(
            "GRANT ALL ON SCHEMA public TO holdpoint_appender; GRANT ALL ON public.event TO holdpoint_appender"
        )
        admin.execute("ALTER ROLE holdpoint_appender IN DATABASE " + ledger_database.name + " SET search_path = public")
        with ours(ledger_database) as recorder:
            assert recorder.insert_events(events(2)) == [1, 2]
        assert admin.execute("SELECT count(*) FROM public.event").fetchone() == (0,)
