const crypto = require('node:crypto');
const { setTimeout: delay } = require('node:timers/promises');
const pg = require('pg');
const { Sequelize } = require('sequelize');

__DECLARATIONS__// What every connection of the application has; the pool's size is set below.
const OPTIONS = __OPTIONS__;

// At most this many connections to clinic databases from this process; so many clinics can be open at once.
const MAX_CONNECTIONS = positive(process.env.CLINIC_CONNECTIONS_MAX, 40);
const MAX_PER_CLINIC = Math.min(positive(process.env.CLINIC_POOL_MAX, 5), MAX_CONNECTIONS);
const MAX_OPEN = Math.floor(MAX_CONNECTIONS / MAX_PER_CLINIC);
// A clinic that is not open has no connections, and keeps its models: about a megabyte for eighty of them.
const MAX_KNOWN = MAX_OPEN + 100;

// A change in the registry is notified; this is the limit where a notification was lost.
const STALE_AFTER_MS = 30_000;
// How long a connection may take to be made, and a request may wait for another clinic to be closed.
const WAIT_MS = 10_000;
const LISTEN_AGAIN_MS = 1_000;
const SERVED = new Set(['ready', 'active']);

/** The clinic cannot be served: never, or (`isTemporary`) for a short while. Do not tell the client why. */
class ClinicUnavailableError extends Error {
  constructor(isTemporary) {
    super('This clinic is not served at the moment');
    this.name = 'ClinicUnavailableError';
    this.isTemporary = isTemporary;
  }
}

let starting;
let central;
let listener;
let isClosing = false;

/** Connects to the central database and listens for changes of clinics. Call it before the server listens. */
function initializeCentralConnection() {
  starting ??= start().catch((error) => {
    starting = undefined;
    throw error;
  });
  return starting;
}

async function start() {
  isClosing = false;
  const url = new URL(required('CENTRAL_DATABASE_URL'));
  const database = decodeURIComponent(url.pathname.slice(1));
  // Sequelize would take the name from the URL as it is encoded there.
  url.pathname = '';
  const connection = open({ database }, url.toString());
  try {
    await connection.authenticate();
    await listen();
  } catch (error) {
    connection.close().catch(() => undefined);
    throw error;
  }
  central = connection;
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

/** A clinic's entry in the registry, if it may be served. */
async function servedEntry(key) {
  let known = registry.get(key);
  if (!known || Date.now() - known.readAt >= STALE_AFTER_MS) {
    known = { entry: readEntry(key), readAt: Date.now() };
    registry.set(key, known);
  }
  const forget = () => registry.get(key) === known && registry.delete(key);
  const entry = await known.entry.catch((error) => {
    forget();
    throw error;
  });
  // A clinic that nobody knows is not remembered: there is no end of them.
  if (!entry) forget();
  if (!SERVED.has(entry?.state)) throw new ClinicUnavailableError(entry?.state === 'moving');
  return entry;
}

async function readEntry(key) {
  const [row] = await getCentralConnection().query(
    'SELECT state, host, port, database, role, password FROM clinic_migrate.clinics WHERE key = $1',
    { bind: [key], type: 'SELECT' },
  );
  return row;
}

/** Hears of every change in the registry. Needs a session of its own: no pooler in transaction mode. */
async function listen() {
  const client = new pg.Client({
    ...OPTIONS.dialectOptions,
    connectionString: required('CENTRAL_DATABASE_URL'),
    connectionTimeoutMillis: WAIT_MS,
    keepAlive: true,
  });
  client.on('notification', ({ payload }) => changed(payload));
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('LISTEN clinic_migrate_clinics');
  } catch (error) {
    client.end().catch(() => undefined);
    throw error;
  }
  if (isClosing) return client.end();
  client.on('end', listenAgain);
  listener = client;
  // What happened before is not notified.
  registry.clear();
}

async function listenAgain() {
  registry.clear();
  while (!isClosing) {
    await delay(LISTEN_AGAIN_MS, undefined, { ref: false });
    try {
      return await listen();
    } catch {
      // The central database is away; entries are read anew when they are stale.
    }
  }
}

function changed(key) {
  registry.delete(key);
  const clinic = clinics.get(key);
  if (clinic?.leases === 0) closeIdle(clinic);
}

// Clinics by key, and those of them that may have connections; the one that was used last at the end.
const clinics = new Map();
const opened = new Set();
const waiting = new Set();

/**
 * A lease on the connection to a clinic's database: `{ clinicDb, release }`. No connection is closed to make room
 * while anybody holds a lease, so call `release` when done, whatever happened. Throws ClinicUnavailableError.
 */
async function getClinicConnection(clinicId) {
  const key = keyOf(clinicId);
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    // Read again after every wait: the clinic may have moved in the meantime.
    const entry = await servedEntry(key);
    if (isClosing) throw new ClinicUnavailableError(true);
    const clinic = clinicOf(key, entry);
    if (opened.has(clinic) || makeRoom()) return lease(clinic);
    await released(deadline);
  }
}

function keyOf(clinicId) {
  if (['string', 'number', 'bigint'].includes(typeof clinicId)) return String(clinicId);
  throw new ClinicUnavailableError(false);
}

/** The clinic with its connection. One whose database or login has changed gets a new connection. */
function clinicOf(key, entry) {
  const { host, port, database, role, password } = entry;
  const identity = JSON.stringify([host, port, database, role, password]);
  const known = clinics.get(key);
  if (known?.identity === identity) return known;
  if (known) retire(known);
  const clinicDb = open({
    // An IPv6 address stands in brackets in URLs only.
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port,
    database,
    username: role,
    password: decrypt(password, key),
    dialectOptions: encryption(),
  });
  const clinic = { key, identity, clinicDb, leases: 0, isRetired: false, ready: undefined };
  clinics.set(key, clinic);
  return clinic;
}

async function lease(clinic) {
  if (!opened.has(clinic)) clinic.ready = clinic.clinicDb.authenticate();
  moveToEnd(clinic);
  clinic.leases += 1;
  const release = once(() => {
    clinic.leases -= 1;
    if (clinic.leases > 0) return;
    if (clinic.isRetired) end(clinic);
    wake();
  });
  try {
    await clinic.ready;
    return { clinicDb: clinic.clinicDb, release };
  } catch (error) {
    // The next request tries again.
    retire(clinic);
    release();
    throw error;
  }
}

function moveToEnd(clinic) {
  clinics.delete(clinic.key);
  clinics.set(clinic.key, clinic);
  opened.delete(clinic);
  opened.add(clinic);
  for (const [key, other] of clinics) {
    if (clinics.size <= MAX_KNOWN) return;
    if (!opened.has(other)) clinics.delete(key);
  }
}

/** True where one more clinic may be opened; closes the one that was idle for longest if need be. */
function makeRoom() {
  if (opened.size < MAX_OPEN) return true;
  for (const clinic of opened) {
    if (clinic.leases > 0) continue;
    closeIdle(clinic);
    return true;
  }
  return false;
}

/**
 * Closes the connections that are in nobody's hands. The pool stays usable: a handler that goes on after its
 * response was sent gets a connection, which is closed when it is idle again.
 */
function closeIdle(clinic) {
  opened.delete(clinic);
  clinic.clinicDb.connectionManager.pool.destroyAllNow().catch(() => undefined);
  wake();
}

/** For good: the connection leads to where the clinic is no longer, or to nowhere. Who holds it may finish. */
function retire(clinic) {
  if (clinics.get(clinic.key) === clinic) clinics.delete(clinic.key);
  clinic.isRetired = true;
  if (clinic.leases === 0) end(clinic);
}

function end(clinic) {
  opened.delete(clinic);
  clinic.clinicDb.close().catch(() => undefined);
}

function released(deadline) {
  return new Promise((resolve, reject) => {
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.delete(go);
      reject(new ClinicUnavailableError(true));
    }, deadline - Date.now());
    waiting.add(go);
  });
}

/** Lets all who wait look again, in the order in which they came. */
function wake() {
  const all = [...waiting];
  waiting.clear();
  for (const go of all) go();
}

/** Closes every connection, for a clean end of the process. */
async function closeConnections() {
  isClosing = true;
  const closing = [...new Set([...clinics.values(), ...opened])].map(({ clinicDb }) => clinicDb.close());
  clinics.clear();
  opened.clear();
  registry.clear();
  wake();
  await Promise.all([...closing, central?.close(), listener?.end()]);
  starting = undefined;
  central = undefined;
  listener = undefined;
}

function open(target, ...url) {
  const connection = new Sequelize(...url, {
    ...OPTIONS,
    ...target,
    dialect: 'postgres',
    // A copy for each: Sequelize writes what it finds in a URL into it.
    dialectOptions: { connectionTimeoutMillis: WAIT_MS, ...OPTIONS.dialectOptions, ...target.dialectOptions },
    pool: { ...OPTIONS.pool, min: 0, max: MAX_PER_CLINIC },
  });
  // Sequelize runs a query on its transaction's connection, whichever database that is.
  connection.addHook('beforeQuery', ({ transaction }) => {
    const owner = transaction?.sequelize;
    if (owner && owner !== connection) throw new Error('A transaction of another database was given to this query');
  });
  return connection;
}

/** Clinic databases are reached with the same encryption (`sslmode`) as the central one. */
function encryption() {
  const { ssl } = getCentralConnection().options.dialectOptions;
  return ssl === undefined ? {} : { ssl };
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
    if (isDone) return;
    isDone = true;
    work();
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
