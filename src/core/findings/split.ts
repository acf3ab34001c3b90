import type { FindingDoc } from './doc.js';

/** Codes of split: what copying the rows has to tell. */
export const SPLIT = {
  SPLIT_NO_CLINIC: {
    cause:
      'Rows of a clinic-scoped table lead to no clinic: the key is NULL, or the path to it is NULL or dangling.',
    mend: "Give the rows a clinic, say nullKey: 'shared' of the table where they belong to everyone, or set unassignable: 'quarantine'.",
  },
  SPLIT_UNKNOWN_CLINIC: {
    cause: "The clinic key of these rows is no clinic's.",
    mend: "Correct the key, or set unassignable: 'quarantine' to keep the rows aside.",
  },
  SPLIT_PATHS_DISAGREE: {
    cause:
      'Two ways from a row reach different clinics: one clinic has been seeing a row of another in the legacy database.',
    mend: "Find out whose the row is and correct it, or set unassignable: 'quarantine' to keep it aside.",
  },
  SPLIT_DANGLING: {
    cause:
      'Rows refer to rows that are not there, although a valid foreign key forbids it: they were written while its checks were off. Rows that refer to such rows share their fate.',
    mend: "Correct or delete the rows (of a shared or central table there is no other way), or set unassignable: 'quarantine' to keep them aside.",
  },
  SPLIT_LARGE_OBJECT_MISSING: {
    cause: 'A column that names large objects holds numbers of some that are not there.',
    mend: "Set it to NULL in these rows, or take the column out of `largeObjects`; or copy the rows as they are: largeObjects: 'leave'.",
  },
  SPLIT_LARGE_OBJECT_OF_TWO: {
    cause: 'Rows of two clinics name the same large object: one of them has been seeing what is the other’s.',
    mend: 'Find out whose it is. Where it is rightly both’s, give one of them a copy: UPDATE … SET … = lo_from_bytea(0, lo_get(…)) WHERE ….',
  },
  SPLIT_TEXT_NOT_HELD: {
    cause:
      'The central database was there before, in another encoding than the legacy database, and its encoding lacks characters of rows that it is to get.',
    mend: 'Name another central database, or drop this one where it holds nothing: provision makes it like the legacy database. Or correct the rows.',
  },
  SPLIT_CLINIC_GONE: {
    cause: 'A clinic was provisioned and has since been taken out of the legacy database.',
    mend: 'Name the clinics to split; or, where the clinic is gone for good, drop its database, its login and its owner, and delete its row of clinic_migrate.clinics in the central database, as the hint has it.',
  },
  SPLIT_COPY_STALE: {
    cause:
      'Rows of the legacy database were changed after they were copied: the copy in this database, or what is in quarantine, is not what it has now. Or the copy was made under another schema or configuration.',
    mend: 'Run the line of the hint: it brings the copy up to date. Until then the legacy database is the one that counts.',
  },
  SPLIT_COPY_WRITTEN: {
    cause:
      'A copy that was to be refreshed holds rows that its receipts do not explain: somebody wrote into it after it was copied. A refresh would give that up.',
    mend: 'Look at what was written there. `split --refresh --yes` for this database gives it up for what the legacy database has.',
  },
  SPLIT_COPY_IN_USE: {
    cause:
      "A copy that was to be refreshed is in use: the clinic's login has a session open in it, or another transaction is writing.",
    mend: 'Stop the application for this clinic, then run the line of the hint.',
  },
  SPLIT_NOT_CONSERVED: {
    cause: 'The rows of the legacy table are not the rows found in the databases they were copied to.',
    mend: 'These clinics are not made ready. Look for triggers or rules that change rows, then run split again: it copies them anew.',
  },
} as const satisfies Record<string, FindingDoc>;
