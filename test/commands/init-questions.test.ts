import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { InterruptedError } from '../../src/core/errors.js';
import type { Prompter, Question } from '../../src/core/ports.js';
import { type Newcomer, newcomer } from '../support/init.js';

const made: Newcomer[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function start(script: string): Promise<Newcomer> {
  const user = await newcomer(script);
  made.push(user);
  return user;
}

interface Person extends Prompter {
  readonly asked: Question[];
}

/** Answers by a part of the question and the beginning of the answer's label; takes what is suggested elsewhere. */
function person(answers: Readonly<Record<string, string | readonly string[]>> = {}): Person {
  const asked: Question[] = [];
  const find = (question: Question): readonly string[] => {
    asked.push(question);
    return Object.entries(answers)
      .filter(([part]) => question.text.includes(part))
      .flatMap(([, answer]) => answer);
  };
  const index = ({ answers: all }: Question, start: string): number => {
    const at = all.findIndex(({ label }) => label.startsWith(start));
    if (at === -1) throw new Error(`${start} is none of ${all.map(({ label }) => label).join(', ')}`);
    return at;
  };
  return {
    asked,
    chooseOne: async (question, preferred) => {
      const [answer] = find(question);
      return answer === undefined ? preferred : index(question, answer);
    },
    chooseSome: async (question, preferred) => {
      const given = find(question);
      return given.length === 0 ? [...preferred] : given.map((answer) => index(question, answer));
    },
  };
}

const CLINICS =
  "CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'A'), (2, 'B');";

describe('init on a terminal', () => {
  it('asks nothing where nothing is open', async () => {
    const user = await start(
      `${CLINICS} CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies)`,
    );
    const someone = person();
    const report = await user.init({}, someone);
    expect(someone.asked).toEqual([]);
    expect(report).toMatchObject({ ok: true, findings: [] });
  });

  it('asks of each open table with what is known of it, and writes what was answered', async () => {
    const user = await start(`${CLINICS}
      CREATE TABLE rooms (id int PRIMARY KEY, company_id int); INSERT INTO rooms VALUES (1, 1), (2, 9);
      CREATE TABLE drugs (id int PRIMARY KEY); CREATE TABLE sessions (sid text PRIMARY KEY);
      CREATE TABLE visits (id int PRIMARY KEY, company_id int REFERENCES companies, drug_id int REFERENCES drugs);`);
    const someone = person({ drugs: 'shared', sessions: 'ignored', 'no place': 'quarantine' });
    const report = await user.init({}, someone);
    expect(someone.asked.map(({ text }) => text)).toEqual([
      'Whose are the rows of public.rooms?',
      'Whose are the rows of public.drugs?',
      'Whose are the rows of public.sessions?',
      'Some rows have no place. What is to become of them?',
    ]);
    expect(someone.asked[0]).toMatchObject({
      facts: [
        '2 rows',
        'columns id, company_id',
        'no table refers to it',
        'company_id: 1 of 2 values are found',
        'company_id may name a clinic',
        'suggested: clinic, by company_id, because company_id names a clinic in 1 of 2 rows',
      ],
      answers: [
        { label: 'clinic, by company_id', hint: "each row is a clinic's own; 1 of 2 values are clinics" },
        { label: 'shared' },
        { label: 'central' },
        { label: 'ignored' },
        { label: 'leave it open' },
      ],
    });
    expect((await user.config()).tables).toEqual({
      drugs: { scope: 'shared' },
      rooms: { scope: 'clinic', key: 'company_id' },
      sessions: { scope: 'ignored' },
    });
    expect(user.text()).toContain('Answered: ignored.');
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('asks no more of a table that an answer to another one settled', async () => {
    const user = await start(`${CLINICS}
      CREATE TABLE visits (id int PRIMARY KEY, organization_id int); INSERT INTO visits VALUES (1, 7);
      CREATE TABLE bills (id int PRIMARY KEY, visit_id int REFERENCES visits);
      CREATE TABLE zones (id int PRIMARY KEY);`);
    const someone = person({ bills: 'ignored', visits: 'clinic, by organization_id' });
    await user.init({}, someone);
    expect(someone.asked.map(({ text }) => text)).not.toContain('Whose are the rows of public.bills?');
  });

  it('asks which table holds the clinics, and which schemas are meant', async () => {
    const user = await start(`CREATE SCHEMA other; CREATE TABLE other.jobs (id int);
      CREATE TABLE branches (id int PRIMARY KEY); CREATE TABLE areas (id int PRIMARY KEY);
      CREATE TABLE patients (id int PRIMARY KEY, branch_id int REFERENCES branches, area_id int REFERENCES areas)`);
    const someone = person({ 'holds the clinics': 'public.branches', schemas: ['public'] });
    await user.init({}, someone);
    const { legacy, clinics } = await user.config();
    expect(legacy?.schemas).toEqual(['public']);
    expect(clinics.table).toBe('branches');
    expect(user.text()).toContain('// Not read, though they hold tables: other.');
  });

  it('says with exit code 1 what the answers leave open', async () => {
    const user = await start(`${CLINICS} CREATE TABLE settings (name text);
      CREATE TABLE rooms (id int, company_id int REFERENCES companies); INSERT INTO rooms VALUES (1, NULL);`);
    const report = await user.init({}, person({ settings: 'leave', 'no place': 'stop' }));
    expect(report.ok).toBe(false);
    expect(report.findings.map(({ code }) => code)).toEqual(['TENANCY_UNRESOLVED', 'SPLIT_NO_CLINIC']);
    expect((await user.inspect()).findings.map(({ code }) => code)).toEqual(
      report.findings.map(({ code }) => code),
    );
  });

  it('asks again of what hung on a table that has become central', async () => {
    const user = await start(`${CLINICS}
      CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies); INSERT INTO users VALUES (1, NULL);
      CREATE TABLE sessions (id int PRIMARY KEY, user_id int REFERENCES users);`);
    const someone = person({ 'users is empty': 'central' });
    await user.init({}, someone);
    expect((await user.config()).tables).toEqual({
      sessions: { scope: 'central' },
      users: { scope: 'central' },
    });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('writes nothing when the person gives up', async () => {
    const user = await start(`${CLINICS} CREATE TABLE settings (name text);`);
    const give = { ...person(), chooseOne: () => Promise.reject(new InterruptedError('interrupted')) };
    await expect(user.init({}, give)).rejects.toMatchObject({ exitCode: 130 });
    expect(readdirSync(user.folder)).toEqual([]);
  });
});
