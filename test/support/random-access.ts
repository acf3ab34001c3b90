import fc from 'fast-check';
import { quoteIdent, quoteLiteral } from '../../src/core/identifiers.js';

/** Roles that a legacy database knows beside its superuser; the application's login is a member of the group. */
export interface LegacyRoles {
  readonly app: string;
  readonly group: string;
  readonly stranger: string;
}

type Who = keyof LegacyRoles | 'superuser';

interface ObjectShape {
  readonly schema: number;
  readonly owner: Who;
  readonly public: boolean;
  readonly grants: readonly (keyof LegacyRoles)[];
  /** A table that it reads. */
  readonly table: number;
}

interface RoutineShape extends ObjectShape {
  readonly definer: boolean;
  readonly language: 'sql' | 'plpgsql';
}

export interface AccessShape {
  readonly routines: readonly RoutineShape[];
  readonly views: readonly ObjectShape[];
  /** Who may look into the second schema. */
  readonly usage: { readonly app: boolean; readonly public: boolean };
}

const object = {
  schema: fc.nat(1),
  owner: fc.constantFrom<Who>('superuser', 'superuser', 'app', 'group', 'stranger'),
  public: fc.boolean(),
  grants: fc.uniqueArray(fc.constantFrom<keyof LegacyRoles>('app', 'group', 'stranger'), { maxLength: 2 }),
  table: fc.nat(6),
};

export const accessShape: fc.Arbitrary<AccessShape> = fc.record({
  routines: fc.array(
    fc.record({ ...object, definer: fc.boolean(), language: fc.constantFrom('sql', 'plpgsql') }),
    { maxLength: 4 },
  ),
  views: fc.array(fc.record(object), { maxLength: 3 }),
  usage: fc.record({ app: fc.boolean(), public: fc.boolean() }),
});

/** Who may do what with one object in a clinic's database. */
export interface Allowed {
  readonly kind: 'function' | 'view' | 'schema';
  /** As the server takes it: quoted, of a function with its arguments. */
  readonly name: string;
  /** The clinic's login may execute, read or use it. */
  readonly login: boolean;
  readonly public: boolean;
  readonly definer: boolean;
}

export interface Access {
  readonly script: readonly string[];
  readonly allowed: readonly Allowed[];
}

/** Statements that follow those of the tables, and whom the clinics' databases have to let in by them. */
export function accessOf(
  { routines, views, usage }: AccessShape,
  roles: LegacyRoles,
  schemas: readonly string[],
  tables: readonly string[],
): Access {
  const second = quoteIdent(schemas[1] ?? '');
  const script = [
    ...schemas.map(
      (schema) =>
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(roles.app)}`,
    ),
    ...(usage.app ? [`GRANT USAGE ON SCHEMA ${second} TO ${quoteIdent(roles.app)}`] : []),
    ...(usage.public ? [`GRANT USAGE ON SCHEMA ${second} TO PUBLIC`] : []),
  ];
  const allowed: Allowed[] = [
    { kind: 'schema', name: second, login: usage.app || usage.public, public: usage.public, definer: false },
  ];
  const add = (kind: 'function' | 'view', name: string, shape: ObjectShape, definer: boolean): void => {
    const right = kind === 'function' ? 'EXECUTE' : 'SELECT';
    const on = kind === 'function' ? `FUNCTION ${name}` : name;
    if (shape.owner !== 'superuser')
      script.push(`ALTER ${kind} ${name} OWNER TO ${quoteIdent(roles[shape.owner])}`);
    // Everybody may execute a new function, and nobody read a new view.
    if (kind === 'function' && !shape.public) script.push(`REVOKE ALL ON ${on} FROM PUBLIC`);
    if (kind === 'view' && shape.public) script.push(`GRANT SELECT ON ${on} TO PUBLIC`);
    for (const grantee of shape.grants)
      script.push(`GRANT ${right} ON ${on} TO ${quoteIdent(roles[grantee])}`);
    const theirs = [shape.owner, ...shape.grants].some((who) => who === 'app' || who === 'group');
    allowed.push({ kind, name, login: theirs || shape.public, public: shape.public, definer });
  };
  const readable = (shape: ObjectShape): string => tables[shape.table % tables.length] ?? '';
  for (const [i, shape] of routines.entries()) {
    // Overloads: each takes one argument more.
    const types = Array(i).fill('integer').join(',');
    const name = `${quoteIdent(schemas[shape.schema] ?? '')}."Ask it"(${types})`;
    const count = `SELECT count(*) FROM ${readable(shape)}`;
    const body = shape.language === 'sql' ? count : `BEGIN RETURN (${count}); END`;
    script.push(
      `CREATE FUNCTION ${name} RETURNS bigint LANGUAGE ${shape.language} ${shape.definer ? 'SECURITY DEFINER' : ''} AS ${quoteLiteral(body)}`,
    );
    add('function', name, shape, shape.definer);
  }
  for (const [i, shape] of views.entries()) {
    const name = `${quoteIdent(schemas[shape.schema] ?? '')}."seen ${i}"`;
    script.push(`CREATE VIEW ${name} AS SELECT id, tag FROM ${readable(shape)}`);
    add('view', name, shape, false);
  }
  return { script, allowed };
}
