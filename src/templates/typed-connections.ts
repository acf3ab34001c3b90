import type { Typed } from './typed-lines.js';

/** The types of connectionManager. */
export const CONNECTION_MANAGER: readonly Typed[] = [
  [
    "import { Sequelize } from 'sequelize'",
    "import { type Options, QueryTypes, Sequelize } from 'sequelize'",
  ],
  ['const OPTIONS =', 'const OPTIONS: Options ='],
  ['const SERVED = new Set', `const SERVED = new Set<string | undefined>`],
  [
    '/** The clinic cannot be served',
    `/** A clinic as the registry has it. */
interface Entry {
  readonly state: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly role: string;
  readonly password: string;
}

interface Clinic {
  readonly key: string;
  readonly identity: string;
  readonly clinicDb: Sequelize;
  leases: number;
  isRetired: boolean;
  ready: Promise<void> | undefined;
}

/** The connection to a clinic's database, and how to give it back. */
export interface Lease {
  readonly clinicDb: Sequelize;
  release(): void;
}

/** The clinic cannot be served`,
  ],
  [
    '  constructor(isTemporary) {',
    '  readonly isTemporary: boolean;\n\n  constructor(isTemporary: boolean) {',
  ],
  [
    'let starting;\nlet central;\nlet listener;',
    'let starting: Promise<Sequelize> | undefined;\nlet central: Sequelize | undefined;\nlet listener: pg.Client | undefined;',
  ],
  [
    'function initializeCentralConnection() {',
    'function initializeCentralConnection(): Promise<Sequelize> {',
  ],
  ['start().catch((error) => {', 'start().catch((error: unknown) => {'],
  ['async function start() {', 'async function start(): Promise<Sequelize> {'],
  ['function getCentralConnection() {', 'function getCentralConnection(): Sequelize {'],
  [
    'function isCentralConnection(connection) {',
    'function isCentralConnection(connection: Sequelize | undefined): boolean {',
  ],
  [
    'const registry = new Map();',
    'const registry = new Map<string, { readonly entry: Promise<Entry | undefined>; readonly readAt: number }>();',
  ],
  ['async function servedEntry(key) {', 'async function servedEntry(key: string): Promise<Entry> {'],
  [
    'const forget = () => registry.get(key) === known && registry.delete(key);',
    'const forget = (): boolean => registry.get(key) === known && registry.delete(key);',
  ],
  ['known.entry.catch((error) => {', 'known.entry.catch((error: unknown) => {'],
  ['  if (!SERVED.has(entry?.state)) throw', '  if (!entry || !SERVED.has(entry.state)) throw'],
  ['async function readEntry(key) {', 'async function readEntry(key: string): Promise<Entry | undefined> {'],
  ['getCentralConnection().query(', 'getCentralConnection().query<Entry>('],
  ["type: 'SELECT' }", 'type: QueryTypes.SELECT }'],
  ['async function listen() {', 'async function listen(): Promise<void> {'],
  ['({ payload }) => changed(payload)', "({ payload }) => changed(payload ?? '')"],
  ['async function listenAgain() {', 'async function listenAgain(): Promise<void> {'],
  ['function changed(key) {', 'function changed(key: string): void {'],
  [
    'const clinics = new Map();\nconst opened = new Set();\nconst waiting = new Set();',
    'const clinics = new Map<string, Clinic>();\nconst opened = new Set<Clinic>();\nconst waiting = new Set<() => void>();',
  ],
  [
    'async function getClinicConnection(clinicId) {',
    'async function getClinicConnection(clinicId: unknown): Promise<Lease> {',
  ],
  ['function keyOf(clinicId) {', 'function keyOf(clinicId: unknown): string {'],
  ['function clinicOf(key, entry) {', 'function clinicOf(key: string, entry: Entry): Clinic {'],
  ['const clinic = { key,', 'const clinic: Clinic = { key,'],
  ['async function lease(clinic) {', 'async function lease(clinic: Clinic): Promise<Lease> {'],
  ['function moveToEnd(clinic) {', 'function moveToEnd(clinic: Clinic): void {'],
  ['function makeRoom() {', 'function makeRoom(): boolean {'],
  ['function closeIdle(clinic) {', 'function closeIdle(clinic: Clinic): void {'],
  [
    'clinic.clinicDb.connectionManager.pool.destroyAllNow()',
    '(clinic.clinicDb.connectionManager as unknown as Pooled).pool.destroyAllNow()',
  ],
  [
    '/**\n * Closes the connections that',
    "/** What Sequelize's types do not tell of its connections. */\ninterface Pooled {\n  readonly pool: { destroyAllNow(): Promise<void> };\n}\n\n/**\n * Closes the connections that",
  ],
  ['function retire(clinic) {', 'function retire(clinic: Clinic): void {'],
  ['function end(clinic) {', 'function end(clinic: Clinic): void {'],
  [
    'function released(deadline) {\n  return new Promise(',
    'function released(deadline: number): Promise<void> {\n  return new Promise<void>(',
  ],
  ['const go = () => {', 'const go = (): void => {'],
  ['function wake() {', 'function wake(): void {'],
  ['async function closeConnections() {', 'async function closeConnections(): Promise<void> {'],
  [
    'function open(target, ...url) {\n  const connection = new Sequelize(...url, {',
    'function open(target: Options, url?: string): Sequelize {\n  const options: Options = {',
  ],
  [
    'max: MAX_PER_CLINIC },\n  });',
    'max: MAX_PER_CLINIC },\n  };\n  const connection = url === undefined ? new Sequelize(options) : new Sequelize(url, options);',
  ],
  [
    'const owner = transaction?.sequelize;',
    'const owner = (transaction as { readonly sequelize?: Sequelize } | null | undefined)?.sequelize;',
  ],
  [
    '/** Clinic databases are reached with',
    `interface Opened {
  readonly options: { readonly dialectOptions: { readonly ssl?: unknown } };
}

/** Clinic databases are reached with`,
  ],
  ['function encryption() {', 'function encryption(): object {'],
  [
    'const { ssl } = getCentralConnection().options.dialectOptions;',
    'const { ssl } = (getCentralConnection() as unknown as Opened).options.dialectOptions;',
  ],
  ['function decrypt(text, clinicKey) {', 'function decrypt(text: string, clinicKey: string): string {'],
  ['function required(name) {', 'function required(name: string): string {'],
  [
    'function positive(text, otherwise) {',
    'function positive(text: string | undefined, otherwise: number): number {',
  ],
  ['function once(work) {', 'function once(work: () => void): () => void {'],
];
