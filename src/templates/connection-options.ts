/** Text for connectionManager: the options that its connections have, and what stands before them. */
export interface OptionsText {
  readonly OPTIONS: string;
  readonly DECLARATIONS: string;
}

/** What connectionManager declares or imports itself, in any of its forms. */
export const MANAGER_NAMES: ReadonlySet<string> = new Set([
  'ClinicUnavailableError',
  'Clinic',
  'ELSEWHERE',
  'Entry',
  'LISTEN_AGAIN_MS',
  'Lease',
  'MAX_CONNECTIONS',
  'MAX_KNOWN',
  'MAX_OPEN',
  'MAX_PER_CLINIC',
  'OPTIONS',
  'Opened',
  'Options',
  'Pooled',
  'QueryTypes',
  'SERVED',
  'STALE_AFTER_MS',
  'Sequelize',
  'WAIT_MS',
  'central',
  'changed',
  'clinicOf',
  'clinics',
  'closeConnections',
  'closeIdle',
  'crypto',
  'decrypt',
  'delay',
  'encryption',
  'end',
  'getCentralConnection',
  'getClinicConnection',
  'initializeCentralConnection',
  'isCentralConnection',
  'isClosing',
  'keyOf',
  'lease',
  'listen',
  'listenAgain',
  'listener',
  'makeRoom',
  'moveToEnd',
  'module',
  'once',
  'open',
  'opened',
  'own',
  'pg',
  'positive',
  'readEntry',
  'registry',
  'released',
  'required',
  'retire',
  'servedEntry',
  'start',
  'starting',
  'waiting',
  'wake',
]);

/** The options as the application has them; `without` names those that only its own connection is to have. */
export function optionsText(
  options: { readonly text: string; readonly statements: readonly string[]; readonly isWhole: boolean },
  without: readonly string[],
  isTyped: boolean,
): OptionsText {
  const statements = options.statements.map((one) => `${one}\n`).join('');
  const declarations = options.isWhole ? `${statements}\n${ownText(without, isTyped)}` : statements;
  return {
    OPTIONS: options.isWhole ? `own(${options.text})` : options.text,
    DECLARATIONS: declarations === '' ? '' : `${declarations}\n`,
  };
}

function ownText(without: readonly string[], isTyped: boolean): string {
  const [given, kept, list] = isTyped
    ? ['options: object): Options', 'const kept: Record<string, unknown> =', 'const ELSEWHERE =']
    : ['options)', 'const kept =', 'const ELSEWHERE ='];
  return `// What leads to the application's one database, and so to none of the databases here.
${list} [
${without.map((name) => `  '${name}',\n`).join('')}];

function own(${given} {
  ${kept} { ...options };
  for (const name of ELSEWHERE) delete kept[name];
  return kept;
}
`;
}
