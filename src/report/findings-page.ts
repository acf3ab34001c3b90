import { FINDINGS } from '../core/finding-codes.js';

const HEAD = `# Findings

Every finding has one of these codes. A code is never renamed or used again for something else, so scripts can rely on
it. An error stops the step that found it and makes the exit code 1; warnings and notes do not.

This page is made from the source by \`npm run docs\`.
`;

/** The text of docs/findings.md: each code with its cause and its mend. */
export function findingsPage(): string {
  const entries = Object.entries(FINDINGS).map(
    ([code, { cause, mend }]) => `## ${code}\n\n${cause}\n\n**Mend:** ${mend}\n`,
  );
  return [HEAD, ...entries].join('\n');
}
