import fc from 'fast-check';
import { expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent, quoteLiteral } from '../../src/core/identifiers.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

/** How many schemas; the nightly form sets 300. */
const SCHEMAS = Number(process.env.RANDOM_SCHEMAS ?? 30);

const KEYS = {
  int: ['1', '-7', '0'],
  bigint: ['9007199254740993', '2', '-1'],
  text: ["o'neil", 'ü "x" \\ y', ''],
  uuid: [
    '018f4c1e-7a2b-7c3d-8e4f-000000000001',
    '018f4c1e-7a2b-7c3d-8e4f-000000000002',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ],
} as const;

interface TableShape {
  /** Which earlier table its first reference goes to; none: the clinic table. */
  readonly parent: number;
  /** A second reference, to another earlier table: may lead to another clinic. */
  readonly second: number | undefined;
  readonly nullable: boolean;
  readonly name: string;
  /** For each row: numbers that choose what it refers to. */
  readonly rows: readonly (readonly [number, number])[];
}

const shape: fc.Arbitrary<TableShape> = fc.record({
  parent: fc.nat(5),
  second: fc.option(fc.nat(5), { nil: undefined }),
  nullable: fc.boolean(),
  name: fc.constantFrom('plain', 'Mixed Case', 'se"lect', "it's", 'ümläut', 'a.b', '$1', 'x'.repeat(50)),
  rows: fc.array(fc.tuple(fc.nat(99), fc.nat(99)), { maxLength: 25 }),
});

const database = fc.record({
  keyType: fc.constantFrom('int', 'bigint', 'text', 'uuid'),
  tables: fc.array(shape, { minLength: 1, maxLength: 6 }),
});

/** A row as the generator knows it: whose it is, or undefined where it can be nobody's. */
interface Row {
  readonly id: number;
  readonly clinic: string | undefined;
}

/** The script that makes the database, and whose every row is, worked out without any SQL. */
function build(keyType: keyof typeof KEYS, tables: readonly TableShape[]) {
  const keys = KEYS[keyType];
  const script = [
    `CREATE TABLE companies (id ${keyType} PRIMARY KEY, name text)`,
    ...keys.map((key, i) => `INSERT INTO companies VALUES (${quoteLiteral(key)}, 'clinic ${i}')`),
  ];
  const made: { name: string; rows: Row[] }[] = [];
  for (const [at, table] of tables.entries()) {
    const name = `${table.name}${at}`;
    const parent = made[table.parent];
    const second =
      table.second === undefined || table.second === table.parent ? undefined : made[table.second];
    // What leads to a clinic by fewer nullable steps decides; without others, that is always the first reference.
    const isNullable = table.nullable && !tables.some((one) => one.second !== undefined);
    const reference =
      parent === undefined
        ? `${keyType} %n REFERENCES companies`
        : `int %n REFERENCES public.${quoteIdent(parent.name)}`;
    script.push(
      `CREATE TABLE ${quoteIdent(name)} (id int PRIMARY KEY, "first ref" ${reference.replace('%n', isNullable ? '' : 'NOT NULL')}
         ${second === undefined ? '' : `, "second" int REFERENCES public.${quoteIdent(second.name)}`})`,
    );
    const rows: Row[] = [];
    for (const [i, [a, b]] of table.rows.entries()) {
      const isNull = isNullable && a % 7 === 0;
      const up = parent?.rows[a % Math.max(1, parent.rows.length)];
      if (parent !== undefined && up === undefined && !isNull) continue;
      const key = keys[a % keys.length];
      const value = isNull ? 'NULL' : up === undefined ? quoteLiteral(key ?? '') : String(up.id);
      const side =
        second === undefined || b % 3 === 0 ? undefined : second.rows[b % Math.max(1, second.rows.length)];
      script.push(
        `INSERT INTO ${quoteIdent(name)} VALUES (${i}, ${value}${second === undefined ? '' : `, ${side?.id ?? 'NULL'}`})`,
      );
      const own = isNull ? undefined : parent === undefined ? key : up?.clinic;
      const disagrees = side !== undefined && side.clinic !== own;
      rows.push({ id: i, clinic: disagrees ? undefined : own });
    }
    made.push({ name, rows });
  }
  return { script: script.join(';\n'), keys, made };
}

it(`puts every row of ${SCHEMAS} random schemas where it belongs, or aside`, {
  timeout: 20 * 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(database, async ({ keyType, tables }) => {
      const { script, keys, made } = build(keyType, tables);
      const legacy = await legacyDatabase(script);
      try {
        const context = await legacy.configured({ unassignable: 'quarantine' });
        for (const command of [provisionCommand, splitCommand]) {
          const { findings } = await command.run(context, [], NO_OPTIONS);
          expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
        }
        const entries = await withSession(legacy.centralUrl, (session) =>
          session.query<{ key: string; database: string }>(
            'SELECT key, database FROM clinic_migrate.clinics',
          ),
        );
        expect(entries.map(({ key }) => key).sort()).toEqual([...keys].sort());
        for (const { key, database: name } of entries) {
          await withSession(withDatabase(adminUrl(), name), async (session) => {
            for (const table of made) {
              const rows = await session.query<{ id: number }>(
                `SELECT id FROM public.${quoteIdent(table.name)} ORDER BY id`,
              );
              const expected = table.rows.filter(({ clinic }) => clinic === key).map(({ id }) => id);
              expect(
                rows.map(({ id }) => id),
                `${table.name} of ${key}`,
              ).toEqual(expected);
            }
          });
        }
        const { findings } = await verifyCommand.run(context, ['data'], NO_OPTIONS);
        expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      } finally {
        await legacy.drop();
      }
    }),
    { numRuns: SCHEMAS, seed: 20261124, endOnFailure: true },
  );
});
