import type { FindingDoc } from './doc.js';

export const DATA = {} as const satisfies Record<string, FindingDoc>;
