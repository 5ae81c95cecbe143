-- Evidence, insert-only, and the state that moves with it (log.md §3). Applied by `holdpoint migrate` as holdpoint_owner.

CREATE TABLE holdpoint.event (
    notification_id bigint PRIMARY KEY CHECK (notification_id > 0),  -- leaf index + 1
    stream          text   NOT NULL,
    stream_version  bigint NOT NULL CHECK (stream_version > 0),
    topic           text   NOT NULL,
    state           bytea  NOT NULL CHECK (octet_length(state) BETWEEN 1 AND 65535),  -- the entry, verbatim
    leaf_hash       bytea  NOT NULL CHECK (octet_length(leaf_hash) = 32),
    recorded_at     text   NOT NULL
) WITH (toast_tuple_target = 8160);  -- up to 8 kB in the row itself: base64 hardly shrinks, the detour cost a third of an insert
CREATE INDEX event_stream ON holdpoint.event (stream, stream_version);
CREATE INDEX event_topic ON holdpoint.event (topic, notification_id);

CREATE TABLE holdpoint.event_id (
    event_id        uuid   PRIMARY KEY,
    notification_id bigint NOT NULL
);

CREATE TABLE holdpoint.tile (
    level  smallint NOT NULL,
    n      bigint   NOT NULL,
    hashes bytea    NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (level, n)
);

CREATE TABLE holdpoint.checkpoint (
    size bigint PRIMARY KEY CHECK (size > 0),
    root bytea  NOT NULL CHECK (octet_length(root) = 32)
);

CREATE TABLE holdpoint.cosignature (
    size    bigint NOT NULL,
    witness text   NOT NULL,
    line    text   NOT NULL,
    PRIMARY KEY (size, witness)
);

CREATE TABLE holdpoint.timestamp_token (
    size      bigint NOT NULL,
    authority text   NOT NULL,
    token     bytea  NOT NULL,
    PRIMARY KEY (size, authority)
);

CREATE TABLE holdpoint.snapshot (
    size   bigint PRIMARY KEY,
    digest bytea  NOT NULL CHECK (octet_length(digest) = 32),
    state  bytea  NOT NULL
);

-- State, moved in place by the functions below and by nothing else.
CREATE TABLE holdpoint.stream (
    name    text   PRIMARY KEY,
    version bigint NOT NULL,
    head    bytea  NOT NULL CHECK (octet_length(head) = 32)
);

CREATE TABLE holdpoint.head (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    size     bigint  NOT NULL CHECK (size >= 0),
    frontier bytea   NOT NULL,
    root     bytea   NOT NULL CHECK (octet_length(root) = 32)
);
INSERT INTO holdpoint.head (size, frontier, root) VALUES (0, '', sha256(''));

CREATE TABLE holdpoint.note (
    size bigint NOT NULL,
    text text   NOT NULL,
    PRIMARY KEY (size)
);

-- Erasable: withheld fields, encrypted by the service with keys that no database holds (access.md §6). `field` is the member
-- of the body that the disclosure opens, or stands in; `wrapped_key` its own data key under the wrapping key `key_id`.
CREATE TABLE holdpoint.disclosure (
    notification_id bigint NOT NULL,
    digest          bytea  NOT NULL CHECK (octet_length(digest) = 32),
    field           text   NOT NULL CHECK (field <> ''),
    ciphertext      bytea  NOT NULL CHECK (octet_length(ciphertext) > 28),
    wrapped_key     bytea  NOT NULL CHECK (octet_length(wrapped_key) = 40),
    key_id          text   NOT NULL CHECK (key_id <> ''),
    retained_until  text   NOT NULL,
    PRIMARY KEY (notification_id, digest)
);

-- Which wrapping key is in use: two services on one database can't wrap by two keys unknown to each other.
CREATE TABLE holdpoint.wrapping (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    key_id text    NOT NULL CHECK (key_id <> '')
);

-- A fence against mistakes, not against administrators: the tree and the anchor find what passes it.
CREATE FUNCTION holdpoint.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'holdpoint: % on evidence table %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'HP001';
END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['event', 'event_id', 'tile', 'checkpoint', 'cosignature', 'timestamp_token'] LOOP
        EXECUTE format('CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON holdpoint.%I
                        FOR EACH ROW EXECUTE FUNCTION holdpoint.refuse_change()', t);
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON holdpoint.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION holdpoint.refuse_change()', t);
        EXECUTE format('ALTER TABLE holdpoint.%I ENABLE ALWAYS TRIGGER insert_only', t);
        EXECUTE format('ALTER TABLE holdpoint.%I ENABLE ALWAYS TRIGGER never_emptied', t);
    END LOOP;
END $$;
