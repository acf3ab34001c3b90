import type { AccessObject } from '../../catalog/access.js';
import { type Grants, readGrants } from '../../catalog/read-grants.js';
import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import type { Session } from '../../core/ports.js';
import { isOutage } from '../databases.js';
import { type ClinicRoles, grantStatements, NOTHING, type Wanted } from './mend-grants.js';
import { laterStatements } from './mend-later.js';
import { policyStatements } from './mend-policies.js';
import type { AccessPlan } from './plan.js';
import { tryEach } from './try-each.js';

/** A clinic's database with its roles. */
export interface ClinicPlace extends ClinicRoles {
  readonly database: string;
}

/** What the program keeps in a clinic's database for itself. */
const OWN_SCHEMA = 'clinic_migrate';

/**
 * Makes grants, default privileges and policies of a clinic's database those of the plan: grants what is missing and takes back what is
 * too much. What the plan does not know is left to verify. The session is the provisioning login's own, for languages and
 * extensions belong to no clinic.
 */
export async function ensureAccess(
  session: Session,
  plan: AccessPlan,
  place: ClinicPlace,
): Promise<{ readonly outcome: 'mended' | 'kept'; readonly findings: readonly Finding[] }> {
  const due = await differences(session, plan, place);
  if (due.length === 0) return { outcome: 'kept', findings: [] };
  try {
    await session.execute(due.join(';\n'));
  } catch (error) {
    if (!(error instanceof DatabaseError) || isOutage(error)) throw error;
    await tryEach(session, due);
  }
  // A statement without effect is a warning to the server, and to nobody else.
  const left = await differences(session, plan, place);
  return { outcome: 'mended', findings: left.map((statement) => notMended(place, statement)) };
}

async function differences(session: Session, plan: AccessPlan, place: ClinicPlace): Promise<string[]> {
  const schemas = [...plan.schemas, OWN_SCHEMA];
  const grants = await readGrants(session, schemas, plan.otherSchemas);
  return statementsFor(grants, plan, place);
}

/** Pure. */
export function statementsFor(
  { objects, policies, later }: Grants,
  plan: AccessPlan,
  place: ClinicPlace,
): string[] {
  const planned = new Map(plan.objects.map((entry) => [`${entry.kind} ${entry.identity}`, entry]));
  const tables = objects.filter(({ kind }) => kind === 'table');
  const present = new Set(tables.map(({ schema = '', name }) => `${schema}.${name}`));
  return [
    ...objects.flatMap((object) => {
      const wanted = wantedOf(object, planned.get(`${object.kind} ${object.identity}`));
      return wanted === undefined ? [] : grantStatements(object, wanted, place);
    }),
    ...later.flatMap((each) => laterStatements(each, place)),
    ...policyStatements(policies, plan.policies, place, (name) => present.has(name)),
  ];
}

/** Undefined for what nobody has said anything about. */
function wantedOf(
  { kind, schema, name, initial }: AccessObject,
  entry: Wanted | undefined,
): Wanted | undefined {
  if (kind === 'database') return { login: ['CONNECT'], public: [] };
  if (entry !== undefined) return entry;
  if (initial !== undefined) return asInitial(initial);
  if (schema === OWN_SCHEMA || (kind === 'schema' && name === 'public')) return NOTHING;
  return undefined;
}

function asInitial(initial: NonNullable<AccessObject['initial']>): Wanted {
  const everybodys = initial.filter(({ grantee }) => grantee === undefined);
  const publicColumns: Record<string, string[]> = {};
  for (const { column, privilege } of everybodys)
    if (column !== undefined) publicColumns[column] = [...(publicColumns[column] ?? []), privilege];
  return {
    login: [],
    public: everybodys.filter(({ column }) => column === undefined).map(({ privilege }) => privilege),
    publicColumns,
  };
}

function notMended({ database }: ClinicPlace, statement: string): Finding {
  return {
    code: 'PROVISION_ACCESS_NOT_MENDED',
    severity: 'error',
    subject: database,
    message: `the database ${database}: grants or policies are not as in the legacy database, and the login of provision may not change that`,
    hint: `Have an administrator of the server run, in database ${JSON.stringify(database)}: ${statement};`,
  };
}
