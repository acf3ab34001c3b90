import type { Report } from '../../src/report/report.js';

/** The errors of a report, each with its code. */
export const errorsOf = ({ findings }: Report): string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`);
