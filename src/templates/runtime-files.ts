import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { AppConfig } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import type { Model } from '../project/types.js';
import { toEsModule } from './es-module.js';
import { modelNames } from './model-names.js';
import { type TemplateName, TYPED_LINES, toTypeScript } from './typescript.js';

/** A file of the application, its path absolute. */
export interface RuntimeFile {
  readonly path: string;
  readonly text: string;
}

// Two levels up from src/templates and from dist/templates alike.
const FILES = new URL('../../src/templates/files/', import.meta.url);

/** How the application is written: the runtime files are written the same way. */
export type Form =
  | { readonly kind: 'cjs' }
  | { readonly kind: 'esm' }
  /**
   * `ending` is what relative imports end in: nothing, `.js` or `.ts`. Where models are classes with
   * sequelize-typescript's decorators, they need one file more.
   */
  | { readonly kind: 'ts'; readonly ending: string; readonly hasDecorators?: boolean };

/**
 * The files that give an application its clinic databases. `connectionOptions` is the object that the application's own
 * connection is made with, as source text, and `declarations` what it needs before it. Models of scope `ignored` are in
 * neither map.
 */
export function runtimeFiles(
  app: AppConfig,
  models: readonly Model[],
  connectionOptions: string,
  form: Form = { kind: 'cjs' },
  declarations = '',
): RuntimeFile[] {
  const ending = form.kind === 'ts' ? '.ts' : '.js';
  const factory = posix.join(app.root, app.modelFactory.replace(/\.[cm]?[jt]s$/, ''));
  const base = posix.dirname(factory);
  const manager = posix.join(base, 'connectionManager');
  const middleware = posix.join(base, '..', 'middleware', 'clinicRoutingMiddleware');
  const request = requestNames(app);
  const file = (path: string, name: TemplateName, values: Readonly<Record<string, string>>): RuntimeFile => ({
    path: path + ending,
    text: inForm(name, fill(readTemplate(name), values), values, form),
  });
  return [
    file(factory, 'ModelFactory.js', { ...request, ...modelMaps(app, models, base) }),
    file(posix.join(base, 'Repository'), 'Repository.js', {
      FACTORY: `./${posix.basename(factory)}`,
      ...request,
    }),
    file(manager, 'connectionManager.js', { OPTIONS: connectionOptions, DECLARATIONS: declarations }),
    file(middleware, 'clinicRoutingMiddleware.js', {
      MANAGER: relativeModule(posix.dirname(middleware), manager),
      ...request,
    }),
    ...(form.kind === 'ts' && form.hasDecorators
      ? [file(posix.join(base, 'decorated'), 'decorated.js', {})]
      : []),
  ];
}

function inForm(
  name: TemplateName,
  text: string,
  values: Readonly<Record<string, string>>,
  form: Form,
): string {
  if (form.kind === 'cjs') return text;
  if (form.kind === 'esm') return toEsModule(text);
  return toTypeScript(toEsModule(text, form.ending), TYPED_LINES[name], (typed) =>
    fill(typed, { ...values, ENDING: form.ending }),
  );
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
    CLINIC_DB_TYPE: typeOf(clinicDb, 'Sequelize', ''),
    CLINIC_ID_TYPE: `{ ${typeOf(clinicId, 'unknown', '?')} }`,
  };
}

/** `req.user.companyId` as the type of what it is read from: `user?: { companyId?: unknown }`. */
function typeOf(expression: string, type: string, optional: string): string {
  const [, ...names] = expression.split('.');
  return names.reduceRight((inner, name, at) => {
    const own = at === names.length - 1 ? inner : `{ ${inner} }`;
    return `${name}${optional}: ${own}`;
  }, type);
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
    CENTRAL_MODELS: list(
      sorted.filter(({ scope, directory }) => scope === 'central' || scope === 'shared' || directory),
    ),
  };
}

/** The line that ModelFactory needs for one more model. */
export function requireLine(app: AppConfig, { name, file }: Model, form: Form): string {
  const base = posix.dirname(posix.join(app.root, app.modelFactory));
  const path = relativeModule(base, posix.join(app.root, file));
  const line = `const ${modelNames([name]).get(name)} = require(${quote(path)});\n`;
  return (form.kind === 'cjs' ? line : toEsModule(line, form.kind === 'ts' ? form.ending : '.js')).trim();
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function relativeModule(from: string, to: string): string {
  const path = posix.relative(from, to).replace(/\.[jt]s$/, '');
  return path.startsWith('.') ? path : `./${path}`;
}

function readTemplate(name: TemplateName): string {
  return readFileSync(new URL(name, FILES), 'utf8');
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/__([A-Z_]+?)__/g, (whole, key: string) => values[key] ?? whole);
}
