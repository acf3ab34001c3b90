import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { nodeFiles } from '../../src/adapters/files.js';
import { scaffoldCommand } from '../../src/commands/scaffold.js';
import { copySample } from '../demo/sample.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';

const removals: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of removals.splice(0)) await remove();
});

async function sample(): Promise<string> {
  const { folder, remove } = await copySample('server.js', 'start()', 'start()');
  removals.push(remove);
  return folder;
}

it('writes what is missing, once, and nothing in a dry run', async () => {
  const folder = await sample();
  const context = await contextIn(folder, {});
  const before = await nodeFiles.list(folder, ['node_modules']);
  const dry = await scaffoldCommand.run(context, [], { ...NO_OPTIONS, dryRun: true });
  expect(dry.summary).toEqual({ 'to write': 4, kept: 0 });
  expect(await nodeFiles.list(folder, ['node_modules'])).toEqual(before);
  expect((await scaffoldCommand.run(context, [], NO_OPTIONS)).summary).toEqual({ written: 4, kept: 0 });
  expect((await scaffoldCommand.run(context, [], NO_OPTIONS)).summary).toEqual({ written: 0, kept: 4 });
  const factory = readFileSync(join(folder, 'src/base/ModelFactory.js'), 'utf8');
  expect(factory).toContain("const Patient = require('../models/Patient');");
  const [clinic, central] = factory.split('CENTRAL_MODEL_MAP = {');
  expect(clinic).toContain('\n  Patient,');
  expect(clinic).not.toContain('\n  User,');
  expect(central).toContain('\n  User,');
  expect(factory).not.toContain('Session');
});

it('leaves a file alone that is there', async () => {
  const folder = await sample();
  const path = join(folder, 'src/base/ModelFactory.js');
  await nodeFiles.write(path, '// ours\n');
  await scaffoldCommand.run(await contextIn(folder, {}), [], NO_OPTIONS);
  expect(readFileSync(path, 'utf8')).toBe('// ours\n');
});

it('says so where the application is made of ES modules', async () => {
  const folder = await sample();
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  await expect(scaffoldCommand.run(await contextIn(folder, {}), [], NO_OPTIONS)).rejects.toThrow(
    'ES modules',
  );
});
