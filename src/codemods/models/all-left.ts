import type { Migration } from '../planning/collect.js';
import { type Drafts, findingAt } from '../planning/draft.js';

/** True where no model of the application can be migrated, and so nothing that uses one, nor the server. */
export function areAllLeft({ analysis, left }: Drafts): boolean {
  const files = [...analysis.registry.inFile.keys()];
  return files.length > 0 && files.every((file) => left.hasFile(file));
}

/** Leaves the application as it is, and says so once, before the reasons. */
export function leaveAll({ analysis, left }: Drafts, migration: Migration): Migration {
  const files = [...analysis.registry.inFile.keys()];
  const root = files.find((file) => !left.isWaiting(file)) ?? files[0];
  const message = 'no model can be migrated, so nothing is changed';
  return {
    ...migration,
    changes: new Map(),
    edits: new Map(),
    threaded: 0,
    findings: [
      ...(root === undefined ? [] : [findingAt('CODE_GROUP_LEFT', 'error', root, message)]),
      ...migration.findings,
    ],
  };
}
