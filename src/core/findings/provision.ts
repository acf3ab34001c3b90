import type { FindingDoc } from './doc.js';

/** Codes of provision: what the databases it makes cannot hold, and who could get in. */
export const PROVISION = {
  PROVISION_VIEW_LEFT_OUT: {
    cause: 'A view reads tables that are no longer in one database, so it is made in none.',
    mend: 'Write the query in the application, as one for each database.',
  },
  PROVISION_OBJECT_LEFT_BEHIND: {
    cause:
      'An object belongs to the legacy database as a whole, or to a place outside of it, and no clinic database gets one.',
    mend: 'Make it in the databases that need it, once they are there; or leave it, if nothing does.',
  },
  PROVISION_FOREIGN_TABLE: {
    cause:
      'The rows of a foreign table are on another server, where they cannot be split: it is made in no database. An error where it is a part of a table whose rows are split.',
    mend: "Nothing, if no clinic needs it, and give the table the scope 'ignored'; else make it in the clinic databases by hand. Of a part: bring its rows into a local part.",
  },
  PROVISION_SCHEMA_NEEDED: {
    cause:
      'A table, view or function that is carried needs something in a schema that `legacy.schemas` does not list: a type, a sequence, the function of a trigger.',
    mend: 'Add the schema to `legacy.schemas`, as the hint says.',
  },
  PROVISION_PARENT_ABSENT: {
    cause:
      'A table inherits its columns from a table that is not in the same database, so it cannot be made there.',
    mend: 'Give both tables the same scope, or end the inheritance: ALTER TABLE … NO INHERIT ….',
  },
  PROVISION_LARGE_OBJECTS: {
    cause:
      'The legacy database holds large objects that no column names which is known to name large objects, so that nothing says whose they are. They are not copied.',
    mend: "Name the columns that refer to them in `largeObjects` of their tables; remove what nothing refers to (vacuumlo); or leave them: largeObjects: 'leave'.",
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
  PROVISION_FUNCTION_LEFT_OUT: {
    cause:
      'A function takes, gives or (in a body of standard SQL) reads what is in different databases, so it is made in none. An error where a table that is carried needs it, or needs something else that is not there: for a trigger, a check, a default, a column, a policy.',
    mend: 'Write it in the application, as one for each database; or give the tables that it needs one scope. Of an error: drop in the legacy database what needs it.',
  },
  PROVISION_MEANING_DIFFERS: {
    cause:
      'A view, a generated column, a check or the like would use other operators or functions in the new databases than in the legacy one, since it was made while another search_path held. Nothing is made.',
    mend: 'Write in the legacy database what is meant: a cast in the expression (email::text), or OPERATOR(schema.=). Or set the path it was made under: ALTER DATABASE … SET search_path = ….',
  },
  PROVISION_SETTING_LEFT_BEHIND: {
    cause:
      'A setting of the legacy database or of a role in it (ALTER DATABASE … SET, ALTER ROLE … SET) is not carried to the clinic databases: only a superuser may set it, it looks like a secret, names what is not there, or is for another role.',
    mend: 'Nothing, if the application does not need it; else see the hint, or hand a secret to the application in another way.',
  },
  PROVISION_LOGIN_UNCLEAR: {
    cause:
      "Clinics' logins get the rights that the application's login has in the legacy database, and it is not known which login that is: several may write there, or none but superusers, or the configured one is not there.",
    mend: "Name it in the configuration: legacy: { login: '…' }.",
  },
  PROVISION_GRANT_LEFT_BEHIND: {
    cause:
      "A role of the legacy database that is not the application's has grants there, and clinic databases have no such role. As an info: the application's login or PUBLIC was granted what changes the schema (TRUNCATE, REFERENCES, CREATE, …), and clinics' logins only read and write rows.",
    mend: 'Nothing, if nothing but the application uses clinic databases; else make a login for it there and name it under access.logins.',
  },
  PROVISION_POLICY_LEFT_OUT: {
    cause:
      "A row security policy is only for roles that are not the application's login, and clinic databases have none of them.",
    mend: 'Nothing, if nothing but the application uses clinic databases.',
  },
  PROVISION_POLICY_ASKS_WHO: {
    cause:
      "A row security policy compares with the name or the memberships of whoever is logged in, and each clinic's login has a name of its own and is a member of nothing.",
    mend: 'Write the policy so that it does not need the name, with a setting that the application makes, say.',
  },
  PROVISION_ACCESS_NOT_MENDED: {
    cause:
      "Grants, policies or a clinic's login are not as they have to be, and the login that provision connects with may not change that: it is a superuser's affair.",
    mend: 'Have an administrator of the server run the statement of the hint.',
  },
  PROVISION_EXTENSION_REACHES_OUT: {
    cause:
      'An extension of the legacy database may open connections, files or programs from inside a query (dblink, postgres_fdw, file_fdw, plpython3u), or is one of which that is not known. It is made in no database; an error where a table, view or function needs it.',
    mend: 'Nothing, if the application does not use it; else list it in `extensions` of the configuration: every clinic may then use it as far as the extension itself allows.',
  },
  PROVISION_SCHEMA_STALE: {
    cause:
      'The legacy schema, or the configuration, has changed since this database was made. Tables that a central database lacks are made; this is about what is there already and may have rows.',
    mend: 'While a clinic’s database holds nothing but copies, drop it and run provision and split for the clinic. Else, and in the central database, make the same change in it, as the hint says, and run provision.',
  },
  PROVISION_NAME_UNFIT: {
    cause:
      "A clinic's database cannot have the name that clinics.database gives it: PostgreSQL would cut or refuse it, or it is another's. The other clinics are made.",
    mend: 'Name it in clinics.names of the configuration, or shorten clinics.database while no clinic is registered.',
  },
  PROVISION_PUBLIC_CONNECT: {
    cause:
      'Every login of the server may connect to the legacy or central database, those of the clinics included.',
    mend: 'Grant CONNECT to the logins that need it, then run the statement of the hint, which takes it from PUBLIC.',
  },
} as const satisfies Record<string, FindingDoc>;
