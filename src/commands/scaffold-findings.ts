import type { Finding } from '../core/finding.js';
import { FINDINGS } from '../core/finding-codes.js';
import type { Analysis } from '../project/analysis.js';
import { ownRuntime } from '../project/application/own-runtime.js';
import { locationOf } from '../project/source/nodes.js';
import type { AppProject } from '../project/source/open-project.js';
import { type Form, requireLine } from '../templates/runtime-files.js';
import { registrationFindings } from '../verify/code/registration.js';

/** Files of the application that stand where a runtime file belongs, and are none. */
export function ownFindings(project: AppProject): Finding[] {
  return ownRuntime(project).map(({ file, message }) => ({
    code: 'CODE_OWN_RUNTIME',
    severity: 'error',
    message,
    location: locationOf(file),
    hint: FINDINGS.CODE_OWN_RUNTIME.mend,
  }));
}

/** Models that the ModelFactory that is there does not know, each with the line to add. */
export function unregistered(analysis: Analysis, form: Form): Finding[] {
  const { project, registry } = analysis;
  return registrationFindings(analysis).flatMap((finding) => {
    const model = registry.models.find(({ name }) => name === finding.subject);
    if (model === undefined) return [];
    return [{ ...finding, hint: `Add it there, with ${requireLine(project.app, model, form)}` }];
  });
}

/** Options of the application's connection that connectionManager does not have. */
export function optionsLeft(names: readonly string[], file: string): Finding[] {
  if (names.length === 0) return [];
  return [
    {
      code: 'CODE_CONNECTION_OPTIONS',
      severity: 'warning',
      subject: 'connectionManager',
      message: `the connection's options ${names.join(', ')} were not taken over into ${file}`,
      hint: FINDINGS.CODE_CONNECTION_OPTIONS.mend,
    },
  ];
}
