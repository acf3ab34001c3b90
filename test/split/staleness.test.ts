import { afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { withSession } from '../support/postgres.js';

const made: Legacy[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

const SCRIPT = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE drugs (id int PRIMARY KEY, name text);
  CREATE TABLE users (id int PRIMARY KEY, email text);
  CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies, name text);
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two'); INSERT INTO drugs VALUES (1, 'a');
  INSERT INTO users VALUES (1, 'u'); INSERT INTO patients SELECT i, 1 + i % 2, 'p' || i FROM generate_series(1, 20) i;
  INSERT INTO patients VALUES (99, NULL, 'nobody''s')`;
const CONFIG = {
  unassignable: 'quarantine',
  tables: { drugs: { scope: 'shared' }, users: { scope: 'central' } },
};

const stale = ({ findings }: Report): string[] =>
  findings.filter(({ code }) => code === 'SPLIT_COPY_STALE').map(({ message }) => message);
const split = (context: Context, args: string[] = []) => splitCommand.run(context, args, NO_OPTIONS);

describe('split of clinics that are ready', () => {
  it('says how old each copy is, and which tables the legacy database has changed since', async () => {
    const source = await legacyDatabase(SCRIPT, CONFIG);
    made.push(source);
    const change = (sql: string) => withSession(source.database.url, (session) => session.execute(sql));
    const { prefix, context } = source;
    await provisionCommand.run(context, [], NO_OPTIONS);
    expect((await split(context)).ok).toBe(true);
    const again = await split(context);
    expect([again.ok, stale(again)]).toEqual([true, []]);
    expect(again.data).toMatchObject({
      clinics: [{ outcome: 'was ready', copyOf: { at: expect.stringMatching(/^20.*Z$/) } }, {}],
    });

    await change("UPDATE public.patients SET name = 'other' WHERE id = 3");
    const one = await split(context);
    expect(one.ok).toBe(false);
    expect(stale(one)).toEqual([
      expect.stringMatching(
        `^the copy of clinic "Two" \\(2\\) in ${prefix}_2 is \\d+ (second|minute)s? old, and the legacy database has changed since: public\\.patients \\(10 rows\\)$`,
      ),
    ]);
    expect(one.findings.find(({ code }) => code === 'SPLIT_COPY_STALE')?.hint).toBe(
      `Run \`clinic-migrate split --refresh ${prefix}_2\`.`,
    );
    expect(stale(await split(context, ['1']))).toEqual([]);

    await change(`UPDATE public.patients SET name = 'p3' WHERE id = 3; DELETE FROM public.patients WHERE id = 99;
      INSERT INTO public.drugs VALUES (2, 'b'); UPDATE public.users SET email = 'v'`);
    const all = stale(await split(context));
    expect(all).toEqual([
      expect.stringMatching(/clinic "One" .*: public\.drugs \(1 rows, now 2\)$/),
      expect.stringMatching(/clinic "Two" .*: public\.drugs \(1 rows, now 2\)$/),
      expect.stringMatching(
        /central database .*: public\.drugs \(1 rows, now 2\), public\.users \(1 rows\)$/,
      ),
      expect.stringMatching(/quarantine does not hold the rows of public\.patients/),
    ]);
    const dry = await splitCommand.run(context, [], { ...NO_OPTIONS, dryRun: true });
    expect(stale(dry)).toEqual(all.map(() => expect.any(String)));
  });
});
