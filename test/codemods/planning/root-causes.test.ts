import { expect, it } from 'vitest';
import { migrate } from '../../../src/codemods/proof/prove.js';
import { inputFor } from '../fixture.js';

const MODELS = {
  '/app/db.js':
    "const { Sequelize } = require('sequelize');\nmodule.exports = new Sequelize(process.env.DB);\n",
  '/app/models/Patient.js':
    "const { DataTypes } = require('sequelize');\nconst db = require('../db');\nmodule.exports = db.define('Patient', { name: DataTypes.STRING });\n",
};

/** The findings of an application with these files beside its models, those of its server and connection aside. */
function told(files: Readonly<Record<string, string>>): string[] {
  const { findings, waiting } = migrate(inputFor(new Map(Object.entries({ ...MODELS, ...files }))));
  const said = findings.filter(({ code }) => !/^CODE_(NO_START|CONNECTION_LEFT)$/.test(code));
  return [...said.map(({ message }) => message), ...waiting.map(({ message }) => `(${message})`)];
}

const SERVICE =
  "const Patient = require('./models/Patient');\nexports.list = async () => Patient.findAll();\nexports.count = async () => Patient.count();\n";

it('say of one place once what it means for all functions that leave there', () => {
  expect(
    told({
      '/app/service.js': SERVICE,
      '/app/plugins.js': "module.exports = [require('./service')];\n",
    }),
  ).toEqual(['list and count need a clinic and are handed on together']);
});

it('count what waits for them, over any number of steps, instead of saying it again', () => {
  expect(
    told({
      '/app/service.js':
        "const db = require('./db');\nexports.list = async () => db.query('SELECT * FROM patients');\n",
      '/app/plugins.js': "module.exports = [require('./service').list];\n",
      '/app/report.js':
        "const { list } = require('./service');\nconst Patient = require('./models/Patient');\nexports.report = async () => [await list(), await Patient.count()];\n",
      '/app/routes.js':
        "const { report } = require('./report');\nconst Patient = require('./models/Patient');\nexports.show = async (req, res) => res.json([await report(), await Patient.count()]);\n",
    }),
  ).toEqual([
    'list needs a clinic and is handed on as a value; 2 functions or files wait for it',
    expect.stringMatching(/^\(report .*\)$/),
    expect.stringMatching(/^\(show .*\)$/),
  ]);
});

it('keep apart what has two causes', () => {
  const findings = told({
    '/app/service.js': SERVICE,
    '/app/plugins.js':
      "const service = require('./service');\nmodule.exports = [service.list];\nsetTimeout(service.count, 5);\n",
  });
  expect(findings).toEqual([
    'list needs a clinic and is handed on as a value',
    'count needs a clinic and is handed on as a value',
  ]);
});
