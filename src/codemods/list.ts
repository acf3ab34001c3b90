import { UsageError } from '../core/errors.js';
import { didYouMean } from '../core/near-miss.js';

/** The codemods, by what they rewrite; `codemod --list` prints them, and each has a page in docs/codemods/. */
export const CODEMODS = {
  models: 'model files and their associations become { define, associate }',
  routes: 'handlers ask ModelFactory for their models, by the request’s clinic',
  services: 'functions that see no request take clinicDb, and every caller passes it',
  queries: 'transactions and raw queries go through the clinic’s connection',
  server: 'clinicRoutingMiddleware after authentication, and no start-up work on the shared database',
} as const;

export type CodemodName = keyof typeof CODEMODS;

const NAMES = Object.keys(CODEMODS) as CodemodName[];

/** What `--only` and `--skip` leave. UsageError for a name that is none. */
export function chooseCodemods(only: string | undefined, skip: string | undefined): ReadonlySet<CodemodName> {
  const without = new Set(named(skip, '--skip'));
  const chosen = only === undefined ? NAMES : named(only, '--only');
  return new Set(chosen.filter((name) => !without.has(name)));
}

function named(list: string | undefined, option: string): CodemodName[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => {
      const found = NAMES.find((one) => one === name);
      if (found !== undefined) return found;
      throw new UsageError(`${option} names ${JSON.stringify(name)}, which is no codemod`, {
        hint: didYouMean(name, NAMES),
      });
    });
}
