import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { AppConfig } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import type { Model } from '../project/types.js';

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
): RuntimeFile[] {
  const factory = posix.join(app.root, `${app.modelFactory}.js`);
  const base = posix.dirname(factory);
  const middleware = posix.join(base, '..', 'middleware', 'clinicRoutingMiddleware.js');
  const user = app.clinicId.slice(0, app.clinicId.lastIndexOf('.'));
  if (
    !/^req(\.[A-Za-z_$][\w$]*){2,}$/.test(app.clinicId) ||
    !/^req(\.[A-Za-z_$][\w$]*)+$/.test(app.clinicDb)
  ) {
    throw new UsageError('app.clinicId and app.clinicDb must be properties of the request', {
      hint: "Write them like 'req.user.companyId' and 'req.clinicDb'.",
    });
  }
  return [
    { path: factory, text: fill('ModelFactory.js', modelMaps(app, models, base)) },
    { path: posix.join(base, 'Repository.js'), text: fill('Repository.js', {}) },
    {
      path: posix.join(base, 'connectionManager.js'),
      text: fill('connectionManager.js', { OPTIONS: connectionOptions }),
    },
    {
      path: middleware,
      text: fill('clinicRoutingMiddleware.js', {
        MANAGER: relativeModule(posix.dirname(middleware), posix.join(base, 'connectionManager.js')),
        CLINIC_DB: app.clinicDb,
        USER: user.replaceAll('.', '?.').replace(/^req\?\./, 'req.'),
        CLINIC_ID: app.clinicId,
      }),
    },
  ];
}

function modelMaps(app: AppConfig, models: readonly Model[], base: string): Record<string, string> {
  const sorted = models.filter(({ scope }) => scope !== 'ignored').sort((a, b) => (a.name < b.name ? -1 : 1));
  const list = (some: readonly Model[]): string => some.map(({ name }) => `  ${name},`).join('\n');
  return {
    REQUIRES: sorted
      .map(
        ({ name, file }) => `const ${name} = require('${relativeModule(base, posix.join(app.root, file))}');`,
      )
      .join('\n'),
    MODELS: list(sorted.filter(({ scope }) => scope !== 'central')),
    CENTRAL_MODELS: list(sorted.filter(({ scope, directory }) => scope === 'central' || directory)),
  };
}

function relativeModule(from: string, to: string): string {
  const path = posix.relative(from, to).replace(/\.js$/, '');
  return path.startsWith('.') ? path : `./${path}`;
}

function fill(name: string, values: Readonly<Record<string, string>>): string {
  const template = readFileSync(new URL(name, FILES), 'utf8');
  return template.replace(/__([A-Z_]+?)__/g, (whole, key: string) => values[key] ?? whole);
}
