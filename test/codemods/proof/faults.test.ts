import { expect, it } from 'vitest';
import { migrate } from '../../../src/codemods/proof/prove.js';
import { verifyCode } from '../../../src/verify/code.js';
import { inputFor } from '../fixture.js';

/** Deeper than any recursion over a tree: what reads it all fails with a full stack. */
const DEEP = `exports.sum = ${Array.from({ length: 60_000 }, () => '1').join(' + ')};\n`;

const FILES = {
  '/app/db.js':
    "const { Sequelize } = require('sequelize');\nmodule.exports = new Sequelize(process.env.DB);\n",
  '/app/models/Patient.js':
    "const { DataTypes } = require('sequelize');\nconst db = require('../db');\nmodule.exports = db.define('Patient', { name: DataTypes.STRING });\n",
  '/app/service.js':
    "const Patient = require('./models/Patient');\nexports.list = async () => Patient.findAll();\n",
  '/app/routes.js':
    "const Patient = require('./models/Patient');\nconst { list } = require('./service');\nexports.count = async (req, res) => res.json(await Patient.count());\nexports.show = async (req, res) => res.json(await list());\n",
  '/app/deep.js': `const { list } = require('./service');\nexports.first = () => list();\n${DEEP}`,
};

it('of ours in one file leave that file with what it may call, and name it', () => {
  const input = inputFor(new Map(Object.entries(FILES)));
  const { changes, findings } = migrate(input);
  const [internal] = findings.filter(({ code }) => code === 'CODE_INTERNAL');
  expect(internal?.location?.file).toBe('/app/deep.js');
  expect(internal?.message).toContain('Maximum call stack size exceeded');
  expect(changes.get('/app/service.js')).toBeUndefined();
  expect(changes.get('/app/routes.js')).toContain("getModel(req.clinicDb, 'Patient')");
  expect(verifyCode(input).filter(({ code }) => code === 'CODE_INTERNAL')).toHaveLength(1);
});
