import type { Member, SchemaCatalog } from '../catalog/types.js';
import { displayName, type QualifiedName } from '../core/identifiers.js';
import type { Heading, Statement } from './sql-text.js';

/** An object that a kind of database does not have, or cannot have as it is, and what of its needs is not there. */
export interface Missing {
  readonly member: Member;
  readonly needs: Member;
}

/** What no database of ours gets: see what `inspect` says of each. */
const OF_THE_SERVER: ReadonlySet<string> = new Set([
  'access method',
  'foreign-data wrapper',
  'language',
  'server',
]);

export const memberKey = ({ kind, schema, name }: Omit<Member, 'tag'>): string =>
  JSON.stringify([kind, schema, name]);

/** As a person reads it. */
export function showMember(member: Member): string {
  const name = member.schema === '' ? member.name : displayName(member);
  return member.kind === 'relation' ? name : `the ${member.kind} ${name}`;
}

/** True of a table or view of this name. */
export function isRelation(member: Member, { schema, name }: QualifiedName): boolean {
  return member.kind === 'relation' && member.schema === schema && member.name === name;
}

/**
 * Follows what is not there to everything that needs it, beginning with tables. A table is where it is whatever it needs,
 * so that is told apart.
 */
export function missingIn(
  { tables, needs }: Pick<SchemaCatalog, 'tables' | 'needs'>,
  absentTables: readonly QualifiedName[],
): { readonly missing: readonly Missing[]; readonly unmet: readonly Missing[] } {
  const keyOf = ({ schema, name }: QualifiedName): string => memberKey({ kind: 'relation', schema, name });
  const tableKeys = new Set(tables.map(keyOf));
  const absent = new Set(absentTables.map(keyOf));
  const missing: Missing[] = [];
  const unmet: Missing[] = [];
  const waiting = new Set(needs);
  for (let found = true; found; ) {
    found = false;
    for (const need of waiting) {
      if (!absent.has(memberKey(need.needs)) && !OF_THE_SERVER.has(need.needs.kind)) continue;
      waiting.delete(need);
      found = true;
      const [key, entry] = [memberKey(need.object), { member: need.object, needs: need.needs }];
      if (absent.has(key)) continue;
      if (tableKeys.has(key)) unmet.push(entry);
      else {
        missing.push(entry);
        absent.add(key);
      }
    }
  }
  return { missing, unmet };
}

/** The heading's type for each kind that a dump names otherwise than we do. */
const KINDS: Readonly<Record<string, string>> = {
  PROCEDURE: 'function',
  AGGREGATE: 'function',
  DOMAIN: 'type',
  'SHELL TYPE': 'type',
};

/** Leaves out of a dump what is missing, and the comments on it; of tables and views, pg_dump makes no statement. */
export function withoutMissing(
  statements: readonly Statement[],
  missing: readonly Missing[],
): readonly Statement[] {
  let isLeftOut = false;
  return statements.filter(({ heading, text }) => {
    if (heading !== undefined && !['COMMENT', 'SECURITY LABEL'].includes(heading.type))
      isLeftOut = missing.some(({ member }) => isAbout(heading, text, member));
    return !isLeftOut;
  });
}

function isAbout({ type, schema, name }: Heading, text: string, member: Member): boolean {
  const kind = KINDS[type] ?? type.toLowerCase();
  if (kind !== member.kind || schema !== member.schema) return false;
  if (kind === 'function') return name === member.tag;
  if (kind !== 'operator') return name === member.name;
  const argument = (side: string): string => new RegExp(`\\b${side} = (.*?),?$`, 'm').exec(text)?.[1] ?? '-';
  return member.name === `${name} (${argument('LEFTARG')}, ${argument('RIGHTARG')})`;
}
