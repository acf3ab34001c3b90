import type { FindingDoc } from './doc.js';

export const SPLIT = {} as const satisfies Record<string, FindingDoc>;
