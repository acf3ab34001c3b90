import type { AppConfig } from '../config/types.js';
import type { Finding } from '../core/finding.js';
import { analyse } from '../project/analysis.js';
import { openProject, type Sources } from '../project/load-project.js';
import { locationOf } from '../project/nodes.js';
import type { TableFacts } from '../project/read-models.js';
import { acceptIgnored } from './code/accepted.js';
import { connectionFindings } from './code/connections.js';
import { globalFindings } from './code/globals.js';
import { keptFindings } from './code/kept.js';
import { registrationFindings } from './code/registration.js';
import { routingFindings } from './code/routing.js';

export interface VerifyCodeOptions {
  readonly sources: Sources;
  readonly app: AppConfig;
  readonly facts: TableFacts;
}

/**
 * Finds every way by which a request of this application could reach rows other than its own clinic's. Reads the
 * source and never runs it; what it cannot follow is an error, too. Pure.
 */
export function verifyCode({ sources, app, facts }: VerifyCodeOptions): Finding[] {
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
        }),
      ),
  );
  const analysis = analyse(project, facts);
  const findings = [
    ...unread,
    ...registrationFindings(analysis),
    ...globalFindings(analysis),
    ...connectionFindings(analysis),
    ...keptFindings(analysis),
    ...routingFindings(analysis),
  ];
  return acceptIgnored(findings, sources.texts);
}
