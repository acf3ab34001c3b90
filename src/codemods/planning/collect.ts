import { posix } from 'node:path';
import type { ts } from 'ts-morph';
import { RunError } from '../../core/errors.js';
import { type Finding, hasErrors } from '../../core/finding.js';
import { withoutMark } from '../../project/source/open-project.js';
import { type Sources, skippedFindings } from '../../project/source/read-sources.js';
import { applyEdits, type Edit } from '../writing/edits.js';
import { finishImports } from '../writing/imports.js';
import { type Draft, type Drafts, findingAt } from './draft.js';
import { distinct, type Told, tellRootCauses } from './root-causes.js';

/** What a run would write, and what it has to say. */
export interface Migration {
  /** Absolute path to new text, for files that change. */
  readonly changes: ReadonlyMap<string, string>;
  /** What makes the new texts of the old ones, byte-order marks aside. */
  readonly edits: ReadonlyMap<string, readonly Edit[]>;
  readonly findings: readonly Finding[];
  /** What is left because of what one of the findings leaves; it is counted there. */
  readonly waiting: readonly Finding[];
  /** How many functions get clinicDb as a parameter. */
  readonly threaded: number;
  /** The functions and files that are left as they are; see isAmong(). */
  readonly alone: ReadonlySet<string>;
  /** Files whose edits contradict each other, with the reason; a fault of ours, never of the file's. */
  readonly broken: ReadonlyMap<string, string>;
  /** Ranges of the old texts (byte-order mark aside) that go away on purpose, with their comments. */
  readonly dropped: ReadonlyMap<string, readonly { readonly start: number; readonly end: number }[]>;
}

/** The files that are left alone: those with a problem, and all that must be migrated together with one. */
export function spreadProblems(
  drafts: Drafts,
  isWanted: (path: string) => boolean,
): Map<ts.SourceFile, Draft> {
  const failed = new Map<ts.SourceFile, Draft>();
  for (const draft of drafts.all()) {
    const [outside] = [...draft.linked].filter(
      (file) => !isWanted(file.fileName) && drafts.of(file).hasEdits(),
    );
    if (outside !== undefined && isWanted(draft.file.fileName))
      draft.problem(
        'CODE_OUTSIDE_PATHS',
        draft.file,
        `${posix.relative(drafts.analysis.project.app.root, outside.fileName)} would have to change too`,
      );
  }
  const queue = drafts.all().filter(({ problems }) => problems.length > 0);
  for (const draft of queue) failed.set(draft.file, draft);
  for (let draft = queue.shift(); draft !== undefined; draft = queue.shift()) {
    const failing = draft.file;
    const dependent = drafts
      .all()
      .filter(({ required }) => required.has(failing))
      .map(({ file }) => file);
    for (const file of [...draft.linked, ...dependent]) {
      if (failed.has(file)) continue;
      const origin = failed.get(draft.file) ?? draft;
      failed.set(file, origin);
      queue.push(drafts.of(file));
    }
  }
  return failed;
}

/** Makes the new texts of what the drafts ask for, and gathers what is to be said. */
export function collect(
  drafts: Drafts,
  sources: Sources,
  failed: ReadonlyMap<ts.SourceFile, Draft>,
  isWanted: (path: string) => boolean,
): Migration {
  const changes = new Map<string, string>();
  const edits = new Map<string, readonly Edit[]>();
  const skipped = skippedFindings(sources).filter(({ location }) => isWanted(location?.file ?? ''));
  const findings: Finding[] = [...drafts.notes, ...skipped];
  const told: Told[] = [...drafts.left.told];
  const dropped = new Map<string, Draft['dropped']>();
  const broken = new Map<string, string>();
  let threaded = 0;
  for (const draft of drafts.all()) {
    const path = draft.file.fileName;
    if (!isWanted(path)) continue;
    const origin = failed.get(draft.file);
    if (origin !== undefined) {
      told.push(
        ...draft.problems
          .filter(({ code }) => code === 'CODE_OUTSIDE_PATHS')
          .map((finding) => ({ finding, leaves: draft.file })),
      );
      findings.push(...draft.notes.filter(({ severity }) => severity === 'error'));
      if (draft.problems.length === 0 && draft.hasEdits())
        told.push({
          finding: findingAt(
            'CODE_GROUP_LEFT',
            hasErrors(origin.problems) ? 'error' : 'info',
            draft.file,
            `left as it is, because of ${posix.relative(drafts.analysis.project.app.root, origin.file.fileName)}`,
          ),
          leaves: draft.file,
          waitsFor: origin.file,
        });
      continue;
    }
    if (draft.hasEdits()) finishImports(draft, drafts.analysis);
    if (!draft.hasEdits()) {
      findings.push(...draft.notes);
      continue;
    }
    const text = sources.texts.get(path) ?? '';
    const mark = text.slice(0, text.length - withoutMark(text).length);
    let result = text;
    const wanted = draft.allEdits();
    try {
      result = mark + applyEdits(withoutMark(text), wanted);
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      broken.set(path, error.message);
    }
    const isConnected = result.includes('new Sequelize');
    findings.push(...draft.notes.filter(({ code }) => code !== 'CODE_CONNECTION_LEFT' || isConnected));
    if (result === text) continue;
    changes.set(path, result);
    threaded += draft.threaded.size;
    edits.set(path, wanted);
    dropped.set(path, draft.dropped);
  }
  const { roots, waiting } = tellRootCauses(
    told.filter(({ finding }) => isWanted(finding.location?.file ?? '')),
    distinct(findings),
  );
  return {
    changes,
    edits,
    findings: roots,
    waiting,
    dropped,
    broken,
    threaded,
    alone: drafts.left.places,
  };
}
