import { ts } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { shown } from '../../../src/project/source/shown.js';

function show(text: string, most?: number): string {
  const file = ts.createSourceFile('a.js', text, ts.ScriptTarget.ESNext, true);
  const [statement] = file.statements;
  const node =
    statement !== undefined && ts.isExpressionStatement(statement) ? statement.expression : statement;
  return node === undefined ? '' : shown(node, most);
}

describe('source text in a message', () => {
  it.each([
    ["new Sequelize(name, 'admin', 'hunter2')", "new Sequelize(name, '…', '…')"],
    ['new Sequelize(`postgres://a:hunter2@${host}/b`)', 'new Sequelize(`…${host}…`)'],
    ['f(`hunter2`, "hunter2")', 'f(`…`, "…")'],
    ["f({ password: 'hunter2', 'x-key': 'hunter2' })", "f({ password: '…', '…': '…' })"],
    ["db.query('ALTER ROLE a PASSWORD hunter2')", "db.query('…')"],
    ["keys['a'].set('key', 'hunter2')", "keys['a'].set('…', '…')"],
    ["url + 'hunter2'", "url + '…'"],
    ["a(/* hunter2 */ b, c) // hunter2'", 'a( b, c)'],
    ['a.b // hunter2\n  .c()', 'a.b'],
    ["f('')", "f('')"],
    ["getModel(hidden, 'pass word')", "getModel(hidden, '…')"],
    ["app.get('/a', 'hunter2')", "app.get('/a', '…')"],
    ["cache.get('hunter2')", "cache.get('…')"],
  ])('hides whatever may be a secret: %s', (text, expected) => {
    expect(show(text)).toBe(expected);
  });

  it.each([
    "getModel(clinicDb, 'Patient')",
    "require('./models').Patient",
    "await import('./models')",
    "db['Patient'].findAll()",
    "sequelize.model('Patient')",
    "import db from './db'",
    "router.get('/patients/:id', list)",
    'Patient.count()',
  ])('shows names and paths: %s', (text) => {
    expect(show(text)).toBe(text);
  });

  it('is cut to what fits, and to the first line', () => {
    expect(show('function f() {\n  return 1;\n}')).toBe('function f() {');
    expect(show('abcdefgh.ijkl', 8)).toBe('abcdefg…');
  });
});
