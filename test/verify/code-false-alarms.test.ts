import { describe, expect, it } from 'vitest';
import { verifyCode } from '../../src/verify/code.js';
import { brief, inputFor } from '../codemods/fixture.js';

/** What is said of caches in an application of these files. */
function cachesIn(files: Readonly<Record<string, string>>): string[] {
  return saidOf(files, 'ISOLATION_CACHE');
}

function saidOf(files: Readonly<Record<string, string>>, said: string): string[] {
  const all = new Map(Object.entries(files).map(([path, text]) => [`/app/${path}`, text]));
  const { app, sources, facts } = inputFor(all);
  return brief(verifyCode({ app, sources, facts }).filter(({ code }) => code === said));
}

const MODEL = 'src/models/Visit.js';

describe('what verify code takes for a cache', () => {
  it.each([
    ['a parameter', "module.exports = (app) => {\n  app.put('/p/:id', async (req) => req.clinicDb);\n};\n"],
    ['an application', "const app = require('express')();\napp.put('/p', (req) => req.clinicDb);\n"],
    [
      'a router',
      "import { Router } from 'express';\nconst at = Router();\nat.put('/p', (req) => req.clinicDb);\n",
    ],
    ['this', "class Server {\n  start() {\n    this.app.put('/p', (req) => req.clinicDb);\n  }\n}\n"],
  ])('is no route of %s', (_, text) => {
    expect(cachesIn({ 'routes.js': text })).toEqual([]);
  });

  it('is what one puts into a cache', () => {
    const text = "const kept = new Map();\nexports.a = (req) => kept.set('rows', req.clinicDb.query('x'));\n";
    expect(cachesIn({ 'routes.js': text })).toEqual(['ISOLATION_CACHE routes.js:2']);
  });

  it.each([
    [
      'a method on its prototype',
      'const Visit = clinicDb.define("Visit", {});\n    Visit.prototype.a = async function () { this.status = await now(); };\n    return Visit;',
    ],
    [
      'methods put on its prototype',
      'const Visit = clinicDb.define("Visit", {});\n    Object.assign(Visit.prototype, { async a() { this.status = await now(); } });\n    return Visit;',
    ],
    [
      'a class',
      'class Visit extends Model { async a() { this.status = await now(); } }\n    Visit.init({}, { sequelize: clinicDb, modelName: "Visit" });\n    return Visit;',
    ],
  ])('is no row of a model, in %s', (_, body) => {
    const text = (code: string) =>
      `const { Model } = require('sequelize');\nmodule.exports = {\n  define: (clinicDb) => {\n    ${code}\n  },\n};\n`;
    expect(cachesIn({ [MODEL]: text(body) })).toEqual([]);
  });

  it.each([
    ['a function of the file', 'function Queue(req) { this.waiting = []; this.db = req.clinicDb; }'],
    ['what the file exports', 'export default function (req) { this.waiting = []; this.db = req.clinicDb; }'],
    [
      'a function that is exported',
      'exports.Queue = function (req) { this.waiting = []; this.db = req.clinicDb; };',
    ],
    ['a function in a block', '{ function Queue(req) { this.waiting = []; this.db = req.clinicDb; } }'],
    ['an object’s method', 'exports.queue = { add(req) { this.waiting = []; this.db = req.clinicDb; } };'],
  ])('is what `this` keeps of a clinic, in %s', (_, text) => {
    expect(saidOf({ 'queue.js': text }, 'ISOLATION_KEPT')).toEqual(['ISOLATION_KEPT queue.js:1']);
  });

  it('is the model itself, which lasts', () => {
    const text = `const { Model } = require('sequelize');
module.exports = {
  define: (clinicDb) => {
    class Visit extends Model {
      static async a() {
        this.last = await this.findAll();
      }
    }
    Visit.init({}, { sequelize: clinicDb, modelName: 'Visit' });
    return Visit;
  },
};
`;
    expect(cachesIn({ [MODEL]: text })).toEqual([`ISOLATION_CACHE ${MODEL}:6`]);
  });
});
