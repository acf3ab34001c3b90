import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../src/config/types.js';
import { MANAGER_NAMES, optionsText } from '../../src/templates/connection-options.js';
import { type Form, runtimeFiles } from '../../src/templates/runtime-files.js';
import { faultOf } from '../../src/templates/sound.js';
import { MODELS } from './application.js';

const APP = {
  root: '/app',
  modelFactory: 'src/base/ModelFactory',
  clinicId: 'req.user.companyId',
  clinicDb: 'req.clinicDb',
} as AppConfig;
const FORMS: readonly Form[] = [
  { kind: 'cjs' },
  { kind: 'esm' },
  { kind: 'ts', ending: '', hasDecorators: true },
];

function files(form: Form, text: string, statements: string[] = [], isWhole = false) {
  const options = optionsText({ text, statements, isWhole }, ['url', 'host'], form.kind === 'ts');
  return runtimeFiles(APP, MODELS, options.OPTIONS, form, options.DECLARATIONS);
}
const faults = (...given: Parameters<typeof files>): string[] =>
  files(...given).flatMap((file) => faultOf(file) ?? []);

describe.each(FORMS)('runtime files of the form $kind', (form) => {
  it('are found to load, with the options and what those need', () => {
    expect(faults(form, '{ logging: false }')).toEqual([]);
    const load =
      form.kind === 'cjs' ? "const config = require('./config');" : "import config from './config.js';";
    const statements = [load, "const env = process.env.NODE_ENV || 'development';"];
    expect(faults(form, '{\n  // one\n  ...config[env],\n}', statements, true)).toEqual([]);
    expect(faults(form, '{ logging: process.env.LEVEL.includes("x") }')).toEqual([]);
  });

  it('are found not to load', () => {
    expect(faults(form, '{ logging: false, // quiet }')).toHaveLength(1);
    expect(faults(form, '{ logging: missing }')).toEqual(['ReferenceError: missing is not defined']);
    expect(faults(form, '{ logging: WAIT_MS }')).toHaveLength(1);
  });

  it('declare in connectionManager no name that the options could take', () => {
    const manager = files(form, 'config', [], true).find(({ path }) => path.includes('connectionManager'));
    const declared = [
      ...(manager?.text ?? '').matchAll(
        /^(?:export )?(?:const|let|class|interface|(?:async )?function) (\w+)|^import (\w+)|(?:\{| as|,) (?:type )?(\w+)(?= *[,}].*(?:from|require))/gm,
      ),
    ].map((match) => match.slice(1).find((name) => name !== undefined) ?? '');
    expect(declared.length).toBeGreaterThan(40);
    expect(declared.filter((name) => !MANAGER_NAMES.has(name))).toEqual([]);
  });
});
