import type { FindingDoc } from './doc.js';

export const CODE = {} as const satisfies Record<string, FindingDoc>;
