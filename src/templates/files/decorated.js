const { getAssociations, getAttributes, getIndexes, getModelName, getOptions, installHooks, resolveScopes } = require('sequelize-typescript');

/**
 * `{ define, associate }` of a class with sequelize-typescript's decorators: `export default decorated(Patient)`. Each
 * connection gets a class of its own, which extends this one and so inherits what its decorators say. The decorated class
 * itself belongs to no connection; whoever queries it is told so.
 */
function decorated(model) {
  const modelName = getModelName(model.prototype);
  return {
    define: (sequelize) => {
      const Bound = class extends model {};
      const { named, unnamed } = getIndexes(model.prototype);
      const indexes = [...Object.values(named), ...unnamed];
      const options = { ...(indexes.length > 0 && { indexes }), ...getOptions(model.prototype) };
      Bound.isInitialized = true;
      // A copy of the scopes for each connection: addScope writes into it.
      Bound.init(getAttributes(model.prototype) ?? {}, { ...options, scopes: { ...options.scopes }, modelName, sequelize });
      return Bound;
    },

    associate: (clinicDb) => {
      const Bound = clinicDb.model(modelName);
      const given = { model: (of) => clinicDb.model(getModelName(of.prototype)) };
      for (const association of getAssociations(model.prototype) ?? []) {
        const target = ownModel(association.getAssociatedClass(), clinicDb);
        // The clinic table's model is on the central connection, too, where no clinic's models are.
        if (target) Bound[association.getAssociation()](target, association.getSequelizeOptions(Bound, given));
      }
      resolveScopes([Bound]);
      bindScopes(Bound, clinicDb);
      installHooks([Bound]);
    },
  };
}

/** Scopes name decorated classes; those of the connection take their place. */
function bindScopes(Bound, clinicDb) {
  const { defaultScope, scopes } = Bound.options;
  const all = { ...scopes, defaultScope: defaultScope ?? {} };
  const bind = (found) => bindIncludes(found, clinicDb);
  for (const [name, scope] of Object.entries(all)) {
    const own = typeof scope === 'function' ? (...given) => bind(scope(...given)) : bind(scope);
    Bound.addScope(name, own, { override: true });
  }
}

function bindIncludes(options, clinicDb) {
  if (!options?.include) return options;
  const all = Array.isArray(options.include) ? options.include : [options.include];
  return { ...options, include: all.map((one) => bindInclude(one, clinicDb)) };
}

function bindInclude(one, clinicDb) {
  if (typeof one === 'function') return ownModel(one, clinicDb);
  if (!one.model) return one;
  return { ...bindIncludes(one, clinicDb), model: ownModel(one.model, clinicDb) };
}

/** The connection's class that extends a decorated one. */
function ownModel({ prototype }, { models }) {
  return models[getModelName(prototype)];
}

module.exports = { decorated };
