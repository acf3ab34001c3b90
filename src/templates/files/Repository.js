const ModelFactory = require('__FACTORY__');

/** Base of repositories: `class PatientRepository extends Repository` works on the model Patient. */
class Repository {
  static get modelName() {
    return this.name.replace(/Repository$/, '');
  }

  static getModel(clinicDb) {
    return ModelFactory.getModel(clinicDb, this.modelName);
  }

  static async findAll(clinicDb, options) {
    return (await this.getModel(clinicDb)).findAll(options);
  }

  static async findOne(clinicDb, options) {
    return (await this.getModel(clinicDb)).findOne(options);
  }

  static async findByPk(clinicDb, id, options) {
    return (await this.getModel(clinicDb)).findByPk(id, options);
  }

  static async findAndCountAll(clinicDb, options) {
    return (await this.getModel(clinicDb)).findAndCountAll(options);
  }

  static async count(clinicDb, options) {
    return (await this.getModel(clinicDb)).count(options);
  }

  static async create(clinicDb, values, options) {
    return (await this.getModel(clinicDb)).create(values, options);
  }

  static async update(clinicDb, values, options) {
    return (await this.getModel(clinicDb)).update(values, options);
  }

  static async destroy(clinicDb, options) {
    return (await this.getModel(clinicDb)).destroy(options);
  }
}

module.exports = Repository;
