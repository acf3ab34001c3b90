// A refresh of copies of which some rows changed, against the first split of the same rows in the same run.
import { parseArgs } from 'node:util';
import { serverCpu } from './measure.mjs';
import { ask, benchServer, migrate, row } from './split.mjs';

/** Of 1000 rows of every large table, 8 get another value, one goes and one comes. */
const CHANGES = [
  "UPDATE patients SET notes = 'changed' WHERE id % 125 = 7",
  "UPDATE appointments SET reason = 'changed' WHERE id % 125 = 7",
  'UPDATE appointment_items SET quantity = quantity + 1 WHERE id % 125 = 7',
  'DELETE FROM appointment_items WHERE id % 1000 = 3',
  "INSERT INTO appointment_items (appointment_id, label) SELECT id, 'new' FROM appointments WHERE id % 500 = 5",
  'UPDATE prescriptions SET days = coalesce(days, 0) + 1 WHERE id % 125 = 7',
  'DELETE FROM prescriptions WHERE id % 1000 = 3',
  `INSERT INTO prescriptions (patient_id, practitioner_id, drug_id)
     SELECT patient_id, practitioner_id, drug_id FROM prescriptions WHERE id % 1000 = 5`,
  "UPDATE documents SET title = title || '!' WHERE hashtext(id::text) % 125 = 7",
  "UPDATE document_items SET content = 'changed' WHERE id % 125 = 7",
  'DELETE FROM document_items WHERE id % 1000 = 3',
  'UPDATE consents SET granted = NOT granted WHERE id % 125 = 7',
  'DELETE FROM consents WHERE id % 1000 = 3',
  "UPDATE invoices SET status = 'void' WHERE id % 125 = 7",
  'DELETE FROM invoices WHERE id % 1000 = 3',
  "UPDATE audit_logs SET action = 'changed' WHERE id % 125 = 7",
  "INSERT INTO drugs (code, name) VALUES ('NEW', 'new')",
];

async function refreshed({ ours, legacy }) {
  let changed = 0;
  for (const sql of CHANGES) {
    const [{ rows }] = await ask(
      legacy,
      `WITH c AS (${sql} RETURNING 1) SELECT count(*)::int AS rows FROM c`,
    );
    changed += rows;
  }
  await ask(legacy, 'VACUUM ANALYZE');
  const before = await serverCpu(legacy);
  const refresh = await ours('split', '--refresh');
  refresh.server = (await serverCpu(legacy)) - before;
  // Ends the run where it was not brought up to date.
  await ours('verify', 'data');
  return { changed, refresh };
}

/** --rows, --clinics; BENCH_DATABASE_URL names a server to use. */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string', default: '2000000' },
      clinics: { type: 'string', default: '200' },
    },
  });
  const size = { rows: Number(values.rows), clinics: Number(values.clinics) };
  const server = await benchServer();
  try {
    const { provision, split, total, refresh, changed } = await migrate(server.url, size, refreshed);
    const line = (name, { seconds, cpu, megabytes, server: busy }) =>
      row(name, seconds, seconds / split.seconds, seconds / total, cpu, busy ?? '', megabytes);
    return [
      `${size.rows.toLocaleString('en')} rows, ${size.clinics} clinics, ${changed.toLocaleString('en')} rows changed`,
      row('', 'seconds', '/ split', '/ both', 'CPU s', 'server', 'MB'),
      line('provision', provision),
      line('split', split),
      line('split --refresh', refresh),
    ].join('\n');
  } finally {
    await server.stop();
  }
}
