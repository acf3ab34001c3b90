const crypto = require('node:crypto');
const { Client } = require('pg');
const { Sequelize } = require('sequelize');

// What every connection of the application has; the pool's size is set below.
const OPTIONS = __OPTIONS__;

// At most this many connections to clinic databases, over all clinics, from this process.
const MAX_CONNECTIONS = positive(process.env.CLINIC_CONNECTIONS_MAX, 40);
const MAX_PER_CLINIC = Math.min(positive(process.env.CLINIC_POOL_MAX, 5), MAX_CONNECTIONS);
const MAX_CLINICS = Math.floor(MAX_CONNECTIONS / MAX_PER_CLINIC);

// A change in the registry is notified; this is the limit where a notification was lost.
const STALE_AFTER_MS = 30_000;
const WAIT_MS = 10_000;
const LISTEN_AGAIN_MS = 1_000;
const SERVED = new Set(['ready', 'active']);

/** The clinic cannot be served: unknown, switched off, or (`isMoving`) for a short while. Do not tell the client which. */
class ClinicUnavailableError extends Error {
  constructor(isMoving) {
    super('this clinic is not served at the moment');
    this.name = 'ClinicUnavailableError';
    this.isMoving = isMoving;
  }
}

let central;
let listener;
let isClosing = false;

/** Connects to the central database and listens for changes of clinics. Call it before the server listens. */
async function initializeCentralConnection() {
  if (central) return central;
  isClosing = false;
  const connection = open(required('CENTRAL_DATABASE_URL'), MAX_PER_CLINIC);
  await connection.authenticate();
  central = connection;
  await listen();
  return central;
}

/** The connection to the central database: clinics, users and whatever else belongs to no clinic. */
function getCentralConnection() {
  if (central) return central;
  throw new Error('There is no central connection: call initializeCentralConnection() before the server listens');
}

function isCentralConnection(connection) {
  return connection !== undefined && connection === central;
}

// Registry entries by clinic, as promises, so that requests that come together share one query.
const registry = new Map();

function registryEntry(key) {
  const known = registry.get(key);
  if (known && Date.now() - known.readAt < STALE_AFTER_MS) return known.entry;
  const entry = readEntry(key);
  const cached = { entry, readAt: Date.now() };
  registry.set(key, cached);
  const forget = () => registry.get(key) === cached && registry.delete(key);
  entry.then((found) => found || forget(), forget);
  return entry;
}

async function readEntry(key) {
  const [row] = await getCentralConnection().query(
    'SELECT state, host, port, database, role, password FROM clinic_migrate.clinics WHERE key = $1',
    { bind: [key], type: 'SELECT' },
  );
  return row;
}

/** Hears of every change in the registry; after a lost connection nothing that was known counts. */
async function listen() {
  const client = new Client({ connectionString: required('CENTRAL_DATABASE_URL'), keepAlive: true });
  client.on('notification', ({ payload }) => registry.delete(payload));
  client.on('error', () => undefined);
  client.on('end', () => {
    registry.clear();
    if (!isClosing) setTimeout(() => listen().catch(() => undefined), LISTEN_AGAIN_MS).unref();
  });
  listener = client;
  await client.connect();
  await client.query('LISTEN clinic_migrate_clinics');
  registry.clear();
}

// Clinics with an open pool, the one that was used last at the end.
const clinics = new Map();
const waiting = [];

/**
 * A lease on the connection to a clinic's database: `{ clinicDb, release }`. The pool is not closed while anybody
 * holds a lease, so call `release` when done, whatever happened. Throws ClinicUnavailableError.
 */
async function getClinicConnection(clinicId) {
  const key = String(clinicId);
  const entry = await registryEntry(key);
  if (!entry || !SERVED.has(entry.state)) throw new ClinicUnavailableError(entry?.state === 'moving');
  retireIfChanged(key, entry);
  while (!clinics.has(key) && clinics.size >= MAX_CLINICS) {
    if (!closeLeastUsed()) await released();
  }
  const holder = clinics.get(key) ?? connect(key, entry);
  clinics.delete(key);
  clinics.set(key, holder);
  holder.leases += 1;
  const release = once(() => {
    holder.leases -= 1;
    if (holder.isRetired && holder.leases === 0) holder.clinicDb.close();
    waiting.shift()?.();
  });
  try {
    await holder.ready;
    return { clinicDb: holder.clinicDb, release };
  } catch (error) {
    // The next request tries again.
    retire(key, holder);
    release();
    throw error;
  }
}

function connect(key, entry) {
  const url = new URL('postgres://localhost');
  url.username = encodeURIComponent(entry.role);
  url.password = encodeURIComponent(decrypt(entry.password, key));
  url.host = `${entry.host}:${entry.port}`;
  url.pathname = `/${encodeURIComponent(entry.database)}`;
  const clinicDb = open(url.toString(), MAX_PER_CLINIC);
  return { clinicDb, ready: clinicDb.authenticate(), leases: 0, isRetired: false, identity: identityOf(entry) };
}

function identityOf({ host, port, database, role, password }) {
  return JSON.stringify([host, port, database, role, password]);
}

/** A clinic that has moved gets a new connection; who still holds the old one may finish. */
function retireIfChanged(key, entry) {
  const holder = clinics.get(key);
  if (holder && holder.identity !== identityOf(entry)) retire(key, holder);
}

function retire(key, holder) {
  if (clinics.get(key) === holder) clinics.delete(key);
  holder.isRetired = true;
  if (holder.leases === 0) holder.clinicDb.close();
}

function closeLeastUsed() {
  for (const [key, holder] of clinics) {
    if (holder.leases > 0) continue;
    retire(key, holder);
    return true;
  }
  return false;
}

function released() {
  return new Promise((resolve, reject) => {
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(go), 1);
      reject(new ClinicUnavailableError(true));
    }, WAIT_MS);
    waiting.push(go);
  });
}

/** Closes every connection, for a clean end of the process. */
async function closeConnections() {
  isClosing = true;
  const pools = [...clinics.values()].map(({ clinicDb }) => clinicDb);
  clinics.clear();
  registry.clear();
  await Promise.all([...pools.map((pool) => pool.close()), central?.close(), listener?.end()]);
  central = undefined;
  listener = undefined;
}

function open(url, max) {
  const connection = new Sequelize(url, { ...OPTIONS, dialect: 'postgres', pool: { ...OPTIONS.pool, min: 0, max } });
  const query = connection.query;
  // Sequelize runs a query on its transaction's connection, whichever database that is.
  connection.query = async function guarded(sql, options) {
    const owner = options?.transaction?.sequelize;
    if (owner && owner !== connection) throw new Error('A transaction of another database was given to this query');
    return query.call(connection, sql, options);
  };
  return connection;
}

/** AES-256-GCM; the clinic's key is the associated data, so that no two entries can be exchanged. */
function decrypt(text, clinicKey) {
  const secret = required('CLINIC_MIGRATE_KEY');
  const key = Buffer.from(secret, /^[0-9a-f]{64}$/i.test(secret) ? 'hex' : 'base64');
  const bytes = Buffer.from(text.replace(/^v1:/, ''), 'base64');
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(clinicKey, 'utf8'));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8');
}

function required(name) {
  const value = process.env[name];
  if (value) return value.trim();
  throw new Error(`The environment variable ${name} is not set`);
}

function positive(text, otherwise) {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : otherwise;
}

function once(work) {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

module.exports = {
  ClinicUnavailableError,
  closeConnections,
  getCentralConnection,
  getClinicConnection,
  initializeCentralConnection,
  isCentralConnection,
};
