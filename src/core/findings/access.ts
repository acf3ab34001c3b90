import type { FindingDoc } from './doc.js';

export const ACCESS = {} as const satisfies Record<string, FindingDoc>;
