import type { Finding } from '../../core/finding.js';
import { FINDINGS } from '../../core/finding-codes.js';
import type { Migration } from '../planning/collect.js';
import type { Drafts } from '../planning/draft.js';

/** True where no model of the application can be migrated, and so nothing that uses one, nor the server. */
export function areAllLeft({ analysis, left }: Drafts): boolean {
  const files = [...analysis.registry.inFile.keys()];
  return files.length > 0 && files.every((file) => left.hasFile(file));
}

/** Leaves the application as it is, and says so once, before the reasons. */
export function leaveAll(migration: Migration): Migration {
  const [reason] = migration.findings.filter(({ severity }) => severity === 'error');
  const first: Finding = {
    code: 'CODE_GROUP_LEFT',
    severity: 'error',
    message: 'no model can be migrated, so nothing is changed',
    ...(reason?.location === undefined ? {} : { location: reason.location }),
    hint: FINDINGS.CODE_GROUP_LEFT.mend,
  };
  return {
    ...migration,
    changes: new Map(),
    edits: new Map(),
    threaded: 0,
    findings: [first, ...migration.findings],
  };
}
