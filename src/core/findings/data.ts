import type { FindingDoc } from './doc.js';

/** Codes of verify data: what the databases hold against what they must hold. */
export const DATA = {
  DATA_ROWS_MISSING: {
    cause: 'Rows of the legacy database that belong in this database are not there.',
    mend: 'Do not cut over. Run `split --refresh --yes` for the clinic named, as the hint has it; where it is served already, restore the rows from a backup.',
  },
  DATA_ROWS_EXTRA: {
    cause: 'This database holds rows that the legacy database does not have, or holds them more often.',
    mend: 'Find out what wrote them. Before the cutover, `split --refresh --yes` for the clinic named removes them.',
  },
  DATA_ROWS_CHANGED: {
    cause: 'Rows have other values here than in the legacy database.',
    mend: 'Find out what changed them: a trigger, a default, a person. Before the cutover, `split --refresh --yes` for the clinic named puts them back.',
  },
  DATA_FOREIGN_ROWS: {
    cause: "A clinic's database holds rows of another clinic, or rows that lead to no clinic.",
    mend: 'Take the clinic off the air and find out who could see them. `split --refresh --yes` removes them where the clinic is not served from this database; else delete the rows named.',
  },
  DATA_NOT_CONSERVED: {
    cause:
      'The rows of a legacy table are not the rows of all clinic databases and quarantine together: some are lost or twice.',
    mend: 'Do not cut over. The findings for single clinics name the rows; `split --refresh --yes` brings all copies up to date.',
  },
  DATA_QUARANTINE_DIFFERS: {
    cause: 'Quarantine does not hold exactly the legacy rows to which no clinic can be given.',
    mend: "Set unassignable: 'quarantine', or correct the rows in the legacy database; then run `split --refresh --yes`.",
  },
  DATA_LARGE_OBJECTS_MISSING: {
    cause: 'Rows of this database name large objects that the legacy database has and this one has not.',
    mend: 'Do not cut over. Run split --refresh.',
  },
  DATA_LARGE_OBJECTS_CHANGED: {
    cause: 'Large objects have other contents here than in the legacy database.',
    mend: 'Find out what changed them. Before the cutover, run split --refresh.',
  },
  DATA_LARGE_OBJECTS_FOREIGN: {
    cause:
      'A database holds large objects that only rows of another clinic, or of the central database, name.',
    mend: 'Take the clinic off the air, remove them, and find out who could read them.',
  },
  DATA_LARGE_OBJECTS_EXTRA: {
    cause: 'A database holds large objects that no row of the legacy database which belongs in it names.',
    mend: 'Find out what made them, and remove them.',
  },
  DATA_SEQUENCE_BEHIND: {
    cause: 'A sequence will give out a number that its column has already.',
    mend: 'Run the statement of the hint, which sets it to what its column has reached.',
  },
  DATA_ORPHANS: {
    cause: 'Rows refer to rows that are not in this database, although a foreign key says they must be.',
    mend: 'Do not cut over. `split --refresh --yes` for the clinic named brings the missing rows; where it is served already, find them.',
  },
  DATA_DATABASE_MISSING: {
    cause: 'The registry names a database for this clinic, and the server has none of that name.',
    mend: 'Restore it from a backup if the clinic is served from it. If it only ever held what split copied, run provision and split again.',
  },
  DATA_FOREIGN_CODE: {
    cause:
      "A clinic database holds code that the legacy database has not, and that would run with the rights of whoever reads a table there: a function in an index or a statistic, a cast, a view in place of the program's own table. Rows are not read there. Whoever acts as the owner of the database can make such code: a SECURITY DEFINER function that runs what it is given is enough.",
    mend: 'Find out who made it, and make the copy again as the hint has it. Where the clinic is served from it, drop what was made, or give the legacy database the same.',
  },
  DATA_DATABASE_CLOSED: {
    cause:
      "A clinic's database is on its server and cannot be opened: it takes no connections, or as many as are open already, or the server refuses the administrator's login. The other clinics are looked at.",
    mend: 'Run the statement of the hint. Where there is none, the message is the server’s: see pg_hba.conf there.',
  },
  DATA_ANOTHERS_DATABASE: {
    cause:
      "A clinic's database says of itself that it is another clinic's: a backup was restored under a wrong name, perhaps. Nothing else in it is looked at.",
    mend: "Restore the clinic's own backup. If it only ever held what split copied, drop the database and run provision and split again.",
  },
  DATA_SCHEMA_DRIFT: {
    cause:
      'The schema of this database is not the one that the legacy schema and the tenancy map call for. A warning where that only changes how fast rows are found: an index or a statistic.',
    mend: 'Run the statement of the hint where it has one. Else make the copy again while it holds nothing but copies: drop the database, then run provision and split for the clinic; or bring the schema in line by a migration over every clinic.',
  },
  DATA_SETTING_DIFFERS: {
    cause:
      'A database is set otherwise than the legacy database, or written in another encoding or sorted by another locale: the application reads other times, finds other names, or sorts otherwise.',
    mend: 'Run provision, or the statement of the hint. Encoding and locale never change: drop the database, then run provision and split again.',
  },
  DATA_TABLE_MISPLACED: {
    cause: 'A database holds a table that does not belong in it.',
    mend: 'Find out what made it. Drop it once its rows are known to be elsewhere, by the statement of the hint.',
  },
  DATA_OBJECT_EXTRA: {
    cause:
      "A clinic's database holds a schema, a view, a function, a sequence, a type or the like that the legacy database does not have, or has only for other databases.",
    mend: 'Find out what made it. Where nothing needs it, drop it; or make it in the legacy database too, where every clinic is to have it.',
  },
  DATA_LOCKED: {
    cause:
      'Somebody held a lock for longer than verify waits (a minute, or --lock-timeout), so that something could not be looked at. The message says who; the other clinics are looked at.',
    mend: 'Wait until that transaction has ended, or end it, and run verify again.',
  },
  DATA_NOT_CHECKED: {
    cause: 'Something could not be compared, so nothing is proved about it.',
    mend: 'See the message: give the table a scope, provision the clinic, or check the rows by hand.',
  },
} as const satisfies Record<string, FindingDoc>;
