-- The only ways in: four functions, SECURITY DEFINER, search_path = pg_catalog, every name qualified (access.md §7).

-- Moves the head from old_size by compare and swap and inserts what follows from it. Returns new_size 0 and writes nothing
-- where old_size is stale. Writes no note and notifies nobody: nothing of an uncommitted tree is ever signed.
CREATE FUNCTION holdpoint.append_batch(
    old_size bigint, entries bytea[], event_ids uuid[], streams text[], versions bigint[], topics text[],
    recorded_at text, tile_levels smallint[], tile_ns bigint[], tile_hashes bytea[], frontier bytea, root bytea,
    submissions integer,
    OUT new_size bigint, OUT leaf_hashes bytea[], OUT database_now double precision)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    rows_in integer := cardinality(entries);
BEGIN
    database_now := extract(epoch FROM clock_timestamp());
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
        RAISE EXCEPTION 'holdpoint: synchronous_commit is %', current_setting('synchronous_commit') USING ERRCODE = 'HP002';
    END IF;
    IF rows_in < 1 OR rows_in > 2000 OR submissions < 1 OR submissions > 500
       OR cardinality(event_ids) <> rows_in OR cardinality(streams) <> rows_in OR cardinality(versions) <> rows_in
       OR cardinality(topics) <> rows_in OR cardinality(tile_ns) <> cardinality(tile_levels)
       OR cardinality(tile_hashes) <> cardinality(tile_levels) THEN
        RAISE EXCEPTION 'holdpoint: a batch has 1 to 500 submissions and 1 to 2000 rows' USING ERRCODE = 'HP003';
    END IF;
    UPDATE holdpoint.head AS h
       SET size = h.size + rows_in, frontier = append_batch.frontier, root = append_batch.root
     WHERE h.size = old_size;
    IF NOT FOUND THEN
        new_size := 0;
        RETURN;
    END IF;
    new_size := old_size + rows_in;
    WITH put AS (
        INSERT INTO holdpoint.event (notification_id, stream, stream_version, topic, state, leaf_hash, recorded_at)
        SELECT old_size + u.n, u.stream, u.version, u.topic, u.entry, sha256('\x00'::bytea || u.entry),
               append_batch.recorded_at
          FROM unnest(entries, streams, versions, topics) WITH ORDINALITY AS u (entry, stream, version, topic, n)
        RETURNING notification_id, leaf_hash)
    SELECT array_agg(put.leaf_hash ORDER BY put.notification_id) INTO leaf_hashes FROM put;
    INSERT INTO holdpoint.event_id (event_id, notification_id)
    SELECT u.id, old_size + u.n FROM unnest(event_ids) WITH ORDINALITY AS u (id, n);
    INSERT INTO holdpoint.stream AS s (name, version, head)
    SELECT DISTINCT ON (u.stream) u.stream, u.version, leaf_hashes[u.n]
      FROM unnest(streams, versions) WITH ORDINALITY AS u (stream, version, n)
     ORDER BY u.stream, u.n DESC
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, head = excluded.head;
    IF cardinality(tile_levels) > 0 THEN
        INSERT INTO holdpoint.tile (level, n, hashes)
        SELECT u.level, u.n, u.hashes FROM unnest(tile_levels, tile_ns, tile_hashes) AS u (level, n, hashes);
    END IF;
    INSERT INTO holdpoint.checkpoint (size, root) VALUES (new_size, append_batch.root);
END $$;

-- The slow path after a lost race: the row stays locked until the caller's transaction ends.
CREATE FUNCTION holdpoint.lock_head(OUT size bigint, OUT frontier bytea, OUT root bytea)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT h.size, h.frontier, h.root FROM holdpoint.head AS h FOR UPDATE
$$;

-- The first and the hourly note. Its size must be a committed checkpoint's, and its text must say that size and root.
CREATE FUNCTION holdpoint.put_note(note_size bigint, note_text text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    known bytea;
BEGIN
    SELECT c.root INTO known FROM holdpoint.checkpoint AS c WHERE c.size = note_size;
    IF known IS NULL OR split_part(note_text, E'\n', 2) <> note_size::text
       OR split_part(note_text, E'\n', 3) <> encode(known, 'base64') THEN
        RAISE EXCEPTION 'holdpoint: the note is not of a committed checkpoint' USING ERRCODE = 'HP004';
    END IF;
    INSERT INTO holdpoint.note (size, text) VALUES (note_size, note_text)
        ON CONFLICT (size) DO UPDATE SET text = excluded.text;
END $$;

-- Only in the transaction that appended the `disclosure.erased` event, which a later release brings: until then it refuses.
CREATE FUNCTION holdpoint.erase_disclosure(entry_index bigint, field_digest bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    erased bigint;
BEGIN
    SELECT count(*) INTO erased FROM holdpoint.event AS e
     WHERE e.xmin = pg_current_xact_id()::xid AND e.topic = 'urn:holdpoint:event:disclosure.erased:1';
    IF erased = 0 THEN
        RAISE EXCEPTION 'holdpoint: no disclosure.erased in this transaction' USING ERRCODE = 'HP005';
    END IF;
    DELETE FROM holdpoint.disclosure AS d WHERE d.notification_id = entry_index + 1 AND d.digest = field_digest;
    RETURN FOUND;
END $$;
