import { CONNECTION_MANAGER } from './typed-connections.js';
import { DECORATED } from './typed-decorated.js';
import { MODEL_FACTORY, REPOSITORY, ROUTING, type Typed } from './typed-lines.js';

/** What is typed in each of the runtime files. */
export const TYPED_LINES = {
  'ModelFactory.js': MODEL_FACTORY,
  'Repository.js': REPOSITORY,
  'connectionManager.js': CONNECTION_MANAGER,
  'clinicRoutingMiddleware.js': ROUTING,
  'decorated.js': DECORATED,
} as const satisfies Record<string, readonly Typed[]>;

export type TemplateName = keyof typeof TYPED_LINES;

/** A runtime file with its types, so that there is one text of each file for every kind of application. */
export function toTypeScript(text: string, lines: readonly Typed[], fill: (typed: string) => string): string {
  return lines.reduce((done, [plain, typed]) => {
    const [before, after, ...more] = done.split(plain);
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`the runtime file does not have this once: ${plain}`);
    return before + fill(typed) + after;
  }, text);
}
