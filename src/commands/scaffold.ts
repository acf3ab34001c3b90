import { relative } from 'node:path';
import { UsageError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { readConnectionOptions } from '../project/connection-options.js';
import { openProject, readSources } from '../project/load-project.js';
import { readModels } from '../project/read-models.js';
import { runtimeFiles } from '../templates/runtime-files.js';
import type { Command } from './command.js';
import { tableFacts } from './table-facts.js';

export const scaffoldCommand: Command = {
  name: 'scaffold',
  summary:
    'Write the runtime files that the application lacks: ModelFactory, Repository, connections, routing',
  options: [],
  examples: [
    { line: 'clinic-migrate scaffold --dry-run', what: 'see which files would be written' },
    { line: 'clinic-migrate scaffold', what: 'write them; files that are there are left as they are' },
  ],
  async run(context, _args, options) {
    const { config, files } = context;
    const { app } = config;
    const sources = await readSources(files, app);
    if (isModule(sources.manifest)) {
      throw new UsageError(`${app.root} is made of ES modules, and scaffold writes CommonJS`, {
        hint: 'Write the four runtime files by hand from the CommonJS ones, keeping their names and exports.',
      });
    }
    const project = openProject(sources, app);
    const models = readModels(project, app, await tableFacts(context));
    if (models.length === 0) {
      throw new UsageError(`no model was found in ${app.root}`, { hint: 'Set app.root and app.models.' });
    }
    const connection = readConnectionOptions(project);
    const findings: Finding[] = [];
    const outcomes: { file: string; outcome: string }[] = [];
    for (const { path, text } of runtimeFiles(app, models, connection.text)) {
      const file = relative(app.root, path);
      const isThere = (await files.read(path)) !== undefined;
      if (!isThere && !options.dryRun) await files.write(path, text);
      outcomes.push({ file, outcome: isThere ? 'kept' : options.dryRun ? 'to write' : 'written' });
      if (!isThere && file.endsWith('connectionManager.js') && connection.left.length > 0) {
        findings.push({
          code: 'CODE_CONNECTION_OPTIONS',
          severity: 'warning',
          subject: file,
          message: `the connection's options ${connection.left.join(', ')} were not taken over into ${file}`,
        });
      }
    }
    const count = (name: string): number => outcomes.filter(({ outcome }) => outcome === name).length;
    return {
      command: 'scaffold',
      ok: true,
      summary: {
        ...(options.dryRun ? { 'to write': count('to write') } : { written: count('written') }),
        kept: count('kept'),
      },
      findings,
      data: { files: outcomes },
      tables: [{ head: ['file', ''], rows: outcomes.map(({ file, outcome }) => [file, outcome]) }],
    };
  },
};

function isModule(manifest: string | undefined): boolean {
  try {
    return (JSON.parse(manifest ?? '{}') as { type?: unknown }).type === 'module';
  } catch {
    return false;
  }
}
