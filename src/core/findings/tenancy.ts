import type { FindingDoc } from './doc.js';

export const TENANCY = {
  TENANCY_UNRESOLVED: {
    cause: 'Nothing in the schema or in the configuration says whose the rows of this table are.',
    mend: 'Add the table to `tables` in the configuration: scope clinic (with key or via), shared, central or ignored.',
  },
} as const satisfies Record<string, FindingDoc>;
