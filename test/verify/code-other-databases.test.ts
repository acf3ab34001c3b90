import { join } from 'node:path';
import { expect, it } from 'vitest';
import { verifyCode } from '../../src/verify/code.js';
import { brief, inputFor, readTree } from '../codemods/fixture.js';

const BASE = readTree(join(import.meta.dirname, '../../fixtures/codemods/base/cjs'));

/** What verify code says of one file more beside migrated models, the runtime files and the authentication that it lacks left out. */
function verify(text: string): string[] {
  const { app, sources, facts } = inputFor(new Map([...BASE, ['/app/src/audit.js', text]]));
  return brief(verifyCode({ app, sources, facts })).filter(
    (one) => !/^ISOLATION_NO(T_REGISTERED|_CLINIC)/.test(one),
  );
}

const audit = (address: string): string => `const { Sequelize } = require('sequelize');
exports.audit = async () => {
  const other = new Sequelize(${address});
  const rows = await other.query('SELECT * FROM patients');
  await other.close();
  return rows;
};
`;

it('leaves another database alone', () => {
  expect(verify(audit('process.env.WAREHOUSE_URL'))).toEqual([]);
});

it('takes a connection from the same address for the application’s own', () => {
  expect(verify(audit('process.env.DATABASE_URL'))).toContain('ISOLATION_GLOBAL_CONNECTION src/audit.js:4');
});

it('says once where nothing tells which database it is', () => {
  expect(verify(audit('address()'))).toEqual(['ISOLATION_GLOBAL_CONNECTION src/audit.js:3']);
});
