import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import { withoutMark } from '../../project/source/open-project.js';
import { endOfLineOf, indentAt } from './edits.js';

/**
 * The text with `// TODO(clinic-migrate): CODE reason` above the line of each finding, once: a finding whose
 * comment stands there already adds nothing. The findings' lines are the text's own.
 */
export function annotate(text: string, findings: readonly Finding[]): string {
  const body = withoutMark(text);
  const mark = text.slice(0, text.length - body.length);
  const carriage = endOfLineOf(body) === '\r\n' ? '\r' : '';
  const file = ts.createSourceFile('file.ts', body, ts.ScriptTarget.ESNext, true);
  const lines = body.split('\n');
  const byLine = [...findings].sort((a, b) => (b.location?.line ?? 0) - (a.location?.line ?? 0));
  for (const { code, message, location, severity } of byLine) {
    if (location === undefined || severity === 'info') continue;
    const at = freeLine(file, location.line - 1);
    if (isAnnotated(lines, at, code)) continue;
    const indent = indentAt(lines[at] ?? '', 0);
    lines.splice(at, 0, `${indent}// TODO(clinic-migrate): ${code} ${message}${carriage}`);
  }
  return mark + lines.join('\n');
}

/** The line itself; the one where a template literal begins that it is inside of; the second one after `#!`. */
function freeLine(file: ts.SourceFile, line: number): number {
  const start = file.getPositionOfLineAndCharacter(line, 0);
  let first = start;
  const visit = (node: ts.Node): void => {
    const from = node.getStart(file);
    const isAround = from < start && start < node.end;
    if (isAround && (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)))
      first = Math.min(first, from);
    node.forEachChild(visit);
  };
  visit(file);
  const free = file.getLineAndCharacterOfPosition(first).line;
  return free === 0 && file.text.startsWith('#!') ? 1 : free;
}

/** True where the comments right above a line speak of the code. */
function isAnnotated(lines: readonly string[], at: number, code: string): boolean {
  for (let above = at - 1; above >= 0 && /^\s*\/\//.test(lines[above] ?? ''); above -= 1)
    if (lines[above]?.includes(`TODO(clinic-migrate): ${code} `) === true) return true;
  return false;
}
