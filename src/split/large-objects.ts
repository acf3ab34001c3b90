import type { Session } from '../core/ports.js';
import { type Contents, readContents, slices } from './large-object-contents.js';
import type { LargeObjectNeeds } from './large-object-needs.js';

/** SELECT and UPDATE are all that there is for a large object. */
export type ObjectPrivilege = 'SELECT' | 'UPDATE';

/** A large object of the legacy database as the copies of it have to be. */
export interface LegacyObject extends Contents {
  readonly oid: string;
  /** What the application's login may do with it, however it may. */
  readonly login: readonly ObjectPrivilege[];
  readonly public: readonly ObjectPrivilege[];
}

/** What a run knows of the large objects that rows name. */
export interface LargeObjects {
  readonly needs: LargeObjectNeeds;
  readonly byOid: ReadonlyMap<string, LegacyObject>;
}

/** Every object that some database needs, as the snapshot has it. `login` undefined: whom the session is. */
export async function readLargeObjects(
  reader: Session,
  needs: LargeObjectNeeds,
  login: string | undefined,
): Promise<LargeObjects> {
  const oids = neededObjects(needs);
  const contents = await readContents(reader, oids);
  const rights = await readRights(reader, oids, login);
  const byOid = new Map<string, LegacyObject>();
  for (const [oid, content] of contents)
    byOid.set(oid, { oid, ...content, ...(rights.get(oid) ?? { login: [], public: [] }) });
  return { needs, byOid };
}

/** Every object that some row names, by oid. */
export function neededObjects({ clinics, everyClinic, central, aside }: LargeObjectNeeds): string[] {
  const own = [...clinics.values()].flatMap((oids) => [...oids]);
  return [...new Set([...own, ...everyClinic, ...central, ...aside])];
}

/** What a clinic's database has to hold. */
export function objectsOfClinic({ needs, byOid }: LargeObjects, key: string): LegacyObject[] {
  return pick(byOid, [...(needs.clinics.get(key) ?? []), ...needs.everyClinic]);
}

/** What the central database has to hold: for its own rows, and for those in quarantine. */
export function objectsOfCentral({ needs, byOid }: LargeObjects, keepsAside: boolean): LegacyObject[] {
  return pick(byOid, [...needs.central, ...(keepsAside ? needs.aside : [])]);
}

function pick(byOid: ReadonlyMap<string, LegacyObject>, oids: readonly string[]): LegacyObject[] {
  return [...new Set(oids)].flatMap((oid) => byOid.get(oid) ?? []);
}

type Rights = Pick<LegacyObject, 'login' | 'public'>;

const AT_ONCE = 5000;

async function readRights(
  reader: Session,
  oids: readonly string[],
  login: string | undefined,
): Promise<Map<string, Rights>> {
  const rights = new Map<string, Rights>();
  for (const some of slices(oids, AT_ONCE)) {
    const rows = await reader.query<{
      oid: string;
      owns: boolean;
      login: ObjectPrivilege[];
      public: ObjectPrivilege[];
    }>(
      `SELECT m.oid::text, coalesce(l.rolsuper OR pg_catalog.pg_has_role(l.oid, m.lomowner, 'USAGE'), false) AS owns,
         ARRAY(SELECT DISTINCT a.privilege_type FROM pg_catalog.aclexplode(m.lomacl) a
                WHERE a.grantee <> 0 AND pg_catalog.pg_has_role(l.oid, a.grantee, 'USAGE') ORDER BY 1) AS login,
         ARRAY(SELECT DISTINCT a.privilege_type FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.grantee = 0 ORDER BY 1) AS public
       FROM pg_catalog.pg_largeobject_metadata m
       LEFT JOIN pg_catalog.pg_roles l ON l.rolname = coalesce($2, current_user)
      WHERE m.oid = ANY ($1::oid[])`,
      [some, login ?? null],
    );
    for (const { oid, owns, ...granted } of rows)
      rights.set(oid, owns ? { ...granted, login: ['SELECT', 'UPDATE'] } : granted);
  }
  return rights;
}
