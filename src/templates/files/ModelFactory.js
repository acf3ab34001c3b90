const { isCentralConnection } = require('./connectionManager');

/**
 * The models of a connection: `await ModelFactory.getModel(req.clinicDb, 'Patient')`. All models of a connection are
 * defined and associated the first time one is asked for.
 */
class ModelFactory {
  static async getModel(connection, name) {
    // A caller that was not migrated may pass what came first until now.
    if (typeof connection?.define !== 'function') {
      throw new Error(
        `__CLINIC_DB__ is missing for ${name}: apply clinicRoutingMiddleware before this route, or pass it on`,
      );
    }
    const isCentral = isCentralConnection(connection);
    const models = isCentral ? CENTRAL_MODEL_MAP : MODEL_MAP;
    if (!Object.keys(models).includes(name)) throw new Error(notFound(name, isCentral));
    await bind(connection, models);
    return connection.model(name);
  }
}

module.exports = ModelFactory;
module.exports.ModelFactory = ModelFactory;
module.exports.getModel = ModelFactory.getModel;

// Below the exports, because a model may need ModelFactory itself.
__REQUIRES__

/** What every clinic's database holds. A new model is added here. */
const MODEL_MAP = {
__MODELS__
};

/** What the central database holds. */
const CENTRAL_MODEL_MAP = {
__CENTRAL_MODELS__
};

// Promises by connection; they go when their connection goes.
const bound = new WeakMap();

function bind(connection, models) {
  let binding = bound.get(connection);
  if (!binding) {
    binding = defineAll(connection, models);
    bound.set(connection, binding);
    binding.catch(() => bound.delete(connection));
  }
  return binding;
}

async function defineAll(connection, models) {
  for (const [name, model] of Object.entries(models)) {
    if (!model?.define) throw new Error(`The file of ${name} does not export { define, associate }`);
    model.define(connection);
  }
  for (const model of Object.values(models)) await model.associate?.(connection);
}

function notFound(name, isCentral) {
  const other = isCentral ? MODEL_MAP : CENTRAL_MODEL_MAP;
  const place = isCentral ? 'the central database' : "a clinic's database";
  const right = isCentral ? '__CLINIC_DB__' : 'getCentralConnection()';
  if (Object.keys(other).includes(name)) return `${name} is not a model of ${place}: ask for it on ${right}`;
  return `Model not found: ${name}. Register it in ${isCentral ? 'CENTRAL_MODEL_MAP' : 'MODEL_MAP'} of ModelFactory`;
}
