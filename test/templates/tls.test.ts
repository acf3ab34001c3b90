import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scaffoldCommand } from '../../src/commands/scaffold.js';
import { endpointOf, withDatabase } from '../../src/core/urls.js';
import { encryptPassword } from '../../src/provision/password.js';
import { ensureRegistry, saveEntry } from '../../src/provision/registry.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';
import { withSession } from '../support/postgres.js';
import { startTlsServer } from '../support/tls-server.js';

const SECRET = randomBytes(32);
let server: Awaited<ReturnType<typeof startTlsServer>>;
let central: string;
const folders: string[] = [];

beforeAll(async () => {
  server = await startTlsServer();
  const url = `${server.url}?sslmode=no-verify`;
  central = withDatabase(server.url, 'central');
  await withSession(url, async (session) => {
    await session.execute('CREATE DATABASE central');
    await session.execute('CREATE DATABASE clinic');
  });
  await withSession(`${central}?sslmode=no-verify`, async (session) => {
    await ensureRegistry(session);
    const { username, password } = new URL(server.url);
    await saveEntry(session, {
      key: '1',
      label: '1',
      state: 'active',
      server: 'main',
      ...endpointOf(central),
      database: 'clinic',
      role: decodeURIComponent(username),
      password: encryptPassword(decodeURIComponent(password), '1', SECRET),
      schemaFingerprint: '',
    });
  });
}, 120_000);

afterAll(async () => {
  for (const folder of folders) rmSync(folder, { recursive: true });
  await server.stop();
});

/** Connects as the application does, and says of each of its sessions whether it is encrypted. */
const SCRIPT = `
const manager = LOAD('./src/base/connectionManager.js');
const main = async () => {
  const central = await manager.initializeCentralConnection();
  const { clinicDb, release } = await manager.getClinicConnection('1');
  await clinicDb.query('SELECT 1');
  const rows = await central.query(
    "SELECT datname, query LIKE 'LISTEN %' AS listens, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'ours' ORDER BY 1, 2",
    { type: 'SELECT' },
  );
  release();
  await manager.closeConnections();
  console.log(JSON.stringify(rows));
};
main().catch((error) => { console.error(error); process.exit(1); });
`;

/** What the script prints in an application with this connection, scaffolded. */
async function sessions(db: string, isModule: boolean, env: Record<string, string> = {}, others = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  folders.push(folder);
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  const exported = isModule ? 'export default' : 'module.exports =';
  const files: Record<string, string> = {
    'package.json': isModule ? '{ "type": "module" }' : '{}',
    'clinic-migrate.config.json': '{ "app": { "models": "src/models" } }',
    'src/models/Patient.js': `${exported} { define: (sequelize) => sequelize.define('Patient', {}) };`,
    'db.js': db,
    'script.js': SCRIPT.replace('LOAD', isModule ? 'await import' : 'require'),
    'ca.pem': server.certificate,
    ...others,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  expect(await scaffoldCommand.run(await contextIn(folder, {}), [], NO_OPTIONS)).toMatchObject({
    ok: true,
    findings: [],
  });
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'script.js')], {
    timeout: 60_000,
    env: {
      ...process.env,
      CENTRAL_DATABASE_URL: central,
      CLINIC_MIGRATE_KEY: SECRET.toString('base64'),
      ...env,
    },
  });
  return JSON.parse(stdout);
}

const ENCRYPTED = [
  { datname: 'central', listens: false, ssl: true },
  { datname: 'central', listens: true, ssl: true },
  { datname: 'clinic', listens: false, ssl: true },
];
const OURS = "application_name: 'ours'";

describe('on a server that takes only TLS, with what the application says of it', () => {
  it('every connection is encrypted, that which listens as well', async () => {
    const db = `const { Sequelize } = require('sequelize');
      module.exports = new Sequelize(process.env.DB, {
        logging: false, // quiet
        dialectOptions: { ${OURS}, ssl: { require: true, rejectUnauthorized: false } },
      });`;
    expect(await sessions(db, false)).toEqual(ENCRYPTED);
  });

  it('so it is where the environment decides', async () => {
    const db = `const { Sequelize } = require('sequelize');
      const config = require('./config/config')[process.env.NODE_ENV || 'development'];
      module.exports = new Sequelize(config.url, config);`;
    const others = {
      'config/config.js': `const dialectOptions = { ${OURS} };
        module.exports = {
          development: { url: process.env.DB, username: 'nobody', dialectOptions },
          production: {
            url: process.env.DB, host: 'nowhere', database: 'none', logging: false,
            dialectOptions: { ${OURS}, ssl: { rejectUnauthorized: false } },
          },
        };`,
    };
    expect(await sessions(db, false, { NODE_ENV: 'production' }, others)).toEqual(ENCRYPTED);
    await expect(sessions(db, false, { NODE_ENV: 'development' }, others)).rejects.toThrow(
      'no pg_hba.conf entry for host',
    );
  });

  it('and in ES modules, by a certificate that is read from a file beside the connection', async () => {
    const db = `import { readFileSync } from 'node:fs';
      import { Sequelize } from 'sequelize';
      export default new Sequelize(process.env.DB, {
        logging: false,
        dialectOptions: {
          ${OURS},
          ssl: { ca: readFileSync(new URL('./ca.pem', import.meta.url), 'utf8'), checkServerIdentity: () => undefined },
        },
      });`;
    expect(await sessions(db, true)).toEqual(ENCRYPTED);
  });
});
