import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { AppConfig } from '../../config/types.js';
import { UsageError } from '../../core/errors.js';
import { property, unwrap } from '../source/nodes.js';
import { type AppProject, openProject } from '../source/open-project.js';
import type { Sources } from '../source/read-sources.js';
import { connectionCalls, type JsonTexts, objectsOf } from './connection-config.js';

/** Sequelize's dialects that are not PostgreSQL, and the packages that speak them. */
const OTHERS: Readonly<Record<string, { readonly name: string; readonly drivers: readonly string[] }>> = {
  mysql: { name: 'MySQL', drivers: ['mysql2', 'mysql'] },
  mariadb: { name: 'MariaDB', drivers: ['mariadb'] },
  sqlite: { name: 'SQLite', drivers: ['sqlite3'] },
  mssql: { name: 'SQL Server', drivers: ['tedious'] },
  oracle: { name: 'Oracle', drivers: ['oracledb'] },
};
const POSTGRES = /^postgres(ql)?$/;

/** UsageError for an application that nothing here could migrate: it is not on Sequelize 5 or 6, or not on PostgreSQL. */
export function refuseUnfit(sources: Sources, app: AppConfig, json: JsonTexts = new Map()): void {
  const packages = packagesOf(sources);
  const version = /\d+/.exec(packages.get('sequelize') ?? '')?.[0];
  if (version !== undefined && [1, 2, 3, 4].includes(Number(version)))
    throw new UsageError(
      `the application has Sequelize ${version}, and clinic-migrate knows versions 5 and 6`,
      {
        hint: 'Upgrade Sequelize first.',
      },
    );
  if (packages.has('@sequelize/core') && !packages.has('sequelize'))
    throw new UsageError('the application has Sequelize 7, and clinic-migrate knows versions 5 and 6');
  if (!usesSequelize(sources))
    throw new UsageError(`the application in ${app.root} does not use Sequelize`, {
      hint: 'Set app.root to the folder of the one that does.',
    });
  // Enough to read how connections are made, and a small part of the whole.
  const some = [...sources.texts].filter(([, text]) => /\bdialect\b|\bnew\s+[\w.]*Sequelize\b/.test(text));
  const other = otherDatabase(openProject({ ...sources, texts: new Map(some) }, app), json, packages);
  if (other !== undefined)
    throw new UsageError(
      `the application is on ${other}, and clinic-migrate splits PostgreSQL databases only`,
      {
        hint: 'Move it to PostgreSQL first.',
      },
    );
}

/** True where the source or package.json names Sequelize; a package of a workspace need not. */
export function usesSequelize(sources: Sources): boolean {
  const packages = packagesOf(sources);
  return (
    packages.has('sequelize') ||
    packages.has('@sequelize/core') ||
    [...sources.texts.values()].some((text) => /sequelize/i.test(text))
  );
}

/** The database that an application is on, where that is known not to be PostgreSQL. One for tests beside it is none. */
function otherDatabase(
  project: AppProject,
  json: JsonTexts,
  packages: ReadonlyMap<string, string>,
): string | undefined {
  const calls = connectionCalls(project);
  const dialects = calls.map((call) => ({ call, all: dialectsOf(project, json, call) }));
  const isOther = (name: string): boolean => Object.hasOwn(OTHERS, name);
  const [first] = dialects;
  if (first !== undefined && dialects.every(({ all }) => all.length > 0 && all.every(isOther))) {
    const file = posix.relative(project.app.root, first.call.getSourceFile().fileName);
    const [dialect = ''] = first.all;
    return `${OTHERS[dialect]?.name} (the dialect of its connection in ${file} is ${dialect})`;
  }
  if (dialects.some(({ all }) => all.some((name) => POSTGRES.test(name)))) return undefined;
  if (packages.has('pg') || packages.has('pg-native')) return undefined;
  const found = Object.values(OTHERS).find(({ drivers }) => drivers.some((one) => packages.has(one)));
  const driver = found?.drivers.find((one) => packages.has(one));
  return found && `${found.name} (package.json has ${driver}, and no pg)`;
}

/** The dialects that a connection may be made with; empty where one of them is not known. */
function dialectsOf(project: AppProject, json: JsonTexts, call: ts.NewExpression): string[] {
  const given: readonly ts.Expression[] = call.arguments ?? [];
  const [first] = given;
  const scheme =
    first !== undefined && ts.isStringLiteralLike(first) ? /^(\w+):/.exec(first.text)?.[1] : undefined;
  const last = given.at(-1);
  const all = (last === undefined ? undefined : objectsOf(project, json, last)) ?? [];
  const named = all.map((one) => {
    const value = property(one, 'dialect');
    const text = value && unwrap(value);
    return text !== undefined && ts.isStringLiteralLike(text) ? text.text : scheme;
  });
  const found = named.length === 0 ? [scheme] : named;
  return found.every((one) => one !== undefined) ? found : [];
}

function packagesOf({ manifest }: Sources): ReadonlyMap<string, string> {
  try {
    const read = JSON.parse(manifest ?? '{}') as Record<string, Record<string, string> | undefined> | null;
    const sections = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
    return new Map(sections.flatMap((name) => Object.entries(read?.[name] ?? {})));
  } catch {
    return new Map();
  }
}
