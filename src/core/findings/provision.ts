import type { FindingDoc } from './doc.js';

/** Codes of provision: what the databases it makes cannot hold, and who could get in. */
export const PROVISION = {
  PROVISION_VIEW_LEFT_OUT: {
    cause: 'A view reads tables that are no longer in one database, so it is made in none.',
    mend: 'Write the query in the application, as one for each database.',
  },
  PROVISION_KEY_LEFT_OUT: {
    cause: 'A foreign key points at a table that is not in the same database; the column keeps its value.',
    mend: 'Check in the application what the constraint checked, or give the two tables the same scope.',
  },
  PROVISION_FUNCTION_READS_ABSENT: {
    cause:
      'The body of a function or trigger names a table that is not in the same database; it fails when called.',
    mend: 'Rewrite the function without that table, or drop it together with its triggers.',
  },
  PROVISION_EXTENSION_LEFT_OUT: {
    cause: 'An extension of the legacy database could not be made on the server of the clinic databases.',
    mend: 'Install it there and drop the template database, then run provision again; or leave it, if no query needs it.',
  },
  PROVISION_SCHEMA_STALE: {
    cause: 'The legacy schema has changed since this database was made.',
    mend: 'Make the same change in this database; or, while it holds no rows, drop it and run provision again.',
  },
  PROVISION_PUBLIC_CONNECT: {
    cause:
      'Every login of the server may connect to the legacy or central database, those of the clinics included.',
    mend: 'REVOKE CONNECT, TEMPORARY ON DATABASE … FROM PUBLIC, after granting CONNECT to the logins that need it.',
  },
} as const satisfies Record<string, FindingDoc>;
