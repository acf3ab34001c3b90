import { afterEach, describe, expect, it } from 'vitest';
import type { Prompter, Question } from '../../src/core/ports.js';
import { type Newcomer, newcomer } from '../support/init.js';

const made: Newcomer[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function start(script: string): Promise<Newcomer> {
  const user = await newcomer(`CREATE TABLE clinics (id int PRIMARY KEY, name text);
    INSERT INTO clinics SELECT g, 'c' || g FROM generate_series(1, 3) g;
    CREATE TABLE patients (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics);
    INSERT INTO patients (clinic_id) SELECT 1 + g % 3 FROM generate_series(1, 9) g; ${script}`);
  made.push(user);
  return user;
}

/** Takes the answer whose label begins so. */
function person(label: string): Prompter & { readonly asked: Question[] } {
  const asked: Question[] = [];
  return {
    asked,
    chooseOne: async (question, preferred) => {
      asked.push(question);
      const at = question.answers.findIndex((answer) => answer.label.startsWith(label));
      return at === -1 ? preferred : at;
    },
    chooseSome: async (_question, preferred) => [...preferred],
  };
}

const plain = (text: string): string => text.replaceAll(/\s*\n\s*\/\/ /g, ' ');

const referrals = (declared: boolean, patient: boolean): string => `
  CREATE TABLE referrals (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics,
    to_clinic_id int${declared ? ' REFERENCES clinics' : ''}, tenant_id int, patient_id int${patient ? ' REFERENCES patients' : ''});
  INSERT INTO referrals (clinic_id, to_clinic_id, patient_id) SELECT clinic_id, 1 + clinic_id % 3, id FROM patients;`;

describe('init', () => {
  it('decides that a column names other clinics where all other ways agree in every row, with counts and keys', async () => {
    const user = await start(referrals(true, true));
    const report = await user.init();
    expect(report.findings).toMatchObject([
      {
        code: 'INIT_DECIDED',
        subject: 'public.referrals',
        message:
          'public.referrals: otherClinics: [to_clinic_id], because clinic_id and patient_id → public.patients agree in all rows, and to_clinic_id differs from them',
      },
    ]);
    expect(plain(user.text())).toContain(
      'referrals: to_clinic_id names another clinic in 9 of 9 rows: 1, 2, 3, 4, 5, …; clinic_id and patient_id → public.patients agree in all rows. Decided: otherClinics: [to_clinic_id]',
    );
    expect((await user.config()).tables).toEqual({
      referrals: { scope: 'clinic', otherClinics: ['to_clinic_id'] },
    });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('finds the odd one out also where it was the first to be taken for the key, and where none is declared', async () => {
    const user =
      await start(`CREATE TABLE orders (id int PRIMARY KEY, clinic_id int, company_id int, patient_id int REFERENCES patients);
      INSERT INTO orders SELECT id, 1 + clinic_id % 3, clinic_id, id FROM patients;
      CREATE TABLE bills (id int PRIMARY KEY, a int NOT NULL REFERENCES clinics, b int NOT NULL REFERENCES clinics,
        patient_id int REFERENCES patients);
      INSERT INTO bills SELECT id, 1 + (id + 1) % 3, clinic_id, id FROM patients;`);
    await user.init();
    expect((await user.config()).tables).toEqual({
      bills: { scope: 'clinic', otherClinics: ['a'] },
      orders: { scope: 'clinic', otherClinics: ['clinic_id'] },
    });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('leaves to a person two columns that contradict each other, and says so with the line that settles it', async () => {
    const user = await start(referrals(true, false));
    const report = await user.init();
    expect(report.ok).toBe(false);
    expect(report.findings.find(({ severity }) => severity === 'error')).toMatchObject({
      code: 'INIT_UNDECIDED',
      hint: expect.stringContaining('tables: { "referrals": { otherClinics: ["to_clinic_id"] } }'),
    });
    expect(plain(user.text())).toContain(
      'TO DO: public.referrals: clinic_id and to_clinic_id name different clinics',
    );
    expect((await user.config()).tables).toEqual({});
  });

  it('asks on a terminal, with what is known', async () => {
    const user = await start(referrals(true, false));
    const someone = person('otherClinics: [to_clinic_id]');
    const report = await user.init({}, someone);
    expect(someone.asked).toMatchObject([
      {
        text: 'clinic_id and to_clinic_id of public.referrals name another clinic in some rows. Rightly, as a referral does?',
        answers: [
          { label: 'they have to agree' },
          { label: 'otherClinics: [clinic_id]' },
          { label: 'otherClinics: [to_clinic_id]' },
        ],
      },
    ]);
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('takes a row whose path leads elsewhere for a leak, and a column that always agrees for nothing to decide', async () => {
    const user =
      await start(`CREATE TABLE visits (id int PRIMARY KEY, clinic_id int, patient_id int REFERENCES patients);
      INSERT INTO visits SELECT id, clinic_id, id FROM patients; INSERT INTO visits VALUES (21, 1, 1), (22, 2, 2);
      CREATE TABLE rooms (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, tenant_id int);
      INSERT INTO rooms SELECT id, clinic_id, clinic_id FROM patients;`);
    const report = await user.init();
    expect(report.findings.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
      'INIT_DECIDED unassignable',
    ]);
    expect(await user.config()).toMatchObject({ tables: {}, unassignable: 'quarantine' });
  });
});
