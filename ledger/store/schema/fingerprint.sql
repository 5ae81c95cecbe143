-- One line per fact of schema `holdpoint` that guards evidence; the same on every PostgreSQL from 15 on and for every role
-- (catalogs alone: information_schema hides what the reader may not touch). Read by ledger/store/migrate.py.
-- Tables named view_… are caches that come and go with a release's projections, and guard nothing: they are left out.
SELECT string_agg(f.item, E'\n' ORDER BY f.item COLLATE "C") FROM (
  SELECT 'schema ' || r.rolname || ' ' || coalesce((
         SELECT string_agg(coalesce(g.rolname, 'PUBLIC') || '=' || a.privilege_type, ','
                           ORDER BY coalesce(g.rolname, 'PUBLIC'), a.privilege_type)
           FROM aclexplode(n.nspacl) a LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee), '') AS item
    FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
   WHERE n.nspname = 'holdpoint'
  UNION ALL
  SELECT 'table ' || c.relname || ' ' || c.relkind::text || ' ' || r.rolname || ' rls=' || c.relrowsecurity::text || ' ' ||
         coalesce((SELECT string_agg(coalesce(g.rolname, 'PUBLIC') || '=' || a.privilege_type, ','
                                     ORDER BY coalesce(g.rolname, 'PUBLIC'), a.privilege_type)
                     FROM aclexplode(c.relacl) a LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
                    WHERE a.privilege_type <> 'MAINTAIN'), '')  -- new in PostgreSQL 17, the owner's alone
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
   WHERE c.relnamespace = 'holdpoint'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
     AND c.relname NOT LIKE 'view\_%'
  UNION ALL
  SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' null='
         || (NOT a.attnotnull)::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' '
         || coalesce(array_to_string(a.attacl, ','), '')
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE c.relnamespace = 'holdpoint'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
     AND c.relname NOT LIKE 'view\_%'
  UNION ALL
  SELECT 'constraint ' || t.relname || ' ' || c.contype::text || ' ' || pg_get_constraintdef(c.oid)
    FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
   WHERE c.connamespace = 'holdpoint'::regnamespace AND c.contype <> 'n'  -- NOT NULL is told by its column
     AND t.relname NOT LIKE 'view\_%'
  UNION ALL
  SELECT 'function ' || p.proname || ' ' || pg_get_function_identity_arguments(p.oid) || ' definer=' || p.prosecdef::text
         || ' ' || r.rolname || ' ' || coalesce(array_to_string(p.proconfig, ','), '') || ' ' || md5(p.prosrc) || ' ' ||
         coalesce((SELECT string_agg(coalesce(g.rolname, 'PUBLIC'), ',' ORDER BY coalesce(g.rolname, 'PUBLIC'))
                     FROM aclexplode(p.proacl) a LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee), 'everyone')
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
   WHERE p.pronamespace = 'holdpoint'::regnamespace
  UNION ALL
  SELECT 'trigger ' || c.relname || ' ' || t.tgname || ' ' || t.tgenabled::text || ' ' || t.tgtype::text || ' ' || p.proname
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
   WHERE c.relnamespace = 'holdpoint'::regnamespace AND NOT t.tgisinternal AND c.relname NOT LIKE 'view\_%'
  UNION ALL
  SELECT 'rule ' || r.tablename || ' ' || r.rulename FROM pg_catalog.pg_rules r WHERE r.schemaname = 'holdpoint' AND r.tablename NOT LIKE 'view\_%'
) AS f
