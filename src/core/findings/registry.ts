import type { FindingDoc } from './doc.js';

/** Codes of the registry in the central database: what every command reads that goes to the clinics. */
export const REGISTRY = {
  REGISTRY_ENTRY: {
    cause:
      "A clinic's row in the registry leads nowhere: its password cannot be read, its server is not in the configuration, or it names the database or the login of another clinic.",
    mend: 'Put the row back as provision wrote it, or delete it and run provision again; put the server back into the configuration.',
  },
} as const satisfies Record<string, FindingDoc>;
