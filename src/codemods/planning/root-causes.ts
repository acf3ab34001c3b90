import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import { isFunctionNode, locationOf } from '../../project/source/nodes.js';

/** What a finding says of one thing, or of all that share its place and its reason. */
export type Wording = (names: readonly string[]) => string;

/** A finding about something that is left as it is. */
export interface Told {
  readonly finding: Finding;
  /** The function or the file that the finding leaves. */
  readonly leaves: ts.Node;
  readonly word?: Wording | undefined;
  /** What it is left for: another function or file that is left, or the place of another finding. Undefined for a root cause. */
  readonly waitsFor?: ts.Node | undefined;
}

/**
 * One finding a root cause: those that say the same of one place become one, and what is only left because of another
 * is counted there. `others` are findings that leave nothing and may be waited for all the same.
 */
export function tellRootCauses(
  told: readonly Told[],
  others: readonly Finding[],
): { readonly roots: Finding[]; readonly waiting: Finding[] } {
  const roots = new Map<string, Finding>();
  const waiting = new Map<string, Told>();
  for (const one of told) {
    const key = keyOf(one.leaves);
    if (one.waitsFor === undefined) {
      roots.set(key, roots.get(key) ?? one.finding);
      roots.set(placeKey(one.finding), one.finding);
    } else if (!waiting.has(key)) waiting.set(key, one);
  }
  for (const finding of others) roots.set(placeKey(finding), finding);
  const counts = new Map<string, Set<string>>();
  const unexplained: Finding[] = [];
  for (const [key, { finding }] of waiting) {
    if (roots.has(key)) continue;
    const root = rootOf(key, roots, waiting);
    if (root === undefined) unexplained.push(finding);
    else counts.set(placeKey(root), (counts.get(placeKey(root)) ?? new Set()).add(key));
  }
  const merged = mergePlaces(told.filter(({ waitsFor }) => waitsFor === undefined));
  const counted = distinct([...merged, ...others]).map((finding) =>
    withCount(finding, counts.get(placeKey(finding))?.size ?? 0),
  );
  return {
    roots: [...counted, ...distinct(unexplained)],
    waiting: distinct([...waiting.values()].map(({ finding }) => finding)),
  };
}

/** The finding that a left function or file waits for in the end; a function may wait for its file. */
function rootOf(
  start: string,
  roots: ReadonlyMap<string, Finding>,
  waiting: ReadonlyMap<string, Told>,
): Finding | undefined {
  const seen = new Set<string>();
  let key: string | undefined = start;
  while (key !== undefined && !seen.has(key)) {
    seen.add(key);
    const found = roots.get(key);
    if (found !== undefined) return found;
    const cause: ts.Node | undefined = waiting.get(key)?.waitsFor;
    if (cause === undefined) return undefined;
    const next = keyOf(cause);
    key = roots.has(next) || waiting.has(next) ? next : cause.getSourceFile().fileName;
  }
  return undefined;
}

/** A function and a file by where they are, so that they are the same in every plan; any other node by its place. */
function keyOf(node: ts.Node): string {
  if (ts.isSourceFile(node)) return node.fileName;
  if (isFunctionNode(node)) return `${node.getSourceFile().fileName}:${node.pos}`;
  const { file, line, column } = locationOf(node);
  return `${file}:${line}:${column}`;
}

function placeKey({ location }: Finding): string {
  return `${location?.file}:${location?.line}:${location?.column}`;
}

/** Findings of one code at one place as one that names all that they are about. */
function mergePlaces(told: readonly Told[]): Finding[] {
  const groups = new Map<string, Told[]>();
  for (const one of told) {
    const { code, message } = one.finding;
    const key = `${code} ${placeKey(one.finding)} ${one.word === undefined ? message : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const names = [...new Set(group.map(({ finding }) => finding.subject ?? ''))];
    if (first.word === undefined || names.length < 2) return [first.finding];
    return [{ ...first.finding, message: first.word(names), subject: names.join(', ') }];
  });
}

/** `a`, `a and b`, `a, b and 10 more`. */
export function listOf(names: readonly string[]): string {
  const shown = names.length > 4 ? names.slice(0, 3) : names.slice(0, -1);
  const last = names.length > 4 ? `${names.length - 3} more` : names.at(-1);
  return shown.length === 0 ? `${last}` : `${shown.join(', ')} and ${last}`;
}

/** Each finding once. */
export function distinct(findings: readonly Finding[]): Finding[] {
  const keyOf = ({ code, location, message }: Finding): string =>
    [code, location?.file, location?.line, location?.column, message].join('\n');
  return [...new Map(findings.map((finding) => [keyOf(finding), finding])).values()];
}

function withCount(finding: Finding, count: number): Finding {
  if (count === 0) return finding;
  const waiting = count === 1 ? 'one function or file waits' : `${count} functions or files wait`;
  return { ...finding, message: `${finding.message}; ${waiting} for it` };
}
