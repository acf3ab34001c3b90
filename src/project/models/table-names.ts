import inflection from 'inflection';
import { ts } from 'ts-morph';
import { givenOptions } from '../application/connection-config.js';
import { isNamed, property } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { constantText, originOf } from '../values/constants.js';
import type { Definition } from './definitions.js';

/** The table's name by Sequelize's own rules, whose library this is, and other spellings to look for where it is not written down. */
export function tableOf(
  project: AppProject,
  shared: ts.ObjectLiteralExpression | undefined,
  { name, options }: Definition,
): { tableName: string; others: string[] } {
  const origin = options && originOf(project, options);
  const own = origin !== undefined && ts.isObjectLiteralExpression(origin) ? origin : undefined;
  const given = own && property(own, 'tableName');
  const tableName = given && constantText(project, given);
  if (tableName !== undefined) return { tableName, others: [] };
  const isOn = (option: string): boolean => {
    const value = (own && property(own, option)) ?? (shared && property(shared, option));
    return value?.kind === ts.SyntaxKind.TrueKeyword;
  };
  const plural = isOn('freezeTableName') ? name : inflection.pluralize(name);
  const snake = inflection.underscore(plural);
  return { tableName: isOn('underscored') ? snake : plural, others: [snake, plural.toLowerCase()] };
}

/** Options that `new Sequelize(…, { define: {…} })` gives to every model. */
export function sharedOptions(project: AppProject): ts.ObjectLiteralExpression | undefined {
  const define = givenOptions(project)?.members?.findLast(
    ({ name }) => name !== undefined && isNamed(name, 'define'),
  );
  return define !== undefined &&
    ts.isPropertyAssignment(define) &&
    ts.isObjectLiteralExpression(define.initializer)
    ? define.initializer
    : undefined;
}
