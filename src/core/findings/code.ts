import type { FindingDoc } from './doc.js';

/** Codes of codemod: what it left for a person, and why. */
export const CODE = {
  CODE_SYNTAX: {
    cause: 'The file cannot be parsed.',
    mend: 'Correct the syntax error; the file is left as it is until then.',
  },
  CODE_INTERNAL: {
    cause:
      'This program failed while it was reading or rewriting the file. The file is left as it is, and with it whatever it may call; all others were handled.',
    mend: 'Check the file by hand, and report the fault with the message and, if you can, the lines that cause it.',
  },
  CODE_FILE_SKIPPED: {
    cause: 'A file was not read: it is not UTF-8, or it is generated or minified.',
    mend: 'Convert it to UTF-8; move generated code out of app.root. Until then nothing in it is checked.',
  },
  CODE_MODEL_SHAPE: {
    cause:
      'A file defines a model in a way that is not understood: several models, decorators of others, exports by name.',
    mend: 'Write it as { define: (sequelize) => …, associate: (clinicDb) => … }, one model a file.',
  },
  CODE_NO_MODELS: {
    cause:
      'The application uses Sequelize, and none of its models was recognised; no query of it can be followed.',
    mend: "Define the models under names that the source tells: sequelize.define('Patient', …) or Patient.init(…).",
  },
  CODE_MODEL_UNNAMED: {
    cause:
      'A model is defined under a name that is computed while the application runs, so its queries cannot be followed.',
    mend: 'Define it under a name that the source tells: a string, a constant, or a helper that is called with one.',
  },
  CODE_OWN_RUNTIME: {
    cause:
      'A file that scaffold would write is there already and works in another way, so migrated models would not fit it.',
    mend: 'Let it call define and associate of the models’ files, as the ModelFactory of scaffold does, or give app.modelFactory another path and run scaffold.',
  },
  CODE_INDEX_STEP: {
    cause:
      'The file that gathers the models does more with them than to define and associate them: it adds scopes or hooks, or hands all of them to a function.',
    mend: 'Do it in each model’s associate, after its associations, where the connection’s models are at hand.',
  },
  CODE_MODEL_AT_LOAD: {
    cause: 'A model is used while the file loads, when there is no request and so no clinic.',
    mend: 'Move the use into a function that is called with the request or with clinicDb.',
  },
  CODE_MODEL_KEPT: {
    cause:
      'A model or connection is used in a constructor, an accessor or a generator, which cannot wait for it, or is kept in a variable or property that outlives the request.',
    mend: 'Ask ModelFactory for it in the methods that need it.',
  },
  CODE_MODEL_TABLE: {
    cause:
      "A model's table is not in the tenancy map, or nobody said whose its rows are; it is taken for a clinic's.",
    mend: 'Run inspect --save again, or set app.modelScopes for the model.',
  },
  CODE_MODEL_IGNORED: {
    cause: "A model's table is left behind on purpose (scope ignored), and the code uses it.",
    mend: 'Give the table another scope, or remove the code.',
  },
  CODE_MODEL_COMPUTED: {
    cause: 'The object that holds the models is used other than by a fixed name, so the model is not known.',
    mend: 'Name the model: ModelFactory.getModel(req.clinicDb, name).',
  },
  CODE_MODEL_IN_MODEL: {
    cause:
      'A model uses another one that lives in another database, or one of the same database while it is being defined.',
    mend: 'Move the work out of the model, to where both connections are at hand; a scope that names another model belongs into associate (addScope).',
  },
  CODE_RECEIVER_UNKNOWN: {
    cause: 'A method that looks like Sequelize’s is called on something the analysis cannot follow.',
    mend: 'Check by hand that it is reached through req.clinicDb.',
  },
  CODE_NAME_TAKEN: {
    cause:
      'Two different models would need the same name in one function, or a name that the result needs (ModelFactory, req, clinicDb) means something else there.',
    mend: 'Rename one of them.',
  },
  CODE_CONNECTION_AT_LOAD: {
    cause: 'The global connection is used while the file loads.',
    mend: 'Use req.clinicDb inside the handlers, or getCentralConnection() for what belongs to no clinic.',
  },
  CODE_CONNECTION_USE: {
    cause: 'The global connection is used for something that has no equivalent for one clinic.',
    mend: 'Decide which database is meant and use req.clinicDb or getCentralConnection().',
  },
  CODE_CONNECTION_LEFT: {
    cause: 'A connection to the shared database is made when the application loads.',
    mend: 'Delete it when the last use is gone: req.clinicDb and getCentralConnection() take its place.',
  },
  CODE_OTHER_DATABASE: {
    cause:
      'A connection is made that no model is defined on, and not from where the application’s own has its address. It and its queries are left as they are.',
    mend: 'Nothing, if it is another database. If it is the application’s own, import the application’s connection there and run codemod again.',
  },
  CODE_TWO_DATABASES: {
    cause:
      'Models are defined on connections with different addresses, and nothing tells which of them is the database that is taken apart into clinics. All models are left as they are, with what uses them.',
    mend: 'Give the models of the other database the scope ignored in app.modelScopes; if it is one database, make both connections from one address.',
  },
  CODE_CLS: {
    cause:
      'Sequelize.useCLS gives every query of the process the transaction that is under way, whatever its connection.',
    mend: 'Pass each transaction to its queries, and take useCLS out.',
  },
  CODE_SYNC_REMOVED: {
    cause: 'sequelize.sync() at start-up was taken out: provision makes the schema of every clinic.',
    mend: 'Nothing, unless it was the only thing that made the central tables.',
  },
  CODE_CROSSING_ASSOCIATION: {
    cause: 'An association joins two models whose tables are now in different databases; it was taken out.',
    mend: 'Load the other side by its key with a query of its own.',
  },
  CODE_CROSSING_ACCESSOR: {
    cause:
      'An accessor of an association that was taken out seems to be called: its two ends are in different databases.',
    mend: 'Load the other side by its key with a query of its own.',
  },
  CODE_UNCALLED: {
    cause: 'A function needs a clinic, and nothing in the application is seen to call it: a framework may.',
    mend: 'Take the connection from what the framework passes, or delete the function.',
  },
  CODE_TEST_CALL: {
    cause:
      'One of the application’s own tests calls a function that takes clinicDb from now on, or uses a model that each connection has its own of.',
    mend: 'Open a clinic’s connection in the test’s set-up, pass it first, and ask ModelFactory for the models.',
  },
  CODE_CROSSING_INCLUDE: {
    cause: 'One query reaches from a clinic’s model to a central one, or back.',
    mend: 'Make two queries and join their rows by the key.',
  },
  CODE_CROSSING_VALUE: {
    cause:
      'A row, options or a transaction of the clinic’s database meets what is of the central one, or callers bring both to one place.',
    mend: 'Pass keys instead of rows, and make the options and the transaction of each database by themselves.',
  },
  CODE_CLINIC_TABLE: {
    cause:
      'The clinic table is asked for a row by conditions that the source does not tell. A clinic’s own database has that clinic’s row alone, so the query goes to central, which has all.',
    mend: 'Nothing, if other clinics may be meant; else ask by the clinic’s key: findByPk, or where with the key.',
  },
  CODE_CROSSING_TRANSACTION: {
    cause: 'One transaction holds writes to the clinic’s database and to the central one.',
    mend: 'Make two transactions, the one that may be repeated last.',
  },
  CODE_CROSSING_SQL: {
    cause: 'One SQL statement names tables of the clinic’s database and of the central one.',
    mend: 'Make two statements, one for each database.',
  },
  CODE_SQL_UNREAD: {
    cause: 'The tables of a raw query cannot be read from the source; it goes to the clinic’s database.',
    mend: 'Check that every table it names is there.',
  },
  CODE_DIRECTORY_WRITE: {
    cause: 'A row of the clinic table is written. It is in the clinic’s own database and in the central one.',
    mend: 'Write both, the central one first; a new clinic is made with clinic-migrate provision.',
  },
  CODE_NO_REQUEST: {
    cause: 'A function that needs a clinic is called where there is no request: a job, a script, start-up.',
    mend: 'Run it for each clinic with that clinic’s connection, and pass it as clinicDb.',
  },
  CODE_BEFORE_CLINIC: {
    cause:
      'Authentication, or what runs before clinicRoutingMiddleware, uses a clinic’s model: the clinic is known only after it.',
    mend: 'Look the user up in the central database, and do the rest in a handler after clinicRoutingMiddleware; or mount that earlier.',
  },
  CODE_FUNCTION_ESCAPES: {
    cause: 'A function that needs a clinic is handed on as a value, so not all of its callers are known.',
    mend: 'Pass clinicDb by hand, or call the function directly.',
  },
  CODE_PARAMETERS_FIXED: {
    cause:
      'A function needs clinicDb as its first parameter, and something else counts on the parameters it has: `arguments`, or a type that is written elsewhere.',
    mend: 'Give it the parameter by hand, in the type too, and pass it in every call.',
  },
  CODE_CLINIC_DB: {
    cause: 'Where a connection of one clinic is wanted, something is given that nothing tells to be one.',
    mend: 'Give it req.clinicDb, the clinicDb of the function, or getCentralConnection() for what belongs to no clinic.',
  },
  CODE_MODEL_NAME: {
    cause: 'getModel is asked for a name that no model of the application has.',
    mend: "Write the model's name as it stands in ModelFactory.",
  },
  CODE_RESULT_NOT_AWAITED: {
    cause: 'A function becomes async, and a caller uses its result without waiting for it.',
    mend: 'Await the result in the caller, then run the codemod again.',
  },
  CODE_HANDLER_REJECTION: {
    cause: 'On Express 4 nobody answers when an async handler without try fails.',
    mend: 'Put the body into try … catch (error) { next(error); }, or move to Express 5.',
  },
  CODE_REQUEST_PATTERN: {
    cause:
      'A handler takes the request apart in its parameter list, and app.clinicDb is not a property of it.',
    mend: 'Take the request as one parameter.',
  },
  CODE_GROUP_LEFT: {
    cause:
      'The function, or the file, depends on one that could not be migrated: its caller, or the file of its model. Both are left as they are.',
    mend: 'Mend the other one’s findings first.',
  },
  CODE_OUTSIDE_PATHS: {
    cause: 'The change needs a file that is not among the paths given.',
    mend: 'Name that file, or its folder, as well.',
  },
  CODE_NO_AUTH: {
    cause:
      'The authentication middleware is not mounted, in the application or on this route, so clinicRoutingMiddleware has no place.',
    mend: 'Set app.authMiddleware to its name, or mount it and clinicRoutingMiddleware after it by hand.',
  },
  CODE_MIXED_MOUNT: {
    cause:
      'Routes that need a clinic and routes that need none stand behind one authentication. Staff without a clinic must get at the latter, so clinicRoutingMiddleware stands before each of the former.',
    mend: 'Nothing; or mount both kinds apart, and the routing once before those that need a clinic.',
  },
  CODE_NO_START: {
    cause: 'The place where the application connects to its database was not found.',
    mend: 'Call await initializeCentralConnection() before the server listens.',
  },
  CODE_INDEX_LOADER: {
    cause: 'The models’ index reads its folder and calls each file as a function, which it no longer is.',
    mend: 'Delete the index; ModelFactory does its work.',
  },
  CODE_NOT_ASKED: {
    cause: 'The file needs a codemod that --only or --skip leaves out.',
    mend: 'Run again without --only and --skip, or change it by hand.',
  },
  CODE_NOT_STABLE: {
    cause: 'The result would not parse, would lose a comment, or would be changed again by a second run.',
    mend: 'Migrate the file by hand, and report the case.',
  },
  CODE_CONNECTION_MEMBER: {
    cause:
      'The application gives its connection a member of its own, which the connections of clinics do not have.',
    mend: 'Set it in connectionManager on each connection that is made there, or use a module instead.',
  },
  CODE_CONNECTION_OPTIONS: {
    cause:
      'Options of the application’s connection come from what another file cannot repeat: a parameter, something that changes later, a file that connects. Scaffold did not take them over.',
    mend: 'Add them to OPTIONS in connectionManager, where every connection gets them.',
  },
} as const satisfies Record<string, FindingDoc>;
