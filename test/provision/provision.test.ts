import { afterEach, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import type { SchemaDumper } from '../../src/core/ports.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, dropTemplates, withSession } from '../support/postgres.js';

const SCHEMA = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id int REFERENCES companies, name text);
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two'), (3, 'One');`;

const made: Legacy[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});
async function legacy(script = SCHEMA): Promise<Legacy> {
  const result = await legacyDatabase(script);
  made.push(result);
  return result;
}
const run = (url: string, script: string): Promise<void> =>
  withSession(url, (session) => session.execute(script));

describe('provision', () => {
  it('makes only the clinics that are named, by key, label or database, and refuses a name of two', async () => {
    const { context, prefix } = await legacy();
    expect((await provisionCommand.run(context, ['2'], NO_OPTIONS)).summary).toMatchObject({ made: 1 });
    expect((await provisionCommand.run(context, ['Two', `${prefix}_3`], NO_OPTIONS)).summary).toMatchObject({
      made: 1,
      kept: 1,
    });
    await expect(provisionCommand.run(context, ['One'], NO_OPTIONS)).rejects.toThrow(
      'names 2 clinics: 1 (One), 3 (One)',
    );
  });

  it('does not touch a database or a role of the wanted name that is not its own', async () => {
    const { context, prefix } = await legacy();
    const name = quoteIdent(`${prefix}_1`);
    await run(adminUrl(), `CREATE DATABASE ${name}`);
    await expect(provisionCommand.run(context, ['1'], NO_OPTIONS)).rejects.toThrow(
      'is not that of clinic "1"',
    );
    await run(adminUrl(), `DROP DATABASE ${name}`);
    await run(adminUrl(), `DROP ROLE ${name}; CREATE ROLE ${name}`);
    await expect(provisionCommand.run(context, ['1'], NO_OPTIONS)).rejects.toThrow('is not ours');
  });

  it('makes the others where a clinic cannot have its name, and that one too once the hint is followed', async () => {
    const long = 'k'.repeat(80);
    const { context, configured, prefix } = await legacy(`
      CREATE TABLE companies (id text PRIMARY KEY, name text);
      CREATE TABLE patients (id serial PRIMARY KEY, company_id text REFERENCES companies);
      INSERT INTO companies VALUES ('1', 'One'), ('${long}', 'Long'), ('3', 'Three')`);
    const dry = await provisionCommand.run(context, [], { ...NO_OPTIONS, dryRun: true });
    for (const report of [
      await inspectCommand.run(context, [], NO_OPTIONS),
      dry,
      await provisionCommand.run(context, [], NO_OPTIONS),
    ]) {
      expect(report.ok).toBe(false);
      const unfit = report.findings.filter(({ code }) => code === 'PROVISION_NAME_UNFIT');
      expect(unfit).toMatchObject([{ severity: 'error', subject: long }]);
    }
    expect(dry.summary).toMatchObject({ clinics: 2, 'to make': 2 });
    const named = await configured({
      clinics: { database: `${prefix}_{key}`, names: { [long]: `${prefix}_long` } },
    });
    expect(await provisionCommand.run(named, [], NO_OPTIONS)).toMatchObject({
      ok: true,
      summary: { made: 1, kept: 2 },
    });
  });

  it('takes up what an interrupted run left: a role without a database, and a database that is not registered', async () => {
    const { context, prefix, centralUrl } = await legacy();
    await provisionCommand.run(context, [], NO_OPTIONS);
    await run(adminUrl(), `DROP DATABASE ${quoteIdent(`${prefix}_1`)}`);
    await run(centralUrl, "DELETE FROM clinic_migrate.clinics WHERE key IN ('1', '2')");
    await run(adminUrl(), `GRANT CONNECT ON DATABASE ${quoteIdent(`${prefix}_2`)} TO PUBLIC`);
    expect(await provisionCommand.run(context, [], NO_OPTIONS)).toMatchObject({
      ok: true,
      summary: { made: 2, kept: 1 },
    });
    const [row] = await withSession(adminUrl(), (session) =>
      session.query<{ acl: string }>('SELECT datacl::text AS acl FROM pg_database WHERE datname = $1', [
        `${prefix}_2`,
      ]),
    );
    expect(row?.acl).not.toMatch(/[{,]=/);
    expect((await splitCommand.run(context, [], NO_OPTIONS)).ok).toBe(true);
  });

  it('makes a lost database again for split to fill, but none in the place of one that was served', async () => {
    const { context, prefix, centralUrl } = await legacy();
    await provisionCommand.run(context, [], NO_OPTIONS);
    expect((await splitCommand.run(context, [], NO_OPTIONS)).ok).toBe(true);
    await run(centralUrl, "UPDATE clinic_migrate.clinics SET state = 'active' WHERE key = '2'");
    for (const key of ['1', '2']) await run(adminUrl(), `DROP DATABASE ${quoteIdent(`${prefix}_${key}`)}`);
    await expect(provisionCommand.run(context, ['2'], NO_OPTIONS)).rejects.toThrow(
      new RegExp(`clinic ".*" \\(2\\) is active, and its database "${prefix}_2" is not on the server`),
    );
    expect(await provisionCommand.run(context, ['1'], NO_OPTIONS)).toMatchObject({ summary: { made: 1 } });
    expect(await splitCommand.run(context, ['1'], NO_OPTIONS)).toMatchObject({
      ok: true,
      summary: { copied: 1 },
    });
  });

  it('reads what follows the rows only where a database has yet to get it', async () => {
    const { context, prefix, centralUrl } = await legacy();
    const sections: string[] = [];
    const dumper: SchemaDumper = {
      dump: (url, options) => {
        sections.push(options.section);
        return context.dumper.dump(url, options);
      },
    };
    const provisioned = async (): Promise<readonly string[]> => {
      sections.length = 0;
      expect((await provisionCommand.run({ ...context, dumper }, [], NO_OPTIONS)).findings).toEqual([]);
      return sections.filter((section) => section === 'post-data');
    };
    expect(await provisioned()).toEqual(['post-data']);
    // Nothing is to be made, but split has yet to give them what may have changed.
    expect(await provisioned()).toEqual(['post-data']);
    await splitCommand.run(context, [], NO_OPTIONS);
    expect(await provisioned()).toEqual([]);
    await run(adminUrl(), `DROP DATABASE ${quoteIdent(`${prefix}_2`)}`);
    await dropTemplates(centralUrl);
    expect(await provisioned()).toEqual(['post-data']);
  });

  it('makes nothing of a legacy database with no clinic', async () => {
    const { context } = await legacy('CREATE TABLE companies (id int PRIMARY KEY, name text)');
    expect(await provisionCommand.run(context, [], NO_OPTIONS)).toMatchObject({
      ok: false,
      summary: { clinics: 0 },
      findings: [{ code: 'TENANCY_NO_CLINICS' }],
    });
  });

  it('prints no password and keeps none that can be read', async () => {
    const { context, centralUrl } = await legacy();
    const report = await provisionCommand.run(context, [], NO_OPTIONS);
    const rows = await withSession(centralUrl, (session) =>
      session.query<{ password: string }>('SELECT password FROM clinic_migrate.clinics'),
    );
    expect(rows.map(({ password }) => password.slice(0, 3))).toEqual(['v1:', 'v1:', 'v1:']);
    expect(JSON.stringify(report)).not.toContain('password');
    const { CLINIC_MIGRATE_KEY: _, ...env } = context.env;
    await expect(provisionCommand.run({ ...context, env }, [], NO_OPTIONS)).rejects.toThrow(
      'CLINIC_MIGRATE_KEY is not set',
    );
    const other = { ...context, env: { ...env, CLINIC_MIGRATE_KEY: '0'.repeat(64) } };
    await expect(provisionCommand.run(other, [], NO_OPTIONS)).rejects.toThrow('cannot be decrypted');
  });
});
