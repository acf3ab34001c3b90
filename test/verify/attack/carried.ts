import { quoteIdent, quoteLiteral } from '../../../src/core/identifiers.js';
import { type Attack, family, type Outcome, type Places, type Row } from './attack.js';

/** Through the functions and views that came from the legacy database, where they were a superuser's. */
export function carriedAttacks({ own, other }: Places): Attack[] {
  const [me, them] = [quoteIdent(own.login), quoteIdent(other.login)];
  const through = (sql: string, expected: Outcome): Row => [
    ['BEGIN', `SELECT public.run_sql(${quoteLiteral(sql)})`],
    expected,
  ];
  const elsewhere = (database: string): Row => [
    `SELECT public.elsewhere(${quoteLiteral(`dbname=${database}`)}, 'SELECT name FROM public.patients')`,
    '42883',
  ];
  return [
    ...family('functions that ran as a superuser', [
      ["SELECT public.read_file('PG_VERSION')", '42501'],
      ["SELECT public.list_files('.')", '42501'],
      ["SELECT public.shell('id')", '42501'],
      elsewhere(other.database),
      elsewhere('postgres'),
      through("SELECT pg_catalog.pg_read_file('PG_VERSION')", '42501'),
      through("COPY public.patients TO '/tmp/planted'", '42501'),
      through("COPY public.patients TO PROGRAM 'id'", '42501'),
      through('CREATE ROLE planted', '42501'),
      through(`ALTER ROLE ${me} SUPERUSER`, '42501'),
      through(`ALTER ROLE ${quoteIdent(own.owner)} LOGIN`, '42501'),
      through(`GRANT ${quoteIdent(own.owner)} TO ${me}`, '42501'),
      through(`GRANT ${quoteIdent(other.owner)} TO ${me}`, '42501'),
      through('SET ROLE postgres', '42501'),
      through('CREATE EXTENSION dblink', '42501'),
      through('CREATE EXTENSION postgres_fdw', '42501'),
      through('CREATE FOREIGN DATA WRAPPER planted', '42501'),
      through("CREATE FUNCTION public.planted() RETURNS int LANGUAGE c AS 'planted'", '42501'),
      through('CREATE EVENT TRIGGER planted ON ddl_command_end EXECUTE FUNCTION public.seen()', '42501'),
      through(
        "CREATE SUBSCRIPTION planted CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)",
        '42501',
      ),
      through('CREATE PUBLICATION planted FOR ALL TABLES', '42501'),
      through(`ALTER DATABASE ${quoteIdent(other.database)} SET search_path = 'planted'`, '42501'),
      through(`ALTER DATABASE ${quoteIdent(own.database)} SET session_preload_libraries = 'x'`, '42501'),
      through(`GRANT CONNECT ON DATABASE ${quoteIdent(other.database)} TO ${me}`, '42501'),
      through("ALTER SYSTEM SET work_mem = '1MB'", '25001'),
      through('SELECT 1 FROM pg_catalog.pg_authid', '42501'),
      through(
        `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = ${quoteLiteral(other.login)}`,
        '42501',
      ),
      [
        `SELECT t FROM public.ask_sql('SELECT query FROM pg_catalog.pg_stat_activity') AS t
          WHERE t <> '' AND t <> '<insufficient privilege>' AND t !~ 'ask_sql'`,
        'sees nothing',
      ],
      [
        "SELECT t FROM public.ask_sql('SELECT name FROM public.patients') AS t WHERE t !~ ' of @KEY@$'",
        'sees nothing',
      ],
      through(`GRANT SELECT ON public.patients TO ${them}`, 'may'),
    ]),
    ...family('views that ran as a superuser', [
      ['SELECT * FROM public.version_file', '42501'],
      ['SELECT * FROM public.passwords', '42501'],
      [
        "SELECT * FROM public.watched WHERE login <> current_user AND query <> '' AND query <> '<insufficient privilege>'",
        'sees nothing',
      ],
      ["SELECT * FROM public.everybody WHERE name !~ ' of @KEY@$' OR note !~ ' of @KEY@$'", 'sees nothing'],
      ['SELECT * FROM public.counted WHERE company_id::text <> $$@KEY@$$', 'sees nothing'],
      ['SELECT * FROM public.far_logins', '42P01'],
      ['SELECT * FROM public.passwd', '42P01'],
    ]),
    ...family('extensions that reach out', [
      ["SELECT dblink_connect('dbname=postgres')", '42883'],
      [`SELECT * FROM dblink('dbname=${other.database}', 'SELECT 1') AS d(n int)`, '42883'],
      ["SELECT dblink_connect_u('planted', 'dbname=postgres')", '42883'],
      ['SELECT * FROM postgres_fdw_get_connections()', '42883'],
    ]),
  ];
}
