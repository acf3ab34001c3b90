import { BINARY_CAST } from '../catalog/read-objects.js';
import type { SchemaCatalog, SchemaObject } from '../catalog/types.js';
import { type QualifiedName, quoteLiteral } from '../core/identifiers.js';
import { allViews, type Contents } from './contents.js';
import { readNames, type Statement, splitStatements } from './sql-text.js';

export function castsOf({ objects }: SchemaCatalog): SchemaObject[] {
  return objects.filter(({ kind }) => kind === 'cast');
}

/** True where a kind of database has the types and the function of a cast. */
export function fitsIn(
  { name, dependsOn }: SchemaObject,
  catalog: SchemaCatalog,
  contents: Contents,
): boolean {
  const relations = [...catalog.tables, ...allViews(catalog)];
  return (
    dependsOn.length > 0 &&
    !contents.missing.some(({ member }) => member.kind === 'cast' && member.name === name) &&
    dependsOn.every(
      (need) =>
        catalog.schemas.includes(need.schema) &&
        (!relations.some((each) => isSame(each, need)) || contents.has(need)),
    )
  );
}

/**
 * Puts the casts into a dump of schemas, which leaves them out since they belong to none: each behind what it is made
 * of, so that what uses it finds it. One whose types or function the dump does not make has no place.
 */
export function withCasts(
  statements: readonly Statement[],
  catalog: SchemaCatalog,
  { missing }: Pick<Contents, 'missing'>,
): Statement[] {
  const made = statements.map(({ text }) => madeBy(text));
  const after = new Map<number, Statement[]>();
  for (const cast of castsOf(catalog)) {
    if (missing.some(({ member }) => member.kind === 'cast' && member.name === cast.name)) continue;
    const places = cast.dependsOn.map((need) =>
      made.findLastIndex((name) => name !== undefined && isSame(name, need)),
    );
    if (places.length === 0 || places.includes(-1)) continue;
    const place = Math.max(...places);
    after.set(place, [...(after.get(place) ?? []), ...splitStatements(createCast(cast))]);
  }
  return statements.flatMap((statement, i) => [statement, ...(after.get(i) ?? [])]);
}

const CREATE = /^CREATE (?:OR REPLACE )?(?:UNLOGGED )?(?:TYPE|DOMAIN|FUNCTION|TABLE|VIEW|MATERIALIZED VIEW) /;

function madeBy(text: string): QualifiedName | undefined {
  const head = CREATE.exec(text)?.[0];
  if (head === undefined) return undefined;
  const [schema, name] = readNames(text, head.length).names;
  return schema === undefined || name === undefined ? undefined : { schema, name };
}

/** What has no function, nobody but a superuser may make; inspect has said so. */
function createCast({ name, definition = '' }: SchemaObject): string {
  const create = `CREATE CAST (${name}) ${definition}`;
  if (!definition.startsWith(BINARY_CAST)) return create;
  return `DO LANGUAGE plpgsql ${quoteLiteral(
    `BEGIN IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN ${create}; END IF; END`,
  ).trim()}`;
}

const isSame = (a: QualifiedName, b: QualifiedName): boolean => a.schema === b.schema && a.name === b.name;
