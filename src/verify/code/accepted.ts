import type { Finding } from '../../core/finding.js';

/**
 * `// clinic-migrate-ignore CODE reason` on a finding's line or the one above accepts it: it stays in the report, with
 * the reason. Without a reason it accepts nothing.
 */
export function acceptIgnored(findings: readonly Finding[], texts: ReadonlyMap<string, string>): Finding[] {
  const lines = new Map<string, string[]>();
  const linesOf = (file: string): string[] => {
    const known = lines.get(file) ?? (texts.get(file) ?? '').split('\n');
    lines.set(file, known);
    return known;
  };
  return findings.map((finding) => {
    const { location, code } = finding;
    if (location === undefined) return finding;
    const all = linesOf(location.file);
    const [own = '', above = ''] = [all[location.line - 1], all[location.line - 2]];
    // At the end of a line of code it speaks of that line alone.
    const isAlone = /^\s*\/[/*]/.test(above);
    const reason = reasonFor(own, code) ?? (isAlone ? reasonFor(above, code) : undefined);
    if (reason === undefined) return finding;
    return { ...finding, severity: 'info', message: `accepted, "${reason}": ${finding.message}` };
  });
}

function reasonFor(line: string, code: string): string | undefined {
  const found = /\/[/*]\s*clinic-migrate-ignore\s+(\w+)\s+(.*?)\s*(?:\*\/|$)/.exec(line);
  return found?.[1] === code && found[2] !== '' ? found[2] : undefined;
}
