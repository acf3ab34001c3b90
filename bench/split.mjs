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
import { measure, measureNode } from './measure.mjs';

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

async function ask(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const has = (command) => spawnSync('which', [command]).status === 0;

/** --rows, --clinics, --loop (clinics of the shell loop that are run; the rest is extrapolated by rows). */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string', default: '2000000' },
      clinics: { type: 'string', default: '200' },
      loop: { type: 'string', default: '10' },
      large: { type: 'boolean', default: false },
    },
  });
  const rows = values.large ? 10_000_000 : Number(values.rows);
  const clinics = Number(values.clinics);
  const folder = mkdtempSync(join(tmpdir(), 'bench-split-'));
  // pgcopydb and psql may be older than the PostgreSQL we carry: BENCH_DATABASE_URL names an empty server to use.
  const given = process.env.BENCH_DATABASE_URL;
  const server = given ? { url: given, stop: async () => undefined } : await startEmbedded();
  try {
    cpSync(APP, folder, { recursive: true });
    const { url } = server;
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
    const split = await ours('split');
    const verify = await ours('verify', 'data');
    const total = provision.seconds + split.seconds;
    const lines = [
      `${rows.toLocaleString('en')} rows, ${clinics} clinics`,
      row('', 'seconds', 'ratio', 'CPU s', 'MB'),
      row('provision', provision.seconds, '', provision.cpu, provision.megabytes),
      row('split', split.seconds, '', split.cpu, split.megabytes),
      row('provision + split', total, 1),
      row('verify data', verify.seconds, verify.seconds / total, verify.cpu, verify.megabytes),
    ];
    if (has('pgcopydb')) {
      await ask(url, 'CREATE DATABASE cloned TEMPLATE template0');
      const target = withDatabase(url, 'cloned');
      const clone = [
        'clone',
        '--source',
        legacy,
        '--target',
        target,
        '--table-jobs',
        '2',
        '--index-jobs',
        '2',
        '--dir',
        join(folder, 'pgcopydb'),
      ];
      try {
        const seconds = await measure('pgcopydb', clone);
        lines.push(row('pgcopydb clone, unsplit', seconds, seconds / total));
      } catch (error) {
        lines.push(`pgcopydb clone failed: ${String(error.message).split('\n').at(-2)}`);
      }
    } else lines.push('pgcopydb is not installed: not compared');
    if (has('psql') && has('pg_dump')) {
      const sizes = await ask(
        legacy,
        'SELECT company_id AS id, count(*)::int AS rows FROM patients GROUP BY 1 ORDER BY 2 DESC',
      );
      const every = Math.max(1, Math.floor(sizes.length / Number(values.loop)));
      const some = sizes.filter((_, i) => i % every === 0).slice(0, Number(values.loop));
      const seconds = await shellLoop(
        url,
        some.map(({ id }) => id),
      );
      const whole = (seconds / some.length) * clinics;
      lines.push(row(`shell loop, from ${some.length} clinics`, whole, whole / total));
    } else lines.push('psql and pg_dump are not installed: the shell loop is not compared');
    return lines.join('\n');
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function row(name, ...figures) {
  const cells = figures.map((figure) =>
    (typeof figure === 'number' ? figure.toFixed(1) : figure).padStart(9),
  );
  return name.padEnd(30) + cells.join('');
}
