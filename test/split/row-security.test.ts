import { afterEach, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { type Maker, makerOf } from '../support/maker.js';
import { adminUrl, withSession } from '../support/postgres.js';

const FORCED = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE "Patients" (id serial PRIMARY KEY, company_id int REFERENCES companies DEFERRABLE INITIALLY DEFERRED, name text);
  CREATE TABLE notes (id serial PRIMARY KEY, patient_id int REFERENCES "Patients" DEFERRABLE INITIALLY DEFERRED, text text);
  CREATE MATERIALIZED VIEW names AS SELECT id, name FROM "Patients";
  ALTER TABLE "Patients" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY one_user ON "Patients" USING (name = current_setting('app.user', true));
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
  INSERT INTO "Patients" (company_id, name) SELECT 1 + i % 2, 'p' || i FROM generate_series(1, 20) AS i;
  INSERT INTO notes (patient_id, text) SELECT i, 'n' || i FROM generate_series(1, 20) AS i;
  REFRESH MATERIALIZED VIEW names;`;

let own: Legacy;
let maker: Maker | undefined;
afterEach(async () => {
  await own.drop();
  await maker?.drop();
  maker = undefined;
});

it.each([false, true])(
  'row security that binds the owner too hides no row from the copy, nor from the next one (no superuser: %s)',
  async (isPoor) => {
    own = await legacyDatabase(FORCED);
    maker = isPoor ? await makerOf(own) : undefined;
    const { context } = maker ?? own;
    expect(await provisionCommand.run(context, [], NO_OPTIONS)).toMatchObject({ ok: true });
    expect(await splitCommand.run(context, [], NO_OPTIONS)).toMatchObject({ ok: true });
    const clinic = withDatabase(adminUrl(), `${own.prefix}_1`);
    const state = (): Promise<unknown[]> =>
      withSession(clinic, (session) =>
        session.query(
          `SELECT relforcerowsecurity AND relrowsecurity AS forced, (SELECT count(*)::int FROM public."Patients") AS patients,
                  (SELECT count(*)::int FROM public.names) AS names
             FROM pg_class WHERE relname = 'Patients'`,
        ),
      );
    expect(await state()).toEqual([{ forced: true, patients: 10, names: 10 }]);
    // A copy that has to be made anew meets the tables as they were finished.
    await withSession(clinic, (session) => session.execute('DELETE FROM clinic_migrate.receipts'));
    await withSession(own.centralUrl, (session) =>
      session.execute("UPDATE clinic_migrate.clinics SET state = 'loading' WHERE key = '1'"),
    );
    expect(await splitCommand.run(context, [], NO_OPTIONS)).toMatchObject({
      ok: true,
      summary: { copied: 1 },
    });
    expect(await state()).toEqual([{ forced: true, patients: 10, names: 10 }]);
    const verified = await verifyCommand.run(own.context, ['data'], NO_OPTIONS);
    expect(verified.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  },
);
