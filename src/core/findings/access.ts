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
    mend: 'Run provision again, or ALTER ROLE … NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS, and find out who gave it.',
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
      "A clinic database has an extension, a foreign server or a mapping, or its login may call a function, that opens connections or the server's files from inside a query.",
    mend: 'Run the statement of the hint: DROP EXTENSION, DROP SERVER, or REVOKE EXECUTE from PUBLIC and from the login.',
  },
  ACCESS_SECRET_VISIBLE: {
    cause: 'A setting of a database or role looks like a secret, and every login of the server can read it.',
    mend: 'ALTER DATABASE … RESET, or ALTER ROLE … RESET; keep the secret where only its program reads it, and change it.',
  },
  ACCESS_OWNER: {
    cause:
      "A clinic database, or something in it, does not belong to the clinic's owner role: whoever owns it can change it and grant it on, and a view or a SECURITY DEFINER function runs with his rights.",
    mend: 'Run the statement of the hint (ALTER … OWNER TO …), or provision again.',
  },
  ACCESS_GRANT: {
    cause:
      "PUBLIC, a clinic's login or somebody else has a privilege that provision does not grant: on an object of a clinic database, on PostgreSQL's own objects in it, on a tablespace or a parameter of the server, or on something in a database that is no clinic's.",
    mend: 'Run the statement of the hint (REVOKE …), and find out who granted it.',
  },
  ACCESS_DEFAULT_PRIVILEGES: {
    cause: 'What is made next in a clinic database will be open to PUBLIC or to somebody else.',
    mend: 'Run the statement of the hint: ALTER DEFAULT PRIVILEGES … REVOKE ….',
  },
  ACCESS_STRANGER: {
    cause:
      "A login that is no clinic's, no superuser and not the one that provisions can get into a clinic database, or at its rows: by a grant, by a membership or by an attribute. Monitoring roles, which see the text of others' queries, are a warning.",
    mend: "If it is the operator's own, list it under access.logins of the configuration; else run the statement of the hint.",
  },
  ACCESS_DATABASE_STATE: {
    cause:
      'A clinic database is missing, takes no connections or no writes, or can be copied as a template by whoever may make databases. The other clinics are checked all the same.',
    mend: 'Run provision again, or the statement of the hint (ALTER DATABASE …).',
  },
  ACCESS_SETTING: {
    cause:
      "A database, a clinic's login or its owner is set to something that provision does not set: who a session is, what code it loads, what it sees, may hang on it.",
    mend: 'Run the statement of the hint (ALTER … RESET …); or provision again, where it is a setting of the clinic’s own login, owner or database.',
  },
  ACCESS_PASSWORD: {
    cause:
      "A clinic's login is let in without its password: a wrong one was accepted, or a rule of pg_hba.conf asks for none. A warning where only accounts on the machine of the server can use the rule.",
    mend: 'Write scram-sha-256 in that line of pg_hba.conf and reload the server.',
  },
  ACCESS_REPLICATION: {
    cause:
      'A publication, a subscription or a replication slot moves the rows of a clinic database elsewhere.',
    mend: 'Run the statement of the hint: DROP PUBLICATION, DROP SUBSCRIPTION, pg_drop_replication_slot().',
  },
  ACCESS_EVENT_TRIGGER: {
    cause:
      'A clinic database has an event trigger: provision makes none, and it runs code at what anybody does.',
    mend: 'Run the statement of the hint: DROP EVENT TRIGGER ….',
  },
  ACCESS_POLICY: {
    cause: "A policy of a clinic's table is for a role that is not the clinic's login.",
    mend: 'Run the statement of the hint (DROP POLICY …), or make it for the login.',
  },
  ACCESS_ROWS_HIDDEN: {
    cause:
      "A clinic's login sees fewer rows of a table than its owner: row level security hides them. A warning where a policy is for the login and may ask for what only the application sets.",
    mend: 'Run the statement of the hint, or provision again; nothing, where the application sets what the policy asks for.',
  },
  ACCESS_RECORD_CHANGED: {
    cause:
      "What the program keeps in a clinic database is not the table that it made: a view stands in its place, or it has a rule, a trigger or an expression by which reading it would run somebody's code with the rights of whoever verifies. It is not read.",
    mend: 'Find out who could act as the owner of the database: a SECURITY DEFINER function that runs what it is given, say. Make the copy again, or restore the schema clinic_migrate from a backup.',
  },
  ACCESS_NOT_CHECKED: {
    cause:
      'Something could not be compared: somebody holds a lock on a table, or policies bind whoever would count its rows.',
    mend: 'Wait for the session named, or end it, and run verify again.',
  },
} as const satisfies Record<string, FindingDoc>;
