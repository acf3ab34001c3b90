import type { FindingDoc } from './doc.js';

export const DEMO = {
  DEMO_NOT_HELD: {
    cause: 'A step of the demo did not end as it must.',
    mend: 'Run `clinic-migrate demo --keep`, look around, and report it.',
  },
} as const satisfies Record<string, FindingDoc>;
