import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FINDINGS } from '../../src/core/finding-codes.js';
import { BEFORE } from './before.js';
import { AFTER } from './fleet.js';

/** Where a plant is not one line of a list: the test names the code, plants it, and follows the hint. */
const IN_A_TEST: Readonly<Record<string, string>> = {
  DATA_FOREIGN_CODE: 'verify/access/planted-code.test.ts',
  DATA_NOT_CONSERVED: 'mends/fleet.test.ts',
  PROVISION_ACCESS_NOT_MENDED: 'provision/grants.test.ts',
  PROVISION_EXTENSION_REACHES_OUT: 'provision/reaching-extensions.test.ts',
  PROVISION_LOGIN_UNCLEAR: 'provision/policies.test.ts',
  PROVISION_PUBLIC_CONNECT: 'mends/split.test.ts',
  PROVISION_SCHEMA_STALE: 'mends/split.test.ts',
  REGISTRY_ENTRY: 'verify/registry.test.ts',
  REGISTRY_ROW_MISSING: 'verify/registry.test.ts',
  REGISTRY_UNMARKED: 'verify/registry.test.ts',
  SPLIT_CLINIC_GONE: 'mends/split.test.ts',
  SPLIT_COPY_IN_USE: 'mends/split.test.ts',
  SPLIT_COPY_STALE: 'mends/split.test.ts',
  SPLIT_COPY_WRITTEN: 'mends/split.test.ts',
  SPLIT_NOT_CONSERVED: 'mends/split.test.ts',
  TENANCY_NO_CLINICS: 'mends/split.test.ts',
};

/** What a person has to decide, and why no hint can say it. */
const BY_A_PERSON: Readonly<Record<string, string>> = {
  DATA_LOCKED: 'whether the holder of the lock is to be waited for or ended',
  PROVISION_FUNCTION_LEFT_OUT: 'where the application is to do what the function did',
  PROVISION_GRANT_LEFT_BEHIND: 'whether another role needs what it was granted',
  PROVISION_POLICY_ASKS_WHO: 'what the policy is to ask for where each clinic has a login of its own',
  PROVISION_POLICY_LEFT_OUT: 'whether another role needs the policy',
  PROVISION_EXTENSION_LEFT_OUT: 'software of the server has to be installed',
  PROVISION_MEANING_DIFFERS: 'what the expression is to mean',
  PROVISION_SETTING_LEFT_BEHIND: 'whether the application needs it: it stays where it is',
  SPLIT_LARGE_OBJECT_MISSING: 'which object the row is to name',
  SPLIT_LARGE_OBJECT_OF_TWO: 'whose the object is',
  SPLIT_TEXT_NOT_HELD: 'which characters the rows are to have instead, or in what encoding central is to be',
  TENANCY_COPY_REFERENCED: 'whether copies may grow old: it is what the configuration asks for',
  TENANCY_CROSSING_KEY: 'whether the application can live without the constraint',
};

const HALF = /^(DATA|SPLIT|PROVISION|TENANCY|REGISTRY)_/;
const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

it('every finding of the data half has a plant and a mend that was followed, or is a person’s to decide', () => {
  const mended = new Set<string>([
    ...BEFORE.map(({ code }) => code),
    ...AFTER.map(({ code }) => code),
    ...Object.keys(IN_A_TEST),
  ]);
  const codes = Object.keys(FINDINGS).filter((code) => HALF.test(code));
  expect(codes.filter((code) => !mended.has(code) && !Object.hasOwn(BY_A_PERSON, code))).toEqual([]);
  expect(Object.keys(BY_A_PERSON).filter((code) => mended.has(code) || !codes.includes(code))).toEqual([]);
});

it('the tests that are said to plant a finding name it', () => {
  for (const [code, path] of Object.entries(IN_A_TEST)) expect(read(path), path).toContain(code);
});

const ACCESS = join(import.meta.dirname, '../verify/access');

it.runIf(existsSync(ACCESS))('every finding of access is planted by a test of access', () => {
  const tests = readdirSync(ACCESS, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => read(join('verify/access', path)))
    .join(read('verify/access.test.ts'));
  const codes = Object.keys(FINDINGS).filter((code) => code.startsWith('ACCESS_'));
  // What the check may not look at is said by it, whatever the fault.
  expect(codes.filter((code) => code !== 'ACCESS_NOT_CHECKED' && !tests.includes(code))).toEqual([]);
});
