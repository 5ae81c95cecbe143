-- The only ways in: SECURITY DEFINER, search_path = pg_catalog, every name qualified (access.md §7).

-- Moves the head from old_size by compare and swap and inserts what follows from it. Returns new_size 0 and writes nothing
-- where old_size is stale. Writes no note and notifies nobody: nothing of an uncommitted tree is ever signed.
-- Withheld fields come with their events, `field_rows` counting these from 1; what a `disclosure.erased` names goes with it.
CREATE FUNCTION holdpoint.append_batch(
    old_size bigint, entries bytea[], event_ids uuid[], streams text[], versions bigint[], topics text[],
    recorded_at text, tile_levels smallint[], tile_ns bigint[], tile_hashes bytea[], frontier bytea, root bytea,
    submissions integer, field_rows integer[] DEFAULT '{}', field_digests bytea[] DEFAULT '{}',
    field_names text[] DEFAULT '{}', ciphertexts bytea[] DEFAULT '{}', wrapped_keys bytea[] DEFAULT '{}',
    wrapping_key text DEFAULT '', retained_until text DEFAULT '',
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
       OR cardinality(tile_hashes) <> cardinality(tile_levels)
       OR cardinality(field_digests) <> cardinality(field_rows) OR cardinality(field_names) <> cardinality(field_rows)
       OR cardinality(ciphertexts) <> cardinality(field_rows) OR cardinality(wrapped_keys) <> cardinality(field_rows)
       OR EXISTS (SELECT 1 FROM unnest(field_rows) AS u (n) WHERE n NOT BETWEEN 1 AND rows_in) THEN
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
    IF cardinality(field_rows) > 0 THEN
        INSERT INTO holdpoint.wrapping (key_id) VALUES (wrapping_key) ON CONFLICT DO NOTHING;
        PERFORM 1 FROM holdpoint.wrapping AS w WHERE w.key_id = wrapping_key FOR SHARE;  -- a rotation waits for us, or we for it
        IF NOT FOUND THEN
            RAISE EXCEPTION 'holdpoint: this ledger wraps by another key than %', wrapping_key USING ERRCODE = 'HP006';
        END IF;
        INSERT INTO holdpoint.disclosure (notification_id, digest, field, ciphertext, wrapped_key, key_id, retained_until)
        SELECT old_size + u.n, u.digest, u.field, u.ciphertext, u.wrapped, wrapping_key, append_batch.retained_until
          FROM unnest(field_rows, field_digests, field_names, ciphertexts, wrapped_keys)
               AS u (n, digest, field, ciphertext, wrapped);
    END IF;
    IF 'urn:holdpoint:event:disclosure.erased:1' = ANY (topics) THEN
        PERFORM holdpoint.erase_disclosures(e.notification_id) FROM holdpoint.event AS e
          WHERE e.notification_id > old_size AND e.topic = 'urn:holdpoint:event:disclosure.erased:1';
    END IF;
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

-- The rows that an erasure names: entries `first` to `last` of one stream, by event type and field. It is given the signed
-- body, so that nobody can erase by words that nobody signed.
CREATE FUNCTION holdpoint.named_for_erasure(body jsonb, OUT notification_id bigint, OUT digest bytea, OUT retained_until text)
    RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT d.notification_id, d.digest, d.retained_until
      FROM holdpoint.disclosure AS d
      JOIN holdpoint.event AS e ON e.notification_id = d.notification_id
      JOIN jsonb_array_elements(body -> 'classes') AS c (class)
        ON c.class ->> 'type' = split_part(e.topic, ':', 4) AND c.class -> 'fields' ? d.field
     WHERE e.stream = body ->> 'stream'
       AND d.notification_id BETWEEN (body ->> 'first')::bigint + 1 AND (body ->> 'last')::bigint + 1
$$;

-- Called by append_batch alone, and only for a `disclosure.erased` of this very transaction: what it erases stands in the entry.
-- Refused while any of it is retained, by the entry's time and by the database's own clock: a forged time erases nothing early.
CREATE FUNCTION holdpoint.erase_disclosures(erased_id bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    said jsonb;
    recorded text;
    kept text;
    gone bigint;
BEGIN
    SELECT convert_from(decode(convert_from(e.state, 'UTF8')::jsonb #>> '{envelope,payload}', 'base64'), 'UTF8')::jsonb
           #> '{predicate,body}', e.recorded_at
      INTO said, recorded FROM holdpoint.event AS e
     WHERE e.notification_id = erased_id AND e.xmin = pg_current_xact_id()::xid
       AND e.topic = 'urn:holdpoint:event:disclosure.erased:1';
    IF NOT FOUND OR (said ->> 'last')::bigint >= erased_id - 1 THEN
        RAISE EXCEPTION 'holdpoint: no disclosure.erased of this transaction' USING ERRCODE = 'HP005';
    END IF;
    SELECT max(n.retained_until COLLATE "C") INTO kept FROM holdpoint.named_for_erasure(said) AS n;
    IF kept COLLATE "C" > recorded OR kept COLLATE "C"
       > to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') THEN
        RAISE EXCEPTION 'holdpoint: retained until %', kept USING ERRCODE = 'HP007';
    END IF;
    DELETE FROM holdpoint.disclosure AS d USING holdpoint.named_for_erasure(said) AS n
     WHERE d.notification_id = n.notification_id AND d.digest = n.digest;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
