import { relative } from 'node:path';
import type { Finding } from '../../../src/core/finding.js';
import type { Probe } from './application.js';
import { CLINICS, type Clinic, canary, TRAP } from './tables.js';
import type { Migrated, Trial } from './trial.js';

/** Everything that does not hold; of one cause there may be several. */
export function complaintsOf(trial: Trial): string[] {
  const { before, after, migrated } = trial;
  if (before.failure !== undefined) return [`the application as it is does not start: ${before.failure}`];
  if (before.log.length > 0) return [`the application as it is complains: ${before.log.join('\n')}`];
  if (migrated instanceof Error) return [`the program throws: ${migrated.stack}`];
  if (after.failure !== undefined) return [`the migrated application does not start: ${after.failure}`];
  return [
    ...(after.log.length > 0 ? [`the migrated application complains: ${after.log.join('\n')}`] : []),
    ...(migrated.again.length > 0 ? [`a second run would change ${migrated.again.join(', ')}`] : []),
    ...CLINICS.flatMap((clinic) => answerComplaints(trial, migrated, clinic)),
    ...findingComplaints(trial, migrated),
  ];
}

/** Files, below the root, of what is more than a note. */
function filesOf(findings: readonly Finding[], root: string): Map<string, Finding> {
  return new Map(
    findings
      .filter(({ severity }) => severity !== 'info')
      .map((finding) => [relative(root, finding.location?.file ?? root), finding]),
  );
}

function isAmong(files: ReadonlyMap<string, unknown>, probe: Probe): boolean {
  return [...files.keys()].some((file) => probe.files.has(file));
}

/** Answers that differ and were not announced, and rows that nobody should have seen. */
function answerComplaints(
  { application, before, after, root }: Trial,
  migrated: Migrated,
  clinic: Clinic,
): string[] {
  const [left, verified] = [filesOf(migrated.findings, root), filesOf(migrated.verified, root)];
  const other = canary(clinic === 1 ? 2 : 1);
  return application.probes(clinic).flatMap((probe, at) => {
    const [was, is] = [before.answers.get(clinic)?.[at], after.answers.get(clinic)?.[at]];
    const question = `${probe.method} ${probe.path} of clinic ${clinic}`;
    const told = `\n  before: ${was?.status} ${was?.text}\n  after:  ${is?.status} ${is?.text}`;
    if (was?.text.includes(other)) return [`${question}: the application as it is mixes the clinics${told}`];
    if (is?.text.includes(other)) return [`${question}: rows of the other clinic${told}`];
    if (was?.text === is?.text && was?.status === is?.status) return [];
    // Whoever asks after its end has nothing to say.
    if (is?.status === 0) return after.log.length > 0 ? [] : [`${question}: no answer`];
    const isTrapped = is?.text.includes(TRAP) === true;
    return [
      ...(isAmong(left, probe) ? [] : [`${question}: differs, and codemod said nothing${told}`]),
      ...(isTrapped && !isAmong(verified, probe)
        ? [`${question}: reaches the shared database, and verify code said nothing${told}`]
        : []),
    ];
  });
}

const LOOK_ALIKES = ['lib/letters', 'routes/letters'];

/** Findings that are false: on what is nobody's model, and of verify where codemod had left nothing. */
function findingComplaints({ root }: Trial, { findings, verified }: Migrated): string[] {
  const left = filesOf(findings, root);
  const isAlike = (file: string): boolean => LOOK_ALIKES.some((path) => file.startsWith(`${path}.`));
  const say = (file: string, { code, message, location }: Finding): string =>
    `${code} ${file}:${location?.line} ${message}`;
  return [
    ...[...left]
      .filter(([file]) => isAlike(file))
      .map(([file, one]) => `codemod, falsely: ${say(file, one)}`),
    ...[...filesOf(verified, root)]
      .filter(([file]) => isAlike(file) || left.size === 0)
      .map(([file, one]) => `verify code, on what codemod did not leave: ${say(file, one)}`),
  ];
}
