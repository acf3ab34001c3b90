import type { Finding } from '../../core/finding.js';
import type { Session } from '../../core/ports.js';
import type { ClinicTarget } from '../../provision/types.js';
import { showClinic, showKeys } from '../data/words.js';
import type { VerifyAccessOptions } from './options.js';

const ATTRIBUTES = {
  rolsuper: 'SUPERUSER',
  rolcreatedb: 'CREATEDB',
  rolcreaterole: 'CREATEROLE',
  rolreplication: 'REPLICATION',
  rolbypassrls: 'BYPASSRLS',
} as const;

const PUBLIC_CONNECT = `
  SELECT d.datname::text AS database FROM pg_catalog.pg_database d
   WHERE d.datname = ANY ($1::text[])
     AND EXISTS (SELECT FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS a
                  WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')`;

/** Every login against every database; databases open to all and superusers are reported by themselves. */
const CROSSING = `
  SELECT own.role, other.database
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS own (role, database)
    JOIN pg_catalog.pg_roles g ON g.rolname = own.role AND NOT g.rolsuper
   CROSS JOIN pg_catalog.unnest($2::text[]) AS other (database)
    JOIN pg_catalog.pg_database d ON d.datname = other.database
   WHERE own.database <> other.database AND other.database <> ALL ($3::text[])
     AND pg_catalog.has_database_privilege(g.oid, d.oid, 'CONNECT')
   ORDER BY 1, 2`;

const OWNED = `
  SELECT r.rolname::text AS role, count(*)::int AS objects,
         (pg_catalog.array_agg(DISTINCT s.classid::regclass::text || ' in ' || coalesce(d.datname, 'the server')))[1:5] AS samples
    FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
   WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.deptype = 'o' AND r.rolname = ANY ($1::text[])
   GROUP BY 1 ORDER BY 1`;

const MEMBERSHIPS = `
  SELECT m.rolname::text AS role, pg_catalog.array_agg(DISTINCT g.rolname::text) AS groups
    FROM pg_catalog.pg_auth_members a
    JOIN pg_catalog.pg_roles m ON m.oid = a.member JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
   WHERE m.rolname = ANY ($1::text[]) GROUP BY 1 ORDER BY 1`;

/** pg_db_role_setting is for everybody to read, whatever database it is of. Never selects a value. */
const SECRETS = `
  SELECT pg_catalog.split_part(c.setting, '=', 1) AS name, d.datname::text AS database, r.rolname::text AS role
    FROM pg_catalog.pg_db_role_setting s
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
   CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
   WHERE pg_catalog.split_part(c.setting, '=', 1) ~* '\\..*(passw|pwd|secret|token|credential|private|api_?key|jwt|encrypt)'
      OR c.setting ~ '://[^/@ ]*:[^/@ ]*@'
   ORDER BY 1, 2, 3`;

/** What the catalogs of one server say of the clinics on it, in a fixed number of queries however many they are. */
export async function serverFindings(
  { databases }: VerifyAccessOptions,
  targets: readonly [ClinicTarget, ...ClinicTarget[]],
): Promise<Finding[]> {
  const session = await databases.connect(targets[0].adminUrl, { readOnly: true });
  try {
    return [
      ...(await attributeFindings(session, targets)),
      ...(await grantFindings(session, targets)),
      ...(await ownershipFindings(session, targets)),
      ...(await membershipFindings(session, targets)),
      ...(await secretFindings(session)),
    ];
  } finally {
    await session.close();
  }
}

async function attributeFindings(session: Session, targets: readonly ClinicTarget[]): Promise<Finding[]> {
  const rows = await session.query<{ role: string } & Record<keyof typeof ATTRIBUTES, boolean>>(
    `SELECT rolname::text AS role, ${Object.keys(ATTRIBUTES).join(', ')}
       FROM pg_catalog.pg_roles WHERE rolname = ANY ($1::text[])`,
    [rolesOf(targets)],
  );
  const byRole = new Map(rows.map((row) => [row.role, row]));
  return targets.flatMap((target): Finding[] => {
    const row = byRole.get(target.role);
    if (row === undefined) return [finding('ACCESS_ROLE_MISSING', target, 'does not exist on its server')];
    const held = (Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[]).filter((name) => row[name]);
    if (held.length === 0) return [];
    const words = held.map((name) => ATTRIBUTES[name]).join(', ');
    return [finding('ACCESS_ROLE_ATTRIBUTE', target, `has ${words}`)];
  });
}

async function grantFindings(session: Session, targets: readonly ClinicTarget[]): Promise<Finding[]> {
  const names = targets.map(({ database }) => database);
  const open = (await session.query<{ database: string }>(PUBLIC_CONNECT, [names])).map(
    (row) => row.database,
  );
  const crossing = await session.query<{ role: string; database: string }>(CROSSING, [
    rolesOf(targets),
    names,
    open,
  ]);
  const byRole = new Map<string, string[]>();
  for (const { role, database } of crossing) byRole.set(role, [...(byRole.get(role) ?? []), database]);
  const publics = targets
    .filter(({ database }) => open.includes(database))
    .map(
      (target): Finding => ({
        code: 'ACCESS_PUBLIC',
        severity: 'error',
        subject: target.database,
        message: `${showClinic(target.clinic)}: every login of the server may connect to its database ${target.database}`,
      }),
    );
  return [
    ...publics,
    ...perRole(targets, byRole, (target, others) =>
      finding('ACCESS_CROSS_CONNECT', target, `may connect to ${showKeys(others, others.length)}`),
    ),
  ];
}

async function ownershipFindings(session: Session, targets: readonly ClinicTarget[]): Promise<Finding[]> {
  const rows = await session.query<{ role: string; objects: number; samples: string[] }>(OWNED, [
    rolesOf(targets),
  ]);
  const byRole = new Map(rows.map((row) => [row.role, row]));
  return perRole(targets, byRole, (target, { objects, samples }) =>
    finding('ACCESS_ROLE_OWNS', target, `owns ${objects} object(s): ${showKeys(samples, objects)}`),
  );
}

async function membershipFindings(session: Session, targets: readonly ClinicTarget[]): Promise<Finding[]> {
  const rows = await session.query<{ role: string; groups: string[] }>(MEMBERSHIPS, [rolesOf(targets)]);
  const byRole = new Map(rows.map((row) => [row.role, row.groups]));
  return perRole(targets, byRole, (target, groups) =>
    finding('ACCESS_ROLE_MEMBER', target, `is a member of ${showKeys(groups, groups.length)}`),
  );
}

async function secretFindings(session: Session): Promise<Finding[]> {
  const rows = await session.query<{ name: string; database: string | null; role: string | null }>(SECRETS);
  return rows.map(({ name, database, role }) => {
    const of = [
      ...(database === null ? [] : [`the database ${database}`]),
      ...(role === null ? [] : [`the login ${role}`]),
    ].join(' for ');
    return {
      code: 'ACCESS_SECRET_VISIBLE',
      severity: 'warning',
      subject: database ?? role ?? '',
      message: `every clinic's login can read the setting ${name} of ${of}, which looks like a secret`,
    };
  });
}

function rolesOf(targets: readonly ClinicTarget[]): string[] {
  return targets.map(({ role }) => role);
}

/** In the clinics' order. */
function perRole<V>(
  targets: readonly ClinicTarget[],
  values: ReadonlyMap<string, V>,
  tell: (target: ClinicTarget, value: V) => Finding,
): Finding[] {
  return targets.flatMap((target) => {
    const value = values.get(target.role);
    return value === undefined ? [] : [tell(target, value)];
  });
}

function finding(code: Finding['code'], target: ClinicTarget, what: string): Finding {
  return {
    code,
    severity: 'error',
    subject: target.role,
    message: `${showClinic(target.clinic)}: its login ${target.role} ${what}`,
  };
}
