import fc from 'fast-check';
import { quoteIdent, quoteLiteral } from '../../src/core/identifiers.js';
import { type Access, type AccessShape, accessOf, accessShape, type LegacyRoles } from './random-access.js';
import {
  type Surroundings,
  type SurroundingsShape,
  surroundingsOf,
  surroundingsShape,
} from './random-surroundings.js';
import { tenantColumn } from './random-tenant-column.js';

/** What a table's rows can refer to another table's by. */
type Target = 'primary' | 'pair' | 'unique';

export interface ReferenceShape {
  /** Any table, itself and later ones included. */
  readonly to: number;
  readonly target: Target;
  readonly nullable: boolean;
}

export interface TableShape {
  readonly name: string;
  readonly schema: string;
  readonly partitioned: boolean;
  /** The column that names the clinic itself, if there is one; `code` by another unique column of the clinic table. */
  readonly key: 'none' | 'not null' | 'nullable' | 'undeclared' | 'code' | 'null is shared';
  readonly references: readonly ReferenceShape[];
  /** True where its rows also refer to rows of a central table, of which their clinics get copies. */
  readonly borrows: boolean;
  /** True where a column without a foreign key names clinics, too. */
  readonly tenant: boolean;
  /** True where rows refer to what is not there, although a valid foreign key forbids it. */
  readonly dangling: boolean;
  /** For each row: numbers that choose what it names. */
  readonly rows: readonly (readonly number[])[];
}

export interface DatabaseShape {
  readonly keyType: keyof typeof KEYS;
  readonly tables: readonly TableShape[];
  /** Rows of the central table that others borrow from, each with a number that chooses its superior. */
  readonly staff: readonly number[];
  /** Rows of a table that says in words which table another column refers to. */
  readonly notes: readonly (readonly number[])[];
  readonly access: AccessShape;
  readonly surroundings: SurroundingsShape;
}

export const KEYS = {
  int: ['1', '-7', '0'],
  smallint: ['32767', '-1', '5'],
  numeric: ['1.50', '2', '-0.001'],
  'char(4)': ['a', 'b c', 'é'],
  bigint: ['9007199254740993', '2', '-1'],
  text: ["o'neil", 'ü "x" \\ y', ''],
  uuid: [
    '018f4c1e-7a2b-7c3d-8e4f-000000000001',
    '018f4c1e-7a2b-7c3d-8e4f-000000000002',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ],
} as const;

const CODES = ['A', "b'\t", 'Ç'];

export const SCHEMAS = ['public', 'Other "s"'];

/** Names that queries of the program make up; the table's number is put behind them. */
const OURS = ['t', 'r', 'p', 'judged', 'circle', 'once', 'route', 'companies'];

const reference: fc.Arbitrary<ReferenceShape> = fc.record({
  to: fc.nat(6),
  target: fc.constantFrom('primary', 'pair', 'unique'),
  nullable: fc.boolean(),
});

const tableShape: fc.Arbitrary<TableShape> = fc.record({
  name: fc.constantFrom(
    'plain',
    'Mixed Case',
    'se"lect',
    "it's",
    'ümläut',
    'a.b',
    '$1',
    'x'.repeat(50),
    ...OURS,
  ),
  schema: fc.constantFrom(...SCHEMAS),
  partitioned: fc.boolean(),
  key: fc.constantFrom('none', 'none', 'not null', 'nullable', 'undeclared', 'code', 'null is shared'),
  references: fc.array(reference, { maxLength: 3 }),
  borrows: fc.boolean(),
  tenant: fc.boolean(),
  dangling: fc.boolean(),
  rows: fc.array(fc.array(fc.nat(99), { minLength: 5, maxLength: 5 }), { maxLength: 25 }),
});

export const databaseShape: fc.Arbitrary<DatabaseShape> = fc.record({
  keyType: fc.constantFrom(...(Object.keys(KEYS) as (keyof typeof KEYS)[])),
  tables: fc.array(tableShape, { minLength: 1, maxLength: 6 }),
  staff: fc.array(fc.nat(99), { maxLength: 8 }),
  notes: fc.array(fc.array(fc.nat(99), { minLength: 2, maxLength: 2 }), { maxLength: 12 }),
  access: accessShape,
  surroundings: surroundingsShape,
});

/** A row as the generator knows it. */
interface Row {
  /** The clinic that most of what it names is of, so that clinics disagree now and then and not always. */
  readonly home: string;
  readonly id: number;
  readonly key: string | undefined;
  readonly parents: readonly Row[];
  readonly mayShare: boolean;
  /** Where there is a key column, nothing else gives the row its clinic. */
  readonly keyed: boolean;
  /** A clinic, or none that is, that a column names which tells nothing and has to agree. */
  witness: string | undefined;
  /** Clinics that can be reached from it, by any way. */
  readonly heard: Set<string>;
  lost: boolean;
}

export interface BuiltTable {
  readonly schema: string;
  readonly name: string;
  /** Which rows a clinic's database holds, by id, in order. */
  idsOf(clinic: string): number[];
}

export interface BuiltDatabase {
  readonly script: string;
  readonly keys: readonly string[];
  readonly config: object;
  readonly tables: readonly BuiltTable[];
  readonly allowed: Access['allowed'];
  readonly surroundings: Surroundings;
}

const EVERY = 'every clinic';

/** The script that makes the database, and whose every row is, worked out without any SQL. */
export function build(
  { keyType, tables: shapes, staff, notes, ...around }: DatabaseShape,
  roles: LegacyRoles,
): BuiltDatabase {
  const keys = KEYS[keyType];
  const tables = shapes.map((shape, at) => refine(shape, at, shapes));
  const names = tables.map((table, at) => ({ schema: table.schema, name: `${table.name}${at}` }));
  const full = (at: number): string =>
    `${quoteIdent(names[at]?.schema ?? '')}.${quoteIdent(names[at]?.name ?? '')}`;
  const script = [
    `CREATE SCHEMA ${quoteIdent(SCHEMAS[1] ?? '')}`,
    `CREATE TABLE companies (id ${keyType} PRIMARY KEY, name text, code text COLLATE "C" NOT NULL UNIQUE)`,
    ...keys.map(
      (key, i) =>
        `INSERT INTO companies VALUES (${quoteLiteral(key)}, 'clinic ${i}', ${quoteLiteral(CODES[i] ?? '')})`,
    ),
  ];
  const later: string[] = [];
  script.push(
    'CREATE TABLE staff (id int PRIMARY KEY, boss int REFERENCES staff, home text REFERENCES companies (code))',
    ...staff.map((number, id) => {
      const boss = bossOf(number, id);
      return `INSERT INTO staff VALUES (${id}, ${boss ?? 'NULL'}, ${quoteLiteral(CODES[number % 3] ?? '')})`;
    }),
  );
  const borrowed: { row: Row; staff: number }[] = [];
  const rows: { row: Row; parents: Row[]; values: string[]; numbers: readonly number[] }[][] = tables.map(
    (table) =>
      table.rows.map((numbers, id) => {
        const number = numbers[0] ?? 0;
        const chosen = number % keys.length;
        const isNull = (table.key === 'nullable' || table.key === 'null is shared') && number % 5 === 0;
        const keyed = table.key !== 'none';
        const home = keys[chosen] ?? '';
        const key = keyed && !isNull ? home : undefined;
        const parents: Row[] = [];
        const row: Row = {
          home,
          id,
          key,
          parents,
          keyed,
          witness: undefined,
          mayShare: table.key === 'null is shared',
          heard: new Set(key === undefined ? [] : [key]),
          lost: false,
        };
        const value =
          table.key === 'code'
            ? CODES[chosen]
            : key && (table.key === 'undeclared' ? key : spelled(key, keyType, id));
        const values = keyed ? [value === undefined ? 'NULL' : quoteLiteral(value)] : [];
        return { row, parents, values, numbers };
      }),
  );
  // A row that must refer to something, and finds nothing there, does not exist.
  for (let gone = true; gone; ) {
    gone = false;
    for (const [at, table] of tables.entries()) {
      const needs = table.references.filter(({ nullable }) => !nullable);
      const list = rows[at] ?? [];
      if (list.length > 0 && needs.some(({ to }) => (rows[to]?.length ?? 0) === 0)) {
        list.length = 0;
        gone = true;
      }
    }
  }
  const broken: string[] = [];
  for (const [at, table] of tables.entries()) {
    const columns = ['id int PRIMARY KEY', 'tag text NOT NULL'];
    columns.push(`u int NOT NULL${table.partitioned ? '' : ' UNIQUE'}`);
    const keyColumn = {
      none: [],
      'not null': [`"first key" ${keyType} NOT NULL REFERENCES public.companies`],
      nullable: [`"first key" ${keyType} REFERENCES public.companies`],
      'null is shared': [`"first key" ${keyType} REFERENCES public.companies`],
      undeclared: [`"Company_Id" ${keyType} NOT NULL`],
      code: ['"first key" text NOT NULL REFERENCES public.companies (code)'],
    }[table.key];
    columns.push(...keyColumn);
    for (const [i, { to, target, nullable }] of table.references.entries()) {
      const list = target === 'pair' ? [`r${i}`, `r${i}t`] : [`r${i}`];
      columns.push(`r${i} int ${nullable ? '' : 'NOT NULL'}`);
      if (target === 'pair') columns.push(`r${i}t text ${nullable ? '' : 'NOT NULL'}`);
      const referenced = { primary: 'id', pair: 'id, tag', unique: 'u' }[target];
      later.push(
        `ALTER TABLE ${full(at)} ADD FOREIGN KEY (${list.join(', ')}) REFERENCES ${full(to)} (${referenced})`,
      );
    }
    if (table.borrows) columns.push('staff int REFERENCES public.staff');
    const list = rows[at] ?? [];
    const tenant = tenantColumn(
      keyType,
      keys,
      list.map(({ row }) => row.home),
      list.map(({ numbers }) => numbers[3] ?? 0),
    );
    if (table.tenant) columns.push(tenant.definition);
    const whole = `CREATE TABLE ${full(at)} (${columns.join(', ')}, UNIQUE (id, tag))`;
    script.push(table.partitioned ? `${whole} PARTITION BY RANGE (id)` : whole);
    if (table.partitioned)
      for (const [i, [from, to]] of [
        ['MINVALUE', '7'],
        ['7', 'MAXVALUE'],
      ].entries())
        script.push(
          `CREATE TABLE ${quoteIdent(names[at]?.schema ?? '')}."part ${at}.${i}" PARTITION OF ${full(at)} FOR VALUES FROM (${from}) TO (${to})`,
        );
    for (const [id, { row, parents, values, numbers }] of (rows[at] ?? []).entries()) {
      const cells = [String(id), tagOf(id), String(uniqueOf(id)), ...values];
      for (const [i, { to, target, nullable }] of table.references.entries()) {
        const number = numbers[i + 1] ?? 0;
        const all = (rows[to] ?? []).map((candidate) => candidate.row);
        const alike = all.filter(({ home }) => home === row.home);
        const candidates = number % 11 === 0 || (alike.length === 0 && !nullable) ? all : alike;
        const none = candidates.length === 0 || (nullable && number % 3 === 0);
        const parent = candidates[number % Math.max(1, candidates.length)];
        const dangles = table.dangling && !none && number % 13 === 5;
        if (dangles) broken.push(`UPDATE ${full(at)} SET r${i} = 999 WHERE id = ${id}`);
        row.lost ||= dangles;
        const up = parent?.id ?? 0;
        cells.push(none ? 'NULL' : target === 'unique' ? String(uniqueOf(up)) : String(up));
        // Half a composite reference refers to nothing.
        if (target === 'pair') cells.push(none && number % 2 === 0 ? 'NULL' : tagOf(up));
        if (!none && !dangles && parent !== undefined) parents.push(parent);
      }
      if (table.borrows) {
        const number = numbers[4] ?? 0;
        const member = staff.length === 0 || number % 2 === 0 ? undefined : number % staff.length;
        cells.push(member === undefined ? 'NULL' : String(member));
        const dangles = table.dangling && member !== undefined && number % 17 === 5;
        if (dangles) broken.push(`UPDATE ${full(at)} SET staff = 999 WHERE id = ${id}`);
        row.lost ||= dangles;
        if (member !== undefined) borrowed.push({ row, staff: member });
      }
      if (table.tenant) {
        const named = tenant.valueOf(id);
        cells.push(tenant.cellOf(id));
        if (named !== undefined && tenant.tells && table.key === 'none') row.heard.add(named);
        else row.witness = named;
      }
      script.push(`INSERT INTO ${full(at)} VALUES (${cells.join(', ')})`);
    }
  }
  const noteRows = notes.map((numbers): { row: Row; type: number; id: number } => {
    const type = (numbers[0] ?? 0) % 2;
    const subject = type < tables.length ? type : 0;
    const id = (numbers[1] ?? 0) % 12;
    const up = rows[subject]?.[id];
    const parents = up === undefined ? [] : [up.row];
    return {
      row: {
        home: '',
        id,
        key: undefined,
        parents,
        keyed: false,
        witness: undefined,
        mayShare: false,
        heard: new Set(),
        lost: false,
      },
      type: subject,
      id,
    };
  });
  script.push('CREATE TABLE notes (id int PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL)');
  for (const [id, note] of noteRows.entries())
    script.push(`INSERT INTO notes VALUES (${id}, 'table ${note.type}', ${note.id})`);
  judge([...rows.flat(), ...noteRows].map(({ row }) => row));
  const configured = tables.flatMap((table, at) =>
    table.key === 'null is shared'
      ? [[`${table.schema}.${names[at]?.name}`, { key: 'first key', nullKey: 'shared' }] as const]
      : [],
  );
  const subjects = [...new Set([0, Math.min(1, tables.length - 1)])];
  const via = subjects.map((at) => ({
    column: 'subject_id',
    references: `${names[at]?.schema}.${names[at]?.name}.id`,
    when: `subject_type = 'table ${at}'`,
  }));
  const access = accessOf(
    around.access,
    roles,
    SCHEMAS,
    tables.map((_, at) => full(at)),
  );
  const surroundings = surroundingsOf(around.surroundings, roles.app);
  const ending = ['SET session_replication_role = replica', ...broken, ...surroundings.script];
  return {
    script: [...script, ...later, ...access.script, ...ending].join(';\n'),
    allowed: access.allowed,
    surroundings,
    keys,
    config: {
      tables: {
        ...Object.fromEntries(configured),
        'public.notes': { scope: 'clinic', via },
        'public.staff': { scope: 'central', copyReferenced: true },
      },
    },
    tables: [
      ...names.map((name, at) => ({
        ...name,
        idsOf: idsOf((rows[at] ?? []).map(({ row }) => ownerOf(row))),
      })),
      { schema: 'public', name: 'notes', idsOf: idsOf(noteRows.map(({ row }) => ownerOf(row))) },
      {
        schema: 'public',
        name: 'staff',
        idsOf: (clinic) => {
          const used = borrowed.filter(({ row }) => isIn(ownerOf(row), clinic));
          return [...withBosses(new Set(used.map((one) => one.staff)), staff)].sort((a, b) => a - b);
        },
      },
    ],
  };
}

/** Nobody is above the first; some are above themselves. */
const bossOf = (number: number, id: number): number | undefined =>
  number % 4 === 0 ? undefined : number % (id + 1);

function withBosses(ids: Set<number>, staff: readonly number[]): Set<number> {
  for (const id of ids) {
    const boss = bossOf(staff[id] ?? 0, id);
    if (boss !== undefined) ids.add(boss);
  }
  return ids;
}

const idsOf =
  (owners: readonly (string | undefined)[]) =>
  (clinic: string): number[] =>
    owners.flatMap((owner, id) => (isIn(owner, clinic) ? [id] : []));

const isIn = (owner: string | undefined, clinic: string): boolean => owner === clinic || owner === EVERY;

/** A foreign key takes the same number in several writings, which are different texts; without one, the text tells. */
const spelled = (key: string, keyType: DatabaseShape['keyType'], id: number): string =>
  keyType === 'numeric' && id % 2 === 0 ? `${key}${key.includes('.') ? '' : '.'}0` : key;

const tagOf = (id: number): string => quoteLiteral(`t${id % 3}`);
const uniqueOf = (id: number): number => 12 - id;

/** A table without a key column needs a first reference that leads towards a clinic: to an earlier table. */
function refine(shape: TableShape, at: number, shapes: readonly TableShape[]): TableShape {
  const key = shape.key === 'none' && at === 0 ? 'not null' : shape.key;
  const references = shape.references.map((one): ReferenceShape => {
    const to = one.to % shapes.length;
    // A unique key of a partitioned table holds what it is partitioned by.
    const target = one.target === 'unique' && shapes[to]?.partitioned === true ? 'primary' : one.target;
    // What refers to itself or to what comes later must be free not to.
    return { to, target, nullable: one.nullable || to >= at };
  });
  const isOpen = key === 'none' && !references.some(({ to }) => to < at);
  const first: ReferenceShape = { to: at - 1, target: 'primary', nullable: shape.rows.length % 2 === 0 };
  // Nothing tells what an undeclared column is where it holds nothing.
  const safe = key === 'undeclared' && shape.rows.length === 0 ? 'not null' : key;
  return { ...shape, key: safe, references: isOpen ? [first, ...references].slice(0, 3) : references };
}

/** Hands clinics, then the fate of those who have none, from row to row until nothing changes. */
function judge(rows: readonly Row[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const row of rows) {
      const before = row.heard.size;
      for (const parent of row.parents) for (const clinic of parent.heard) row.heard.add(clinic);
      changed ||= row.heard.size > before;
    }
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const row of rows) {
      if (row.lost) continue;
      const hasNone = row.keyed ? row.key === undefined : row.heard.size === 0;
      const isShared = row.mayShare && row.heard.size === 0;
      const disagrees = row.witness !== undefined && !row.heard.has(row.witness);
      row.lost =
        disagrees ||
        row.heard.size > 1 ||
        (hasNone && !isShared) ||
        row.parents.some((parent) => parent.lost);
      changed ||= row.lost;
    }
  }
}

function ownerOf(row: Row): string | undefined {
  if (row.lost) return undefined;
  return row.heard.size === 0 ? EVERY : [...row.heard][0];
}
