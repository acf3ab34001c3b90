import type { FindingDoc } from './doc.js';

/** Codes of init: what it decided by itself, and what a person should look at. */
export const INIT = {
  INIT_DECIDED: {
    cause: '`init --yes` settled an open question by itself.',
    mend: 'Read the comment beside it in the configuration, and write something else where it is wrong.',
  },
  INIT_UNDECIDED: {
    cause:
      'Two columns of a table name different clinics in some rows, and no other way tells which of them says whose a row is.',
    mend: 'Correct the rows in the legacy database, or list the column that rightly names another clinic in `otherClinics` of its table.',
  },
  INIT_CLINIC_ID: {
    cause:
      'Nothing tells which property of a request names its clinic, or the one that is read is set nowhere.',
    mend: 'Have authentication put the clinic on the request, from the token or from a row, and name that in app.clinicId.',
  },
  INIT_NO_DATABASE: {
    cause: '`init --yes` was given no legacy database, and wrote what the application says alone.',
    mend: 'Name central models in app.modelScopes; or move the file away, set LEGACY_DATABASE_URL, and run init again.',
  },
  INIT_LOGINS: {
    cause:
      "The rows of a clinic's table are logins. Who logs in has no clinic yet, so nothing says in which database to look.",
    mend: "Give the table the scope 'central', unless the login itself names the clinic.",
  },
} as const satisfies Record<string, FindingDoc>;
