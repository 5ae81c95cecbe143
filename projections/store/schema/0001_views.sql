-- Views (log.md §3): one table per projection version, rows by key. They are a cache: emptied and folded again at will.
-- Keys are ASCII and compared as bytes, so that a prefix is a range on every server, whatever its locale.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'view_decisions_1', 'view_frameworks_1', 'view_history_1', 'view_keys_1', 'view_model_status_1', 'view_obligations_1',
        'view_safeguards_1', 'view_thresholds_1'
    ] LOOP
        EXECUTE format('CREATE TABLE holdpoint.%I (
            key  text COLLATE "C" PRIMARY KEY,
            rank smallint NOT NULL CHECK (rank BETWEEN 0 AND 3),  -- first, listed, detail, for folds alone
            row  json     NOT NULL)', t);  -- verbatim: a view folded again has the same bytes
        IF t NOT LIKE 'view_history%' THEN  -- its rows are all of one rank
            EXECUTE format('CREATE INDEX ON holdpoint.%I (rank, key)', t);
        END IF;
        EXECUTE format('REVOKE ALL ON holdpoint.%I FROM PUBLIC', t);
        -- TRUNCATE, so that a rebuild empties a view and sets its position back in one transaction.
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON holdpoint.%I TO holdpoint_projector', t);
        EXECUTE format('GRANT SELECT ON holdpoint.%I TO holdpoint_reader', t);
    END LOOP;
END $$;

-- A view that stopped before an event it can't fold: which, and by what rule. Never the event's text.
CREATE TABLE holdpoint.view_stop (
    application_name text   PRIMARY KEY,
    notification_id  bigint NOT NULL CHECK (notification_id > 0),
    rule             text   NOT NULL
);
REVOKE ALL ON holdpoint.view_stop FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON holdpoint.view_stop TO holdpoint_projector;
GRANT SELECT ON holdpoint.view_stop TO holdpoint_reader;
