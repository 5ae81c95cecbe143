-- Least privilege (access.md §7). The roles themselves are made by deploy/postgres/roles.sql before any migration.
REVOKE ALL ON ALL TABLES IN SCHEMA holdpoint FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA holdpoint FROM PUBLIC;
GRANT USAGE ON SCHEMA holdpoint TO holdpoint_appender, holdpoint_projector, holdpoint_reader;

GRANT SELECT ON holdpoint.event, holdpoint.event_id, holdpoint.tile, holdpoint.checkpoint, holdpoint.cosignature,
    holdpoint.timestamp_token, holdpoint.head, holdpoint.stream, holdpoint.note, holdpoint.snapshot, holdpoint.migration
    TO holdpoint_appender;
GRANT INSERT ON holdpoint.cosignature, holdpoint.timestamp_token, holdpoint.snapshot TO holdpoint_appender;
GRANT EXECUTE ON FUNCTION holdpoint.append_batch, holdpoint.lock_head, holdpoint.put_note TO holdpoint_appender;
-- Ciphertexts are read by the one process that may hold the wrapping key, and by no replica, view or exporter.
GRANT SELECT ON holdpoint.disclosure, holdpoint.wrapping TO holdpoint_appender;
GRANT EXECUTE ON FUNCTION holdpoint.named_for_erasure TO holdpoint_appender;

GRANT SELECT ON holdpoint.event TO holdpoint_projector;
GRANT SELECT, INSERT, UPDATE, DELETE ON holdpoint.tracking TO holdpoint_projector;

GRANT SELECT ON holdpoint.event, holdpoint.event_id, holdpoint.tile, holdpoint.checkpoint, holdpoint.cosignature,
    holdpoint.timestamp_token, holdpoint.head, holdpoint.stream, holdpoint.note, holdpoint.tracking,
    holdpoint.migration TO holdpoint_reader;
