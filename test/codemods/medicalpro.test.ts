import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planMigration } from '../../src/codemods/migrate.js';
import { migrate } from '../../src/codemods/proof/prove.js';
import { inputFor, readTree } from './fixture.js';

const before = readTree(join(import.meta.dirname, '../../fixtures/apps/medicalpro'));
const { changes, findings } = migrate(inputFor(before));
const after = new Map([...before, ...changes]);

describe('the sample application', () => {
  it('is migrated whole: nothing is left for a person but notes', () => {
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('reaches no model and no global connection from outside its models', () => {
    const reaching = [...after].filter(
      ([path, text]) =>
        /\/app\/(src|server)/.test(path) &&
        !path.startsWith('/app/src/models/') &&
        /require\('[^']*\/(models|config\/database)[/']/.test(text),
    );
    expect(reaching.map(([path]) => path)).toEqual([]);
  });

  it('asks for every model through the request, its clinicDb or the central connection', () => {
    const calls = [...after.values()].flatMap((text) => [...text.matchAll(/getModel\(([^,]*),/g)]);
    const connections = new Set(calls.map(([, connection]) => connection));
    expect([...connections].sort()).toEqual(['clinicDb', 'getCentralConnection()', 'req.clinicDb']);
  });

  it('is left alone by a second run', () => {
    expect([...planMigration(inputFor(after)).changes.keys()]).toEqual([]);
  });
});
