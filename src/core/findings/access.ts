import type { FindingDoc } from './doc.js';

/** Codes of verify access: who can reach which database. */
export const ACCESS = {
  ACCESS_OWN_DATABASE: {
    cause: "A clinic's login cannot do in its own database what the application needs.",
    mend: 'Run provision again for the clinic named.',
  },
  ACCESS_CROSS_CONNECT: {
    cause: "A clinic's login can open a database that is not its own.",
    mend: 'Revoke CONNECT on that database from PUBLIC and from the login.',
  },
  ACCESS_PUBLIC: {
    cause: 'Every login of the server can open a clinic database, because PUBLIC may connect to it.',
    mend: 'REVOKE ALL ON DATABASE … FROM PUBLIC; or run provision again.',
  },
  ACCESS_ROLE_ATTRIBUTE: {
    cause:
      "A clinic's login has an attribute by which it can pass every grant: superuser, CREATEROLE and the like.",
    mend: 'ALTER ROLE … NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS, and find out who gave it.',
  },
  ACCESS_ROLE_MISSING: {
    cause: "A clinic's login does not exist on its server.",
    mend: 'Run provision again for the clinic named.',
  },
  ACCESS_ROLE_OWNS: {
    cause: "A clinic's login owns something, and so can change it and grant it on.",
    mend: 'Give it to the administrator: ALTER … OWNER TO.',
  },
  ACCESS_ROLE_MEMBER: {
    cause: "A clinic's login is a member of another role and can use that role's rights.",
    mend: 'REVOKE that role FROM the login, and find out who granted it.',
  },
  ACCESS_REACHES_OUT: {
    cause:
      "A clinic database has an extension, or its login may call a function, that opens connections or the server's files from inside a query.",
    mend: 'DROP EXTENSION, or REVOKE EXECUTE from PUBLIC and from the login.',
  },
  ACCESS_SECRET_VISIBLE: {
    cause: 'A setting of a database or role looks like a secret, and every login of the server can read it.',
    mend: 'ALTER DATABASE … RESET, or ALTER ROLE … RESET; keep the secret where only its program reads it, and change it.',
  },
} as const satisfies Record<string, FindingDoc>;
