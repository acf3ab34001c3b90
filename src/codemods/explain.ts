import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { Finding } from '../core/finding.js';
import type { Analysis } from '../project/analysis.js';
import type { Site, SiteClass } from '../project/calls/call-sites.js';
import { locationOf, rootOf } from '../project/source/nodes.js';
import { shown } from '../project/source/shown.js';
import { databasesOf, type Model } from '../project/types.js';

/** A call site with what it is, how that is known and what becomes of it, in words. */
export interface SiteAccount {
  readonly location: NonNullable<Finding['location']>;
  /** The call up to its parenthesis. */
  readonly text: string;
  readonly kind: SiteClass;
  readonly what: string;
  readonly known: string;
  /** `rewritten`, `left` for a person, or nothing where there is nothing to do. */
  readonly outcome: 'rewritten' | 'left' | 'stays';
  /** Lines that the codemods put into the function around it; for what is left, the reasons. */
  readonly does: readonly string[];
}

/** What a site's receiver is, in words. */
export function whatItIs({ kind, model, value }: Site): string {
  switch (kind) {
    case 'model':
      return model === undefined ? 'a model' : `the model ${model.name}, ${whose(model)}`;
    case 'instance':
      return model === undefined ? 'a row' : `a row of the model ${model.name}`;
    case 'connection':
      return 'the connection to the shared database';
    case 'migrated':
      return 'of one request’s clinic, or of the central connection, already';
    case 'not Sequelize':
      return value?.kind === 'package' ? `the package ${value.name}` : `a ${value?.kind} of the application`;
    default:
      return 'not known';
  }
}

function whose(model: Model): string {
  const databases = databasesOf(model).join(' and the ');
  return `table ${model.tableName}, ${databases === '' ? 'in no database' : `in the ${databases} database`}`;
}

/** The way from the receiver's name to what it stands for. */
export function howKnown({ evaluator, project }: Analysis, { receiver, kind, model }: Site): string {
  const root = rootOf(receiver);
  const declaration = root && evaluator.declarationOf(root);
  const steps: string[] = [];
  if (declaration !== undefined && declaration.getSourceFile() === receiver.getSourceFile())
    steps.push(`${shown(statementOf(declaration), 100)} (line ${locationOf(declaration).line})`);
  if (model !== undefined) steps.push(`${model.file}:${model.location.line} defines ${model.name}`);
  if (steps.length > 0 && kind !== 'unknown') return steps.join(' → ');
  if (root === undefined) return `nothing tells what ${shown(receiver, 100)} is`;
  if (kind !== 'unknown') return 'by its name';
  const where =
    declaration === undefined
      ? 'no declaration was found'
      : `${shown(statementOf(declaration), 100)} in ${posix.relative(project.app.root, declaration.getSourceFile().fileName)}`;
  return `nothing tells what ${root.text} is: ${where}`;
}

function statementOf(node: ts.Node): ts.Node {
  let at = node;
  while (!ts.isStatement(at) && !ts.isParameter(at) && at.parent !== undefined) at = at.parent;
  return at;
}

/** Sites as text for people, by file. */
export function explanation(root: string, sites: readonly SiteAccount[]): string {
  const files = new Map<string, SiteAccount[]>();
  for (const site of sites) {
    const known = files.get(site.location.file);
    if (known === undefined) files.set(site.location.file, [site]);
    else known.push(site);
  }
  return [...files]
    .map(([file, inFile]) => [posix.relative(root, file), ...inFile.map(paragraph)].join('\n\n'))
    .join('\n\n');
}

function paragraph({ location, text, what, known, outcome, does }: SiteAccount): string {
  const head = { rewritten: 'becomes', left: 'left', stays: 'stays as it is' }[outcome];
  return [
    `  ${location.line}:${location.column}  ${text}`,
    `      is       ${what}`,
    `      known    ${known}`,
    ...(does.length === 0
      ? [`      ${head}`]
      : does.map((line, i) => `      ${(i === 0 ? head : '').padEnd(8)} ${line}`)),
  ].join('\n');
}
