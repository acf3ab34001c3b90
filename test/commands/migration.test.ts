import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Finding } from '../../src/core/finding.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { databaseOf } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { adminUrl, withSession } from '../support/postgres.js';
import { type SampleMigration, sampleMigration } from '../support/sample-migration.js';

let sample: SampleMigration;

beforeAll(async () => {
  sample = await sampleMigration();
});
afterAll(() => sample.drop());

const verify = async (check: string): Promise<readonly Finding[]> => {
  const { findings } = await verifyCommand.run(sample.context, [check], NO_OPTIONS);
  return findings.filter(({ severity }) => severity === 'error');
};
const inClinic = <T extends Record<string, unknown>>(key: string, sql: string): Promise<T[]> =>
  withSession(sample.clinicUrl(key), (session) => session.query<T>(sql));

describe('the data half on the sample application', () => {
  it('inspects without a finding that stops', async () => {
    const report = await inspectCommand.run(sample.context, [], NO_OPTIONS);
    expect(report.ok).toBe(true);
    expect(report.summary).toMatchObject({ tables: 16, clinics: 3, unresolved: 0 });
  });

  it('refuses to split before anything is provisioned', async () => {
    await expect(splitCommand.run(sample.context, [], NO_OPTIONS)).rejects.toThrow('no clinic is registered');
  });

  it('provisions every clinic once, and a second time changes nothing', async () => {
    const dry = await provisionCommand.run(sample.context, [], { ...NO_OPTIONS, dryRun: true });
    expect(dry.summary).toMatchObject({ 'to make': 3, kept: 0 });
    const first = await provisionCommand.run(sample.context, [], NO_OPTIONS);
    expect(first).toMatchObject({ ok: true, summary: { made: 3, kept: 0 } });
    const before = await state();
    const second = await provisionCommand.run(sample.context, [], NO_OPTIONS);
    expect(second).toMatchObject({ ok: true, summary: { made: 0, kept: 3 } });
    expect(await state()).toEqual(before);
  });

  it('copies nothing in a dry run, everything in the next and nothing in the one after', async () => {
    const dry = await splitCommand.run(sample.context, [], { ...NO_OPTIONS, dryRun: true });
    expect(dry.ok).toBe(true);
    expect(await inClinic('1', 'SELECT FROM public.patients')).toEqual([]);
    const first = await splitCommand.run(sample.context, [], NO_OPTIONS);
    expect(first.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(first.summary).toMatchObject({ clinics: 3, copied: 3, quarantined: 0 });
    const before = await inClinic('1', 'SELECT xmin::text, ctid::text, * FROM public.patients ORDER BY id');
    expect(before.length).toBeGreaterThan(10);
    const second = await splitCommand.run(sample.context, [], NO_OPTIONS);
    expect(second.summary).toMatchObject({ copied: 0, 'rows copied': 0 });
    expect(await inClinic('1', 'SELECT xmin::text, ctid::text, * FROM public.patients ORDER BY id')).toEqual(
      before,
    );
  });

  it('is verified, data and access', async () => {
    expect(await verify('data')).toEqual([]);
    expect(await verify('access')).toEqual([]);
  });

  it('gives out no number twice', async () => {
    const [legacy] = await withSession(sample.legacy.url, (session) =>
      session.query<{ next: string }>(`SELECT nextval('public.invoice_numbers')::text AS next`),
    );
    const [clinic] = await inClinic<{ next: string }>(
      '2',
      `SELECT nextval('public.invoice_numbers')::text AS next`,
    );
    expect(clinic?.next).toBe(legacy?.next);
  });
});

describe('verify finds what is broken on purpose', () => {
  const PLANTED = [
    {
      fault: "one clinic's row in another's database",
      plant: () =>
        run(
          sample.clinicUrl('2'),
          `INSERT INTO public.companies SELECT 1, 'Other', 'other-1', NULL, now(), now();
           INSERT INTO public.rooms (id, company_id, name) VALUES (900001, 1, 'of clinic 1')`,
        ),
      mend: () =>
        run(
          sample.clinicUrl('2'),
          'DELETE FROM public.rooms WHERE id = 900001; DELETE FROM public.companies WHERE id = 1',
        ),
      check: 'data',
      code: 'DATA_FOREIGN_ROWS',
      names: ['rooms'],
    },
    {
      fault: 'a row removed',
      plant: () =>
        run(
          sample.clinicUrl('1'),
          `CREATE TABLE public.kept AS TABLE public.consents;
           DELETE FROM public.consents WHERE id = (SELECT min(id) FROM public.consents)`,
        ),
      mend: () =>
        run(
          sample.clinicUrl('1'),
          'INSERT INTO public.consents SELECT * FROM public.kept ON CONFLICT DO NOTHING; DROP TABLE public.kept',
        ),
      check: 'data',
      code: 'DATA_ROWS_MISSING',
      names: ['consents'],
    },
    {
      fault: 'a value changed',
      plant: () =>
        run(
          sample.clinicUrl('1'),
          `UPDATE public.patients SET phone = phone || '0' WHERE id = (SELECT min(id) FROM public.patients)`,
        ),
      mend: () =>
        run(
          sample.clinicUrl('1'),
          `UPDATE public.patients SET phone = left(phone, -1) WHERE id = (SELECT min(id) FROM public.patients)`,
        ),
      check: 'data',
      code: 'DATA_ROWS_CHANGED',
      names: ['patients'],
    },
    {
      fault: 'CONNECT granted back to PUBLIC',
      plant: () => run(adminUrl(), `GRANT CONNECT ON DATABASE ${named('3')} TO PUBLIC`),
      mend: () => run(adminUrl(), `REVOKE CONNECT ON DATABASE ${named('3')} FROM PUBLIC`),
      check: 'access',
      code: 'ACCESS_PUBLIC',
      names: [],
    },
  ] as const;

  it.each(PLANTED)('$fault', async ({ plant, mend, check, code, names }) => {
    await plant();
    const found = await verify(check);
    await mend();
    expect(found.map((finding) => finding.code)).toContain(code);
    for (const name of names) expect(JSON.stringify(found)).toContain(name);
    expect(await verify(check)).toEqual([]);
  });
});

const named = (key: string): string => quoteIdent(databaseOf(sample.clinicUrl(key)));
const run = (url: string, script: string): Promise<void> =>
  withSession(url, (session) => session.execute(script));

/** Everything that provision writes, with the transactions that wrote it. */
async function state(): Promise<unknown> {
  const registry = await withSession(sample.centralUrl, (session) =>
    session.query('SELECT xmin::text, * FROM clinic_migrate.clinics ORDER BY key'),
  );
  const roles = await withSession(adminUrl(), (session) =>
    session.query(
      'SELECT rolname, rolpassword, datname, datacl::text FROM pg_authid, pg_database WHERE datname = rolname AND starts_with(rolname, $1) ORDER BY rolname',
      [databaseOf(sample.clinicUrl(''))],
    ),
  );
  return { registry, roles };
}
