import type { Finding } from '../core/finding.js';
import { indentAt } from './edits.js';

/**
 * The text with `// TODO(clinic-migrate): CODE reason` above the line of each finding, once: a finding whose
 * comment stands there already adds nothing. The findings' lines are the text's own.
 */
export function annotate(text: string, findings: readonly Finding[]): string {
  const endOfLine = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split('\n');
  const byLine = [...findings].sort((a, b) => (b.location?.line ?? 0) - (a.location?.line ?? 0));
  for (const { code, message, location, severity } of byLine) {
    if (location === undefined || severity === 'info') continue;
    const at = location.line - 1;
    if (isAnnotated(lines, at, code)) continue;
    const indent = indentAt(lines[at] ?? '', 0);
    lines.splice(at, 0, `${indent}// TODO(clinic-migrate): ${code} ${message}${endOfLine.slice(0, -1)}`);
  }
  return lines.join('\n');
}

/** True where the comments right above a line speak of the code. */
function isAnnotated(lines: readonly string[], at: number, code: string): boolean {
  for (let above = at - 1; above >= 0 && /^\s*\/\//.test(lines[above] ?? ''); above -= 1)
    if (lines[above]?.includes(`TODO(clinic-migrate): ${code} `) === true) return true;
  return false;
}
