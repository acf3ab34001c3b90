import { quoteIdent, quoteLiteral } from '../../../src/core/identifiers.js';
import { type Attack, family, type Places } from './attack.js';

/** Other databases, other roles, and rights that a login has not. */
export function roleAttacks({ own, other, central, legacy, template, version }: Places): Attack[] {
  const [me, them] = [quoteIdent(own.login), quoteIdent(other.login)];
  const [mine, theirs] = [quoteIdent(own.database), quoteIdent(other.database)];
  const owner = quoteIdent(own.owner);
  const open = (database: string, expected: string): Attack => ({
    family: 'other databases',
    statements: ['SELECT 1'],
    connect: { database },
    expected,
  });
  const as = (user: string, password: string, database: string): Attack => ({
    family: 'other logins',
    statements: ['SELECT 1'],
    connect: { user, password, database },
    expected: '28P01',
  });
  return [
    open(other.database, '42501'),
    open(central, '42501'),
    open(legacy, '42501'),
    open('template0', '55000'),
    open(template, '55000'),
    as(other.login, 'guess', other.database),
    as(other.owner, 'guess', other.database),
    as(own.owner, 'guess', own.database),
    as('postgres', 'guess', own.database),
    ...family('becoming another', [
      [`SET ROLE ${them}`, '42501'],
      [`SET ROLE ${owner}`, '42501'],
      ['SET ROLE postgres', '42501'],
      ['SET ROLE pg_read_all_data', '42501'],
      [`SET SESSION AUTHORIZATION ${them}`, '42501'],
      [`SET SESSION AUTHORIZATION ${owner}`, '42501'],
      ['SET SESSION AUTHORIZATION postgres', '42501'],
      ["SELECT set_config('role', 'postgres', false)", '42501'],
      ["SELECT set_config('session_authorization', 'postgres', false)", '42501'],
      [`GRANT ${owner} TO ${me}`, '42501'],
      [`GRANT ${them} TO ${me}`, '42501'],
      [`GRANT pg_read_server_files TO ${me}`, '42501'],
      [`GRANT pg_execute_server_program TO ${me}`, '42501'],
      [`GRANT pg_read_all_data, pg_monitor, pg_signal_backend TO ${me}`, '42501'],
      [`REASSIGN OWNED BY ${owner} TO ${me}`, '42501'],
      [`DROP OWNED BY ${owner}`, '42501'],
      [`ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT ALL ON TABLES TO ${me}`, '42501'],
    ]),
    ...family('roles', [
      ['CREATE ROLE planted', '42501'],
      ...['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS', 'INHERIT'].map(
        (attribute) => [`ALTER ROLE ${me} ${attribute}`, '42501'] as const,
      ),
      [`ALTER ROLE ${me} CONNECTION LIMIT 100`, '42501'],
      [`ALTER ROLE ${me} VALID UNTIL 'infinity'`, '42501'],
      [`ALTER ROLE ${me} SET session_preload_libraries = 'x'`, '42501'],
      [`ALTER ROLE ${me} SET log_statement = 'all'`, '42501'],
      [`ALTER ROLE ${them} PASSWORD 'planted'`, '42501'],
      [`ALTER ROLE ${them} SET search_path = 'planted'`, '42501'],
      [`ALTER ROLE ALL SET search_path = 'planted'`, '42501'],
      [`ALTER ROLE ${owner} LOGIN PASSWORD 'planted'`, '42501'],
      ["ALTER ROLE postgres PASSWORD 'planted'", '42501'],
      [`ALTER ROLE ${them} RENAME TO planted`, '42501'],
      [`COMMENT ON ROLE ${me} IS ${quoteLiteral('clinic-migrate')}`, '42501'],
      [`DROP ROLE ${them}`, '42501'],
      [`GRANT ${me} TO ${them}`, '42501'],
    ]),
    ...family('its own affair', [
      [['BEGIN', `ALTER ROLE ${me} PASSWORD 'another'`], 'may'],
      [['BEGIN', `ALTER ROLE ${me} SET work_mem = '1MB'`], 'may'],
      [['BEGIN', `DROP OWNED BY ${me}`], 'may'],
      [['BEGIN', 'LOCK TABLE public.patients IN ACCESS EXCLUSIVE MODE'], 'may'],
      [['BEGIN', "SELECT lo_from_bytea(0, 'x')"], 'may'],
    ]),
    ...family('databases', [
      ['CREATE DATABASE planted', '42501'],
      [`CREATE DATABASE planted TEMPLATE ${theirs}`, '42501'],
      [`ALTER DATABASE ${mine} SET search_path = 'planted'`, '42501'],
      [`ALTER DATABASE ${mine} OWNER TO ${me}`, '42501'],
      [`ALTER DATABASE ${mine} CONNECTION LIMIT 0`, '42501'],
      [`ALTER DATABASE ${mine} RENAME TO planted`, '42501'],
      [`ALTER DATABASE ${theirs} SET search_path = 'planted'`, '42501'],
      [`ALTER DATABASE ${theirs} ALLOW_CONNECTIONS false`, '42501'],
      [`COMMENT ON DATABASE ${mine} IS 'planted'`, '42501'],
      [`DROP DATABASE ${theirs}`, '42501'],
      [`DROP DATABASE ${quoteIdent(central)} WITH (FORCE)`, '42501'],
      [`GRANT CONNECT ON DATABASE ${mine} TO ${them}`, 'is warned'],
      [`GRANT CREATE ON DATABASE ${mine} TO ${me}`, 'is warned'],
      [`GRANT CONNECT ON DATABASE ${theirs} TO ${me}`, '42501'],
      ['REINDEX SYSTEM', version < 16 ? '42601' : '42501'],
      [`REINDEX DATABASE ${mine}`, '42501'],
    ]),
  ];
}
