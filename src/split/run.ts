import type { Code, CodeReader } from '../catalog/code.js';
import { InterruptedError } from '../core/errors.js';
import type { LargeObjects } from './large-objects.js';
import type { TablePlan } from './plan.js';
import type { Snapshot } from './snapshot.js';
import type { StoredParts } from './stored-parts.js';
import type { TableSurvey } from './survey/types.js';
import type { Tally } from './tally.js';
import type { SplitOptions } from './types.js';

/** Everything that stays the same during one run. */
export interface Run {
  readonly options: SplitOptions;
  readonly plans: readonly TablePlan[];
  readonly snapshot: Snapshot;
  readonly surveys: readonly TableSurvey[];
  readonly suspects: ReadonlySet<string>;
  readonly fingerprint: string;
  /** Read when they are first asked for: that reads each of them from end to end. */
  readonly largeObjects: () => Promise<LargeObjects>;
  /** The legacy database's own functions, triggers and the like. */
  readonly code: Code;
  /** Reads that of a copy. */
  readonly readCode: CodeReader;
  readonly tally: Tally;
  /** How many rows a part has of what is digested in parts. */
  readonly rowsOfPart: number;
  /** What earlier runs left, and in which parts tables were surveyed, where copies are to be brought up to date. */
  readonly stored: StoredParts | undefined;
}

/** InterruptedError where Ctrl-C was pressed. */
export function stopIfAsked({ signal, refresh }: Pick<SplitOptions, 'signal' | 'refresh'>): void {
  if (!signal.aborted) return;
  throw refresh
    ? new InterruptedError('interrupted while bringing copies up to date', {
        hint: 'Run split --refresh again: each copy is as it was, or up to date.',
      })
    : new InterruptedError('interrupted while copying the clinics', {
        hint: 'Run split again: clinics that are ready stay as they are, the others are copied from the beginning.',
      });
}
