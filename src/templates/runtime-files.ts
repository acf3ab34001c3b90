import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { AppConfig } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import type { Model } from '../project/types.js';
import { toEsModule } from './es-module.js';
import { modelNames } from './model-names.js';

/** A file of the application, its path absolute. */
export interface RuntimeFile {
  readonly path: string;
  readonly text: string;
}

// Two levels up from src/templates and from dist/templates alike.
const FILES = new URL('../../src/templates/files/', import.meta.url);

/**
 * The files that give an application its clinic databases. `connectionOptions` is the object literal that the
 * application's own connection is made with, as source text. Models of scope `ignored` are in neither map.
 */
export function runtimeFiles(
  app: AppConfig,
  models: readonly Model[],
  connectionOptions: string,
  isEsModule = false,
): RuntimeFile[] {
  const factory = posix.join(app.root, `${app.modelFactory.replace(/\.[cm]?[jt]s$/, '')}.js`);
  const base = posix.dirname(factory);
  const manager = posix.join(base, 'connectionManager.js');
  const middleware = posix.join(base, '..', 'middleware', 'clinicRoutingMiddleware.js');
  const request = requestNames(app);
  const from = { FACTORY: `./${posix.basename(factory, '.js')}`, ...request };
  const files = [
    { path: factory, text: fill('ModelFactory.js', { ...request, ...modelMaps(app, models, base) }) },
    { path: posix.join(base, 'Repository.js'), text: fill('Repository.js', from) },
    { path: manager, text: fill('connectionManager.js', { OPTIONS: connectionOptions }) },
    {
      path: middleware,
      text: fill('clinicRoutingMiddleware.js', {
        MANAGER: relativeModule(posix.dirname(middleware), manager),
        ...request,
      }),
    },
  ];
  return isEsModule ? files.map(({ path, text }) => ({ path, text: toEsModule(text) })) : files;
}

/** How the application spells its clinic and its clinic's database; UsageError where they are not the request's. */
function requestNames({ clinicId, clinicDb }: AppConfig): Record<string, string> {
  if (!/^req(\.[A-Za-z_$][\w$]*){2,}$/.test(clinicId) || !/^req(\.[A-Za-z_$][\w$]*)+$/.test(clinicDb)) {
    throw new UsageError('app.clinicId and app.clinicDb must be properties of the request', {
      hint: "Write them like 'req.user.companyId' and 'req.clinicDb'.",
    });
  }
  const user = clinicId.slice(0, clinicId.lastIndexOf('.'));
  return {
    CLINIC_DB: clinicDb,
    CLINIC_ID: clinicId,
    USER_NAME: user,
    USER: user.replaceAll('.', '?.').replace(/^req\?\./, 'req.'),
  };
}

function modelMaps(app: AppConfig, models: readonly Model[], base: string): Record<string, string> {
  const sorted = models.filter(({ scope }) => scope !== 'ignored').sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = modelNames(sorted.map(({ name }) => name));
  const list = (some: readonly Model[]): string =>
    some
      .map(({ name }) => (names.get(name) === name ? `  ${name},` : `  ${quote(name)}: ${names.get(name)},`))
      .join('\n');
  return {
    REQUIRES: sorted
      .map(
        ({ name, file }) =>
          `const ${names.get(name)} = require(${quote(relativeModule(base, posix.join(app.root, file)))});`,
      )
      .join('\n'),
    MODELS: list(sorted.filter(({ scope }) => scope !== 'central')),
    CENTRAL_MODELS: list(sorted.filter(({ scope, directory }) => scope === 'central' || directory)),
  };
}

/** The line that ModelFactory needs for one more model. */
export function requireLine(app: AppConfig, { name, file }: Model, isEsModule: boolean): string {
  const base = posix.dirname(posix.join(app.root, app.modelFactory));
  const path = relativeModule(base, posix.join(app.root, file));
  const line = `const ${modelNames([name]).get(name)} = require(${quote(path)});\n`;
  return (isEsModule ? toEsModule(line) : line).trim();
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function relativeModule(from: string, to: string): string {
  const path = posix.relative(from, to).replace(/\.js$/, '');
  return path.startsWith('.') ? path : `./${path}`;
}

function fill(name: string, values: Readonly<Record<string, string>>): string {
  const template = readFileSync(new URL(name, FILES), 'utf8');
  return template.replace(/__([A-Z_]+?)__/g, (whole, key: string) => values[key] ?? whole);
}
