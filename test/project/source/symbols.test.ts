import { describe, expect, it } from 'vitest';
import { openProject } from '../../../src/project/source/open-project.js';
import { declaredTwice } from '../../../src/project/source/symbols.js';
import { appConfig } from '../../support/app-config.js';

function twice(text: string, name = 'a.js'): string[] {
  const path = `/app/${name}`;
  const project = openProject({ texts: new Map([[path, text]]), manifest: undefined }, appConfig('/app'));
  const file = project.file(path);
  return file === undefined ? ['no such file'] : [...declaredTwice(file)];
}

describe('declaredTwice', () => {
  it.each([
    ['two constants', 'const a = 1; const a = 2;', 'a'],
    ['a parameter and a constant of the body', 'function f(b) { const b = 1; }', 'b'],
    ['two parameters', 'const f = (clinicDb, clinicDb) => 1;', 'clinicDb'],
    ['two members taken out of a request', 'const f = ({ clinicDb, clinicDb }) => 1;', 'clinicDb'],
    ['an import and a constant', "import c from 'c'; const c = 1;", 'c'],
    ['two imports', "import { d } from 'd'; import { d } from 'e';", 'd'],
  ])('finds %s', (_what, text, name) => {
    expect(twice(text)).toEqual([name]);
  });

  it('lets be what JavaScript and TypeScript allow', () => {
    expect(twice('var a = 1; var a = 2; let b; { const b = 1; } function c() {} function c() {}')).toEqual(
      [],
    );
    expect(twice("import type { P } from 'p'; function f(P: P): void {}", 'a.ts')).toEqual([]);
    expect(
      twice('function f(a: 1): 1; function f(a: 2): 2; function f(a: 1 | 2) { return a; }', 'a.ts'),
    ).toEqual([]);
  });
});
