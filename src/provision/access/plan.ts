import type { AccessObject, ColumnPrivileges, LegacyAccess } from '../../catalog/access.js';
import type { Policy, SecuredTable } from '../../catalog/read-policies.js';
import type { SchemaCatalog } from '../../catalog/types.js';
import type { Contents } from '../contents.js';
import type { AccessEntry } from '../types.js';
import { type PolicyPlan, planPolicies } from './plan-policies.js';

/** What clinics' logins and PUBLIC may do in clinics' databases, from what the application's login and PUBLIC may in the legacy one. */
export interface AccessPlan {
  /** The application's login in the legacy database. */
  readonly appLogin: string;
  readonly objects: readonly AccessEntry[];
  readonly policies: PolicyPlan;
  /** The same of the central database, where the owner is in the login's place. */
  readonly centralPolicies: PolicyPlan;
  /** Those whose objects are meant, and beside them those that only matter themselves. */
  readonly schemas: readonly string[];
  readonly otherSchemas: readonly string[];
}

/** Who may do what in the legacy database, and which rows may be seen. */
export interface LegacyRights {
  readonly access: LegacyAccess;
  readonly policies: readonly Policy[];
  readonly secured: readonly SecuredTable[];
}

const ROWS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** The privileges that an application needs of each kind of object; what else there is changes the schema. */
const CARRIED: Readonly<Record<string, readonly string[]>> = {
  table: ROWS,
  view: ROWS,
  'materialized view': ROWS,
  'foreign table': ROWS,
  sequence: ['SELECT', 'USAGE'],
  function: ['EXECUTE'],
  procedure: ['EXECUTE'],
  aggregate: ['EXECUTE'],
  type: ['USAGE'],
  schema: ['USAGE'],
  language: ['USAGE'],
};

export function carriedOf(kind: string): readonly string[] {
  return CARRIED[kind] ?? [];
}

export function planAccess(
  { access, policies, secured }: LegacyRights,
  catalog: Pick<SchemaCatalog, 'schemas' | 'sequences'>,
  contents: { readonly clinic: Contents; readonly central: Contents },
  otherSchemas: readonly string[],
): AccessPlan {
  return {
    appLogin: access.login.name,
    objects: access.objects
      .filter((object) => belongs(object, catalog, contents.clinic))
      .map((object) => (object.initial === undefined ? entryOf(object) : systemEntry(object)))
      .filter((entry) => entry !== undefined),
    policies: planPolicies(policies, secured, access.login, contents.clinic),
    centralPolicies: planPolicies(policies, secured, access.login, contents.central),
    schemas: catalog.schemas,
    otherSchemas,
  };
}

/** Of the clinic's own, what the new database gets; the rest is in every database. */
function belongs(
  { kind, schema = '', name, initial }: AccessObject,
  { sequences }: Pick<SchemaCatalog, 'sequences'>,
  contents: Contents,
): boolean {
  if (initial !== undefined) return true;
  if (kind === 'sequence') {
    const sequence = sequences.find((each) => each.schema === schema && each.name === name);
    return sequence !== undefined && (sequence.ownedBy === undefined || contents.has(sequence.ownedBy.table));
  }
  if (carriedOf(kind) === ROWS) return contents.has({ schema, name });
  return carriedOf(kind).length > 0;
}

function entryOf({
  kind,
  identity,
  grants,
  effective,
}: LegacyAccess['objects'][number]): AccessEntry | undefined {
  const carried = carriedOf(kind);
  const everybody = grants.filter(({ grantee }) => grantee === undefined);
  const publicPrivileges = ordered(
    carried,
    everybody.filter(({ column }) => column === undefined).map(({ privilege }) => privilege),
  );
  // What everybody may call or use, a login need not be granted; rows are its own affair.
  const isEverybodys = (privilege: string): boolean =>
    carried !== ROWS && kind !== 'schema' && publicPrivileges.includes(privilege);
  const login = kind === 'sequence' ? carried : ordered(carried, effective.privileges);
  const publicColumns: Record<string, readonly string[]> = {};
  for (const { column, privilege } of everybody) {
    if (column === undefined || publicPrivileges.includes(privilege) || !carried.includes(privilege))
      continue;
    publicColumns[column] = [...(publicColumns[column] ?? []), privilege];
  }
  return {
    kind,
    identity,
    login: login.filter((privilege) => !isEverybodys(privilege)),
    public: publicPrivileges,
    ...withColumns('columns', effective.columns),
    ...withColumns('publicColumns', publicColumns),
  };
}

/**
 * What PostgreSQL or an extension gives to everybody and the legacy database has taken back is taken back here too; what was added to it
 * is not added.
 */
function systemEntry({
  kind,
  identity,
  grants,
  initial = [],
  effective,
}: LegacyAccess['objects'][number]): AccessEntry | undefined {
  const held = (of: typeof grants): string[] =>
    of
      .filter(({ grantee, column }) => grantee === undefined && column === undefined)
      .map(({ privilege }) => privilege);
  const [present, before] = [held(grants), held(initial)];
  const kept = before.filter((privilege) => present.includes(privilege));
  if (kept.length === before.length) return undefined;
  const login = effective.privileges.filter(
    (privilege) => before.includes(privilege) && !kept.includes(privilege),
  );
  return { kind, identity, login, public: kept };
}

const ordered = (order: readonly string[], privileges: readonly string[]): string[] =>
  order.filter((privilege) => privileges.includes(privilege));

const withColumns = <K extends string>(key: K, columns: ColumnPrivileges): { [P in K]?: ColumnPrivileges } =>
  Object.keys(columns).length === 0 ? {} : ({ [key]: columns } as { [P in K]: ColumnPrivileges });
