import type { FindingDoc } from './doc.js';

/** Codes of verify code: ways by which a request could reach rows other than its own clinic's. */
export const ISOLATION = {
  ISOLATION_GLOBAL_MODEL: {
    cause: 'A model of the one global connection is used: its rows are not those of the clinic that asks.',
    mend: 'Ask for it: `await ModelFactory.getModel(req.clinicDb, …)`; or run codemod.',
  },
  ISOLATION_GLOBAL_CONNECTION: {
    cause: 'The one global connection is used: for a query, a transaction, or to define something.',
    mend: "Use the request's connection: `req.clinicDb.query(…)`, `req.clinicDb.transaction(…)`; or run codemod.",
  },
  ISOLATION_UNKNOWN: {
    cause: 'The source does not tell which model, or which connection, this is.',
    mend: "Write it so that it can be read: a fixed model name, and the request's own clinicDb passed on by parameters.",
  },
  ISOLATION_NO_MODELS: {
    cause:
      'The application uses Sequelize, and none of its models was recognised: nothing that holds here says anything of its queries.',
    mend: "Define the models under names that the source tells: sequelize.define('Patient', …) or Patient.init(…).",
  },
  ISOLATION_WRONG_DATABASE: {
    cause: 'A model is asked for on a connection whose database does not have its table.',
    mend: 'Ask for clinic models on req.clinicDb and for central ones on getCentralConnection().',
  },
  ISOLATION_CLINIC_SOURCE: {
    cause: 'A connection is chosen by something that the client can choose: a parameter, a header, the body.',
    mend: 'Take it from the request, where clinicRoutingMiddleware puts it by the verified token.',
  },
  ISOLATION_KEPT: {
    cause: 'A connection or a model of one clinic is kept where requests of other clinics find it.',
    mend: 'Ask for it in each request: ModelFactory keeps models by connection already.',
  },
  ISOLATION_CACHE: {
    cause:
      'What a request of one clinic puts into memory, a cache or a queue is found by those of another: nothing there names the clinic, and two clinics give different rows the same id.',
    mend: 'Make the clinic part of the key, or of what is queued: `${req.user.companyId}:${id}`; or keep nothing.',
  },
  ISOLATION_NO_CLINIC: {
    cause:
      'What app.clinicId names is set nowhere, or by something that the source does not show: a token that is signed elsewhere, a row whose model lacks it.',
    mend: 'Have authentication set it from what the client cannot choose: sign it into the token at login, or read it from the row that makes the user a member of the clinic; or set app.clinicId to what it does set.',
  },
  ISOLATION_ROUTING: {
    cause:
      "A route that needs its clinic's database is not behind clinicRoutingMiddleware, or that is not behind authentication.",
    mend: 'Mount authentication first, then clinicRoutingMiddleware, then the routes.',
  },
  ISOLATION_NOT_REGISTERED: {
    cause:
      'ModelFactory does not know a model of the application or cannot make it for a connection, or there is no ModelFactory.',
    mend: 'Add the model to MODEL_MAP or CENTRAL_MODEL_MAP, and have its file export { define, associate }; write missing runtime files with scaffold.',
  },
} as const satisfies Record<string, FindingDoc>;
