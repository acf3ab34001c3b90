import type { AppConfig } from '../config/types.js';
import { FileFault } from '../core/file-fault.js';
import type { Finding } from '../core/finding.js';
import { FINDINGS } from '../core/finding-codes.js';
import { analyse } from '../project/analysis.js';
import type { TableFacts } from '../project/models/registry.js';
import { locationOf } from '../project/source/nodes.js';
import { openProject } from '../project/source/open-project.js';
import { type Sources, skippedFindings, withoutFaulty } from '../project/source/read-sources.js';
import { acceptIgnored } from './code/accepted.js';
import { cacheProblems } from './code/caches.js';
import { choiceProblems } from './code/clinic-choice.js';
import { clinicFindings } from './code/clinic-findings.js';
import { ConnectionSources } from './code/connection-source.js';
import { connectionProblems } from './code/connections.js';
import { globalProblems } from './code/globals.js';
import { keptProblems } from './code/kept.js';
import { recognitionFindings, registrationFindings, unmadeFindings } from './code/registration.js';
import { routingProblems } from './code/routing.js';
import { subjectsOf } from './code/subjects.js';
import type { Problem } from './code/words.js';

export interface VerifyCodeOptions {
  readonly sources: Sources;
  readonly app: AppConfig;
  readonly facts: TableFacts;
}

/**
 * Finds every way by which a request of this application could reach rows other than its own clinic's. Reads the
 * source and never runs it; what it cannot follow is an error, too. Pure.
 */
export function verifyCode(options: VerifyCodeOptions): Finding[] {
  try {
    return findLeaks(options);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return verifyCode({ ...options, sources: withoutFaulty(options.sources, error) });
  }
}

function findLeaks({ sources, app, facts }: VerifyCodeOptions): Finding[] {
  const project = openProject(sources, app);
  const unread = project.files.flatMap((file) =>
    project
      .syntaxErrors(file)
      .slice(0, 1)
      .map(
        (): Finding => ({
          code: 'CODE_SYNTAX',
          severity: 'error',
          message: 'this file cannot be parsed, so nothing is known of it',
          location: locationOf(file),
          hint: FINDINGS.CODE_SYNTAX.mend,
        }),
      ),
  );
  const analysis = analyse(project, facts);
  const connections = new ConnectionSources(analysis);
  const problems = [
    ...globalProblems(analysis, connections),
    ...connectionProblems(analysis, connections),
    ...choiceProblems(analysis, connections),
    ...keptProblems(analysis, connections),
    ...cacheProblems(analysis, connections),
    ...routingProblems(analysis),
  ];
  const findings = asFindings(problems, subjectsOf(analysis.routing.mounts));
  return acceptIgnored(
    [
      ...recognitionFindings(analysis),
      ...skippedFindings(sources),
      ...unread,
      ...registrationFindings(analysis),
      ...unmadeFindings(analysis),
      ...clinicFindings(analysis),
      ...findings,
    ],
    sources.texts,
  );
}

/** One finding for each place and code, by file and line. */
function asFindings(
  problems: readonly Problem[],
  subjectOf: (node: Problem['node']) => string | undefined,
): Finding[] {
  const found = new Map<string, Finding>();
  for (const { code, node, message } of problems) {
    const location = locationOf(node);
    const key = `${code} ${location.file}:${location.line}:${location.column}`;
    if (found.has(key)) continue;
    const subject = subjectOf(node);
    found.set(key, {
      code,
      severity: 'error',
      ...(subject === undefined ? {} : { subject }),
      message,
      location,
      hint: FINDINGS[code].mend,
    });
  }
  return [...found.values()].sort((one, other) => compare(one.location, other.location));
}

function compare(one: Finding['location'], other: Finding['location']): number {
  if (one === undefined || other === undefined) return 0;
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column;
}
