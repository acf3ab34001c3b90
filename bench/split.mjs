// The split against a shell loop over clinics and tables, and against pgcopydb's clone of the database unsplit.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded } from '../dist/adapters/embedded.js';
import { withDatabase } from '../dist/core/urls.js';
import { measure, measureNode, serverCpu } from './measure.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = join(ROOT, 'bin/clinic-migrate.js');
const APP = join(ROOT, 'fixtures/apps/medicalpro');

const OWN = ['practitioners', 'rooms', 'patients', 'appointments', 'documents', 'invoices'];
const BELOW = {
  appointment_items: 'appointment',
  prescriptions: 'patient',
  document_items: 'document',
  consents: 'patient',
};

/** What a user would write: the SELECT of one clinic's rows of each table. */
function selects(clinic) {
  const below = Object.entries(BELOW).map(([table, parent]) => [
    table,
    `SELECT t.* FROM ${table} t JOIN ${parent}s p ON p.id = t.${parent}_id WHERE p.company_id = ${clinic}`,
  ]);
  return [
    ['companies', `SELECT * FROM companies WHERE id = ${clinic}`],
    ['drugs', 'SELECT * FROM drugs'],
    ['categories', `SELECT * FROM categories WHERE company_id = ${clinic} OR company_id IS NULL`],
    ...OWN.map((table) => [table, `SELECT * FROM ${table} WHERE company_id = ${clinic}`]),
    ...below,
  ];
}

/** Seconds for these clinics: a database from a template with the whole schema, and a COPY for each table. */
async function shellLoop(url, clinics) {
  const legacy = withDatabase(url, 'medicalpro');
  const template = withDatabase(url, 'loop_template');
  const lines = [
    'set -euo pipefail',
    `psql -q "${url}" -c 'CREATE DATABASE loop_template'`,
    `pg_dump --schema-only "${legacy}" | sed '/transaction_timeout/d;/restrict/d' | psql -q -v ON_ERROR_STOP=1 "${template}" > /dev/null`,
  ];
  await measure('bash', ['-c', lines.join('\n')]);
  const columns = await storedColumns(legacy);
  const loop = clinics.flatMap((clinic) => {
    const target = withDatabase(url, `loop_${clinic}`);
    return [
      `psql -q "${url}" -c 'CREATE DATABASE loop_${clinic} TEMPLATE loop_template'`,
      ...selects(clinic).map(([table, select]) => {
        const list = columns.get(table);
        const named = select
          .replace('t.*', list.map((name) => `t.${name}`).join(', '))
          .replace('*', list.join(', '));
        return `psql -q "${legacy}" -c "COPY (${named}) TO STDOUT" | psql -q "${target}" -c "SET session_replication_role = replica" -c "COPY ${table} (${list.join(', ')}) FROM STDIN"`;
      }),
    ];
  });
  return measure('bash', ['-c', ['set -euo pipefail', ...loop].join('\n')]);
}

async function storedColumns(url) {
  const rows = await ask(
    url,
    `SELECT table_name AS t, array_agg(column_name::text ORDER BY ordinal_position) AS c FROM information_schema.columns
      WHERE table_schema = 'public' AND is_generated = 'NEVER' GROUP BY 1`,
  );
  return new Map(rows.map(({ t, c }) => [t, c]));
}

export async function ask(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const has = (command) => spawnSync('which', [command]).status === 0;

/**
 * What one migration took, from an empty server to clinics that are copied, finished and proved, and what is done after
 * it: `verify`, unless something else is given.
 */
export async function migrate(url, { rows, clinics }, then = verified) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-split-'));
  try {
    cpSync(APP, folder, { recursive: true });
    await ask(url, 'CREATE DATABASE medicalpro TEMPLATE template0');
    const legacy = withDatabase(url, 'medicalpro');
    const { seed } = createRequire(import.meta.url)(join(APP, 'database/seed.js'));
    await seed({ url: legacy, clinics, rows });
    await ask(legacy, 'VACUUM ANALYZE');
    const env = {
      LEGACY_DATABASE_URL: legacy,
      CENTRAL_DATABASE_URL: withDatabase(url, 'medicalpro_central'),
      SERVER_URL: url,
      CLINIC_MIGRATE_KEY: randomBytes(32).toString('hex'),
    };
    const ours = (...command) => measureNode([PROGRAM, ...command, '--quiet'], { cwd: folder, env });
    const provision = await ours('provision');
    const before = await serverCpu(url);
    const split = await ours('split');
    split.server = (await serverCpu(url)) - before;
    const more = await then({ ours, legacy });
    return { legacy, provision, split, total: provision.seconds + split.seconds, ...more };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const verified = async ({ ours }) => ({ verify: await ours('verify', 'data') });

/** A line for pgcopydb, whose clone of the same database is not split. */
async function cloned(url, legacy, total) {
  if (!has('pgcopydb')) return 'pgcopydb is not installed: not compared';
  const folder = mkdtempSync(join(tmpdir(), 'bench-clone-'));
  await ask(url, 'CREATE DATABASE cloned TEMPLATE template0');
  const target = withDatabase(url, 'cloned');
  const jobs = ['--table-jobs', '2', '--index-jobs', '2'];
  const clone = ['clone', '--source', legacy, '--target', target, ...jobs, '--dir', join(folder, 'work')];
  try {
    const seconds = await measure('pgcopydb', clone);
    return row('pgcopydb clone, unsplit', seconds, seconds / total);
  } catch (error) {
    return `pgcopydb clone failed: ${String(error.message).split('\n').at(-2)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line for the shell loop: some clinics of every size, and the rest by their number. */
async function looped(url, legacy, total, { clinics, loop }) {
  if (!has('psql') || !has('pg_dump'))
    return 'psql and pg_dump are not installed: the shell loop is not compared';
  const sizes = await ask(
    legacy,
    'SELECT company_id AS id, count(*)::int AS rows FROM patients GROUP BY 1 ORDER BY 2 DESC',
  );
  const every = Math.max(1, Math.floor(sizes.length / loop));
  const some = sizes.filter((_, i) => i % every === 0).slice(0, loop);
  const seconds = await shellLoop(
    url,
    some.map(({ id }) => id),
  );
  const whole = (seconds / some.length) * clinics;
  return row(`shell loop, from ${some.length} clinics`, whole, whole / total);
}

/** The same rows among few and among many clinics, each on a server of its own; databases are made by provision. */
async function scaled(rows, [few, many]) {
  const runs = [];
  for (const clinics of [few, many]) {
    const server = await startEmbedded();
    try {
      runs.push(await migrate(server.url, { rows, clinics }));
    } finally {
      await server.stop();
    }
  }
  const [base, other] = runs.map(({ split }) => split);
  return [
    `${rows.toLocaleString('en')} rows, without making the databases`,
    row('', 'seconds', 'ratio', 'CPU s', 'MB'),
    row(`split, ${few} clinics`, base.seconds, 1, base.cpu, base.megabytes),
    row(`split, ${many} clinics`, other.seconds, other.seconds / base.seconds, other.cpu, other.megabytes),
  ].join('\n');
}

/**
 * --rows, --clinics, --loop (clinics of the shell loop that are run; the rest is extrapolated); --large is 10 million
 * rows. --scale 10,1000 compares numbers of clinics instead.
 */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string', default: '2000000' },
      clinics: { type: 'string', default: '200' },
      loop: { type: 'string', default: '10' },
      large: { type: 'boolean', default: false },
      scale: { type: 'string' },
    },
  });
  const rows = values.large ? 10_000_000 : Number(values.rows);
  if (values.scale !== undefined) return scaled(rows, values.scale.split(',').map(Number));
  const clinics = Number(values.clinics);
  const server = await benchServer();
  try {
    const { legacy, provision, split, verify, total } = await migrate(server.url, { rows, clinics });
    return [
      `${rows.toLocaleString('en')} rows, ${clinics} clinics`,
      row('', 'seconds', 'ratio', 'CPU s', 'MB'),
      row('provision', provision.seconds, '', provision.cpu, provision.megabytes),
      row('split', split.seconds, '', split.cpu, split.megabytes),
      row('provision + split', total, 1),
      row('verify data', verify.seconds, verify.seconds / total, verify.cpu, verify.megabytes),
      await cloned(server.url, legacy, total),
      await looped(server.url, legacy, total, { clinics, loop: Number(values.loop) }),
    ].join('\n');
  } finally {
    await server.stop();
  }
}

/** pgcopydb and psql may be older than the PostgreSQL we carry: BENCH_DATABASE_URL names an empty server to use. */
export async function benchServer() {
  const given = process.env.BENCH_DATABASE_URL;
  return given ? { url: given, stop: async () => undefined } : startEmbedded();
}

export function row(name, ...figures) {
  const cells = figures.map((figure) =>
    (typeof figure === 'number' ? figure.toFixed(figure < 10 ? 2 : 1) : figure).padStart(9),
  );
  return name.padEnd(30) + cells.join('');
}
