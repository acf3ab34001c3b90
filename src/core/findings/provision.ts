import type { FindingDoc } from './doc.js';

export const PROVISION = {} as const satisfies Record<string, FindingDoc>;
