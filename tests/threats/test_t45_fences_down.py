"""T45: the fences taken down by a superuser: found at the next start and by fsck, even when nothing was changed behind them."""

import psycopg
import pytest

from api.fsck import fsck
from ledger.store.migrate import SCHEMA, fingerprint, migrate
from tests.threats.storage import Copy

FENCES = {
    "trigger off": "ALTER TABLE holdpoint.event DISABLE TRIGGER insert_only",
    "trigger only for origin": "ALTER TABLE holdpoint.event ENABLE TRIGGER insert_only",
    "trigger dropped": "DROP TRIGGER never_emptied ON holdpoint.tile",
    "function replaced": "CREATE OR REPLACE FUNCTION holdpoint.refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " SET search_path = pg_catalog AS 'BEGIN RETURN NEW; END'",
    "append_batch replaced": "CREATE OR REPLACE FUNCTION holdpoint.put_note(note_size bigint, note_text text) RETURNS void"
    " LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN RETURN; END'",
    "right given": "GRANT UPDATE ON holdpoint.event TO holdpoint_appender",
    "right given to all": "GRANT SELECT ON holdpoint.disclosure TO PUBLIC",
    "rule": "CREATE RULE quiet AS ON DELETE TO holdpoint.event DO INSTEAD NOTHING",
    "row security": "ALTER TABLE holdpoint.event ENABLE ROW LEVEL SECURITY",
    "constraint dropped": "ALTER TABLE holdpoint.event DROP CONSTRAINT event_leaf_hash_check",
    "column added": "ALTER TABLE holdpoint.event ADD COLUMN hidden text",
    "owner changed": "ALTER TABLE holdpoint.event OWNER TO holdpoint_appender",
    "table dropped": "DROP TABLE holdpoint.cosignature",
}


@pytest.mark.parametrize("fence", sorted(FENCES))
def test_attack_fence_down(copy: Copy, fence: str) -> None:
    with psycopg.connect(copy.url, autocommit=True) as conn:
        conn.execute(FENCES[fence])
    found = copy.look()
    assert found.start in ("schema-changed", "database-error")
    assert found.problems[0].rule == "schema-changed"


PAST = {
    "replica mode": "SET session_replication_role = replica; UPDATE holdpoint.event SET stream = 'model/x' WHERE notification_id = 39",
    "ALTER … USING": "ALTER TABLE holdpoint.event ALTER COLUMN recorded_at TYPE text USING '2020-01-01T00:00:00.000000Z'",
}


def test_attack_replica_mode_does_not_pass_the_triggers(copy: Copy) -> None:
    """They are ENABLE ALWAYS."""
    with psycopg.connect(copy.url, autocommit=True) as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute(PAST["replica mode"])
    assert caught.value.sqlstate == "HP001"


def test_attack_alter_using_passes_them_and_the_tree_does_not_care(copy: Copy) -> None:
    """A rewrite of a column by ALTER fires no trigger and leaves the fingerprint as it was: what is compared with the entries finds it."""
    with psycopg.connect(copy.url, autocommit=True) as conn:
        conn.execute(PAST["ALTER … USING"])
        assert fingerprint(conn) == SCHEMA
    assert {p.rule for p in fsck(copy.folder)} == {"column-mismatch"}


def test_honest_migrate_leaves_the_fences_up(copy: Copy) -> None:
    assert migrate(copy.url.replace("user=postgres", "user=holdpoint_migrator")) == []
    found = copy.look()
    assert (found.start, found.problems) == (None, [])
