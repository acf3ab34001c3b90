import type { FindingDoc } from './doc.js';

/** Codes of the registry in the central database: what every command reads that goes to the clinics. */
export const REGISTRY = {
  REGISTRY_ENTRY: {
    cause:
      "A clinic's row in the registry leads nowhere or astray: its password cannot be read, its server is not in the configuration or is elsewhere, or it names the database or the login of another clinic. Nothing else is said of the clinic until then.",
    mend: 'Run the statement of the hint, which puts the row back, or put the server back into the configuration.',
  },
  REGISTRY_ROW_MISSING: {
    cause:
      "A database says that it is a clinic's, and the registry has no row of the clinic: the application does not find it.",
    mend: 'Run provision for the clinic, then split: rows that are there stay. A clinic that was served needs its old row, from a backup of the central database.',
  },
  REGISTRY_UNMARKED: {
    cause:
      "The database or the login that a clinic's row of the registry names does not say whose it is: the comment that provision writes on both is gone, or is from an earlier version.",
    mend: "Run provision, which marks a database whose own record says that it is the clinic's; of a login, run the statement of the hint.",
  },
} as const satisfies Record<string, FindingDoc>;
