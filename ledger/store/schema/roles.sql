-- Roles of a Holdpoint database (access.md §7). Run once as a superuser, connected to the ledger's own database:
--     psql -v ON_ERROR_STOP=1 -d holdpoint -f deploy/postgres/roles.sql
-- Login roles get their passwords from you (SCRAM-SHA-256), and TLS is for the server's configuration.

DO $$
DECLARE r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['holdpoint_owner', 'holdpoint_migrator', 'holdpoint_appender', 'holdpoint_projector',
                             'holdpoint_reader'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = r) THEN
            EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION %s', r,
                           CASE r WHEN 'holdpoint_owner' THEN 'NOLOGIN' ELSE 'LOGIN CONNECTION LIMIT 20' END);
        END IF;
    END LOOP;
    FOREACH r IN ARRAY ARRAY['holdpoint_appender', 'holdpoint_projector', 'holdpoint_reader'] LOOP
        EXECUTE format('ALTER ROLE %I SET search_path = pg_catalog', r);
        EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', r, '5s');
        EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', r, '2s');
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', r, '5s');
        EXECUTE format('ALTER ROLE %I SET synchronous_commit = %L', r, 'on');
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO holdpoint_migrator, holdpoint_appender, holdpoint_projector,
                    holdpoint_reader', current_database());
END $$;

GRANT holdpoint_owner TO holdpoint_migrator;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS holdpoint AUTHORIZATION holdpoint_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE holdpoint_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
