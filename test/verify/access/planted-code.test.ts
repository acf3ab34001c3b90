import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../../src/commands/command.js';
import { provisionCommand } from '../../../src/commands/provision.js';
import { splitCommand } from '../../../src/commands/split.js';
import { verifyCommand } from '../../../src/commands/verify.js';
import { quoteLiteral } from '../../../src/core/identifiers.js';
import { withDatabase } from '../../../src/core/urls.js';
import { readTargets } from '../../../src/provision/targets.js';
import type { ClinicTarget } from '../../../src/provision/types.js';
import { NO_OPTIONS } from '../../support/context.js';
import { follow } from '../../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../../support/postgres.js';

/** By this function, whoever may call it acts as the owner of the clinic's database. */
const SCHEMA = `
  CREATE TABLE companies (id integer PRIMARY KEY, name text);
  CREATE TABLE patients (id integer PRIMARY KEY, company_id integer REFERENCES companies, name text);
  CREATE TABLE visits (id integer PRIMARY KEY, patient_id integer REFERENCES patients, note text);
  CREATE FUNCTION run_sql(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE q; END $$;
  CREATE FUNCTION fold(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN lower(t); END $$;
  CREATE INDEX patients_fold ON patients (fold(name));
  ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
  CREATE POLICY everybody ON visits USING (true);
  INSERT INTO companies SELECT i, 'Clinic ' || i FROM generate_series(1, 4) i;
  INSERT INTO patients SELECT i, 1 + i % 4, 'p' || i FROM generate_series(1, 12) i;
  INSERT INTO visits SELECT i, i, 'v' FROM generate_series(1, 12) i;`;

/** Written by the server as soon as a superuser runs what was planted. */
const file = join(tmpdir(), uniqueName('planted'));
const SHOUT = `
  CREATE FUNCTION public.shout(what text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN
    EXECUTE pg_catalog.format('COPY (SELECT %L) TO %L', what, '${file}'); RETURN what;
    EXCEPTION WHEN OTHERS THEN RETURN what; END $f$;
  CREATE FUNCTION public.quiet(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN
    RETURN public.shout(what); END $f$;`;

/** The columns are those of the table that the view stands for. */
const inPlaceOf = (table: string, columns: string): string =>
  `DROP TABLE clinic_migrate.${table}; CREATE VIEW clinic_migrate.${table} AS SELECT ${columns} WHERE public.shout('${table}') <> '';`;

/** What is planted in which clinic's database, and a statement by which a superuser who is not on his guard falls for it. */
const PLANTS: Readonly<Record<string, { readonly plant: string; readonly fallsFor: string }>> = {
  '1': {
    plant:
      inPlaceOf(
        'receipts',
        `''::text AS table_schema, ''::text AS table_name, 0::bigint AS rows, ''::text AS digest, ''::text AS snapshot, ''::text AS fingerprint, now() AS copied_at`,
      ) +
      inPlaceOf(
        'large_objects',
        `0::oid AS oid, 0::bigint AS bytes, ''::text AS digest, '{}'::text[] AS login, '{}'::text[] AS public`,
      ) +
      inPlaceOf('finished', `''::text AS fingerprint, now() AS finished_at`) +
      inPlaceOf(
        'origin',
        `'${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}'::uuid AS installation, ''::text AS fingerprint, '1'::text AS clinic_key`,
      ),
    fallsFor: 'SELECT * FROM clinic_migrate.receipts',
  },
  '2': {
    plant: `CREATE INDEX planted ON public.patients ((public.quiet('index') || name));`,
    fallsFor: 'SELECT count(*) FROM public.patients',
  },
  '3': {
    plant: `CREATE STATISTICS public.planted ON (public.quiet('statistic') || note), (note || 'x') FROM public.visits;`,
    fallsFor: 'SELECT count(*) FROM public.visits',
  },
  '4': {
    plant: `
      CREATE OR REPLACE FUNCTION public.fold(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN
        PERFORM public.shout(t); RETURN lower(t); END $f$;
      CREATE INDEX patients_planted ON public.patients ((public.fold('x') || name));
      CREATE FUNCTION public.fired() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
        PERFORM public.shout('trigger'); RETURN NEW; END $f$;
      CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON public.patients FOR EACH ROW EXECUTE FUNCTION public.fired();
      CREATE RULE planted AS ON INSERT TO public.visits DO ALSO SELECT public.shout('rule');
      ALTER TABLE public.visits ADD CHECK (public.shout('check') <> '');
      ALTER TABLE clinic_migrate.receipts ADD CHECK (public.shout('check') <> '');`,
    fallsFor: `UPDATE public.patients SET name = name`,
  },
};

let legacy: Legacy;
let targets: readonly ClinicTarget[];
beforeAll(async () => {
  legacy = await legacyDatabase(SCHEMA, { legacy: { url: '${LEGACY}' } });
  for (const command of [provisionCommand, splitCommand])
    expect((await command.run(legacy.context, [], NO_OPTIONS)).findings.filter(isError)).toEqual([]);
  targets = await withSession(
    legacy.centralUrl,
    async (central) => (await readTargets(legacy.context, central)).targets,
  );
});
afterAll(async () => {
  rmSync(file, { force: true });
  await legacy?.drop();
});

const isError = ({ severity }: { readonly severity: string }): boolean => severity === 'error';
const clinicUrl = (key: string): string => withDatabase(adminUrl(), `${legacy.prefix}_${key}`);

/** Errors that it found, or with which it ended; whatever it is, nothing planted was run. */
async function outcomeOf(command: Command, args: string[], options = {}): Promise<string[]> {
  let said: string[];
  try {
    const { findings } = await command.run(legacy.context, args, { ...NO_OPTIONS, ...options });
    said = findings
      .filter(isError)
      .map(({ code, subject, message }) => `${code} ${subject}: ${message}`)
      .filter((text) => !/^ACCESS_(CROSS_CONNECT|STRANGER|PASSWORD)/.test(text));
  } catch (error) {
    said = [String(error)];
  }
  expect(existsSync(file), `${command.name} ${args.join(' ')} ran what was planted`).toBe(false);
  return said;
}

describe('what a login planted as the owner of its database', () => {
  beforeAll(async () => {
    for (const { clinic, roleUrl } of targets)
      await withSession(roleUrl, (session) =>
        session.execute(`SELECT public.run_sql(${quoteLiteral(SHOUT + (PLANTS[clinic.key]?.plant ?? ''))})`),
      );
    expect(existsSync(file)).toBe(false);
    // As split would bring it.
    await withSession(legacy.database.url, (session) =>
      session.execute(
        "UPDATE public.patients SET name = name || 'x'; INSERT INTO public.visits SELECT i + 12, i, 'v' FROM generate_series(1, 12) i",
      ),
    );
  });

  it('is found by verify data, which reads nothing by which it would run', async () => {
    const found = await outcomeOf(verifyCommand, ['data']);
    for (const key of ['1', '2', '3', '4'])
      expect(
        found.filter((text) => text.startsWith(`DATA_FOREIGN_CODE ${legacy.prefix}_${key}:`)),
      ).toHaveLength(1);
    expect(found.join('\n')).toMatch(/the index planted of public\.patients/);
    expect(found.join('\n')).toMatch(/in place of the table clinic_migrate\.origin/);
  });

  it('is found by verify access where the program would have read it', async () => {
    const found = await outcomeOf(verifyCommand, ['access']);
    expect(
      found.filter((text) => text.startsWith('ACCESS_RECORD_CHANGED')).map((text) => text.split(':')[0]),
    ).toEqual([`ACCESS_RECORD_CHANGED ${legacy.prefix}_1`, `ACCESS_RECORD_CHANGED ${legacy.prefix}_4`]);
  });

  it('stops split, refresh and provision', async () => {
    expect(await outcomeOf(splitCommand, [])).toEqual([
      expect.stringMatching(/is not the table that the program made/),
    ]);
    for (const key of ['1', '2', '3', '4'])
      expect(await outcomeOf(splitCommand, [key], { refresh: true, yes: true })).not.toEqual([]);
    expect(await outcomeOf(provisionCommand, [])).not.toEqual([]);
  });

  it('would have run: a superuser who is not on his guard falls for each', async () => {
    for (const [key, { fallsFor }] of Object.entries(PLANTS)) {
      rmSync(file, { force: true });
      await withSession(clinicUrl(key), (session) => session.execute(fallsFor));
      expect(existsSync(file), fallsFor).toBe(true);
      rmSync(file, { force: true });
    }
  });

  it('is gone once the hints are followed', async () => {
    const access = await verifyCommand.run(legacy.context, ['access'], NO_OPTIONS);
    for (const finding of access.findings.filter(({ code }) => code === 'ACCESS_RECORD_CHANGED'))
      await follow(finding, legacy);
    const data = await verifyCommand.run(legacy.context, ['data'], NO_OPTIONS);
    const left = data.findings.filter(({ code }) => code === 'DATA_FOREIGN_CODE');
    expect(left.map(({ subject }) => subject)).toEqual([`${legacy.prefix}_2`, `${legacy.prefix}_3`]);
    for (const finding of left) await follow(finding, legacy);
    expect(await outcomeOf(verifyCommand, ['data', 'access'])).toEqual([]);
  });
});
