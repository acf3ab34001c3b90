import { dirname, relative } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { RunError, UsageError } from '../core/errors.js';
import { hasErrors } from '../core/finding.js';
import { analyse } from '../project/analysis.js';
import { type JsonTexts, optionsFiles } from '../project/application/connection-config.js';
import { ELSEWHERE, readConnectionOptions } from '../project/application/connection-options.js';
import { readConnections } from '../project/application/connections.js';
import { refuseUnfit } from '../project/application/unfit.js';
import { DECORATORS_PACKAGE } from '../project/models/decorators.js';
import { importEnding, isEsModule, runtimePaths } from '../project/source/modules.js';
import { type AppProject, openProject } from '../project/source/open-project.js';
import { readSources } from '../project/source/read-sources.js';
import type { Model } from '../project/types.js';
import type { Report } from '../report/report.js';
import { MANAGER_NAMES, optionsText } from '../templates/connection-options.js';
import { type Form, type RuntimeFile, runtimeFiles } from '../templates/runtime-files.js';
import { faultOf } from '../templates/sound.js';
import type { CommonOptions, Context } from './command.js';
import { optionsLeft, ownFindings, unregistered } from './scaffold-findings.js';
import { tableFacts } from './table-facts.js';

/** Writes the runtime files that are not there, and says what those that are there lack. */
export async function runScaffold(context: Context, { dryRun }: CommonOptions): Promise<Report> {
  const { config, files } = context;
  const { app } = config;
  const sources = await readSources(files, app);
  const project = openProject(sources, app);
  const json = await readJson(context, project);
  const analysis = analyse(project, await tableFacts(context));
  const { models } = analysis.registry;
  refuseOthers(project, models);
  refuseUnfit(sources, app, json);
  const form = formOf(project, models);
  const ending = form.kind === 'ts' ? '.ts' : '.js';
  const options = readConnectionOptions(
    project,
    {
      folder: dirname(runtimePaths(app).connectionManager),
      hasRequire: form.kind === 'cjs',
      taken: MANAGER_NAMES,
    },
    json,
    readConnections(project, analysis.registry, analysis.evaluator).others,
  );
  const text = optionsText(options, ELSEWHERE, form.kind === 'ts');
  const missing: RuntimeFile[] = [];
  const kept: RuntimeFile[] = [];
  for (const file of runtimeFiles(app, models, text.OPTIONS, form, text.DECLARATIONS))
    ((await files.read(file.path)) === undefined ? missing : kept).push(file);
  for (const file of missing) refuseUnsound(file, app.root);
  if (!dryRun) for (const { path, text } of missing) await files.write(path, text);
  const factory = runtimePaths(app).modelFactory + ending;
  const manager = runtimePaths(app).connectionManager + ending;
  const own = ownFindings(project);
  const isKept = (path: string): boolean => kept.some((one) => one.path === path);
  const findings = [
    ...own,
    // A factory of another kind has no map in which models could be missing.
    ...(isKept(factory) && !own.some(({ location }) => location?.file === factory)
      ? unregistered(analysis, form)
      : []),
    ...(missing.some(({ path }) => path === manager)
      ? optionsLeft(options.left, relative(app.root, manager))
      : []),
  ];
  const name = ({ path }: RuntimeFile): string => relative(app.root, path);
  const outcomes = [
    ...missing.map((file) => ({ file: name(file), outcome: dryRun ? 'to write' : 'written' })),
    ...kept.map((file) => ({ file: name(file), outcome: 'kept' })),
  ];
  return {
    command: 'scaffold',
    ok: !hasErrors(findings),
    summary: { [dryRun ? 'to write' : 'written']: missing.length, kept: kept.length },
    findings,
    data: { files: outcomes },
    tables: [{ head: ['file', ''], rows: outcomes.map(({ file, outcome }) => [file, outcome]) }],
    ...(dryRun && missing.length > 0
      ? {
          text: missing
            .map((file) => createTwoFilesPatch('/dev/null', `b/${name(file)}`, '', file.text, '', ''))
            .join(''),
        }
      : {}),
  };
}

/** UsageError where the folder is no application whose runtime files could be written. */
function refuseOthers({ app, manifest }: AppProject, models: readonly Model[]): void {
  const hint = 'Set app.root and app.models.';
  if (manifest === undefined) throw new UsageError(`there is no package.json in ${app.root}`, { hint });
  if (models.length === 0) throw new UsageError(`no model was found in ${app.root}`, { hint });
}

/** RunError for a file that would not load; nothing has been written then. */
function refuseUnsound(file: RuntimeFile, root: string): void {
  const fault = faultOf(file);
  if (fault === undefined) return;
  throw new RunError(`${relative(root, file.path)} would not load, so nothing was written: ${fault}`, {
    hint: "Look at the options of the application's connection, which are part of it; and report the case.",
  });
}

/** TypeScript where the models are; else by package.json, as Node decides. */
function formOf(project: AppProject, models: readonly Model[]): Form {
  if (!models.some(({ file }) => /\.[cm]?ts$/.test(file)))
    return { kind: usesEsModules(project, models) ? 'esm' : 'cjs' };
  const hasDecorators = models.some(({ file }) =>
    project.file(`${project.app.root}/${file}`)?.text.includes(DECORATORS_PACKAGE),
  );
  return { kind: 'ts', ending: importEnding(project.files), hasDecorators };
}

/** By package.json, as Node decides; else by the models themselves, which a bundler may turn into CommonJS. */
function usesEsModules(project: AppProject, models: readonly Model[]): boolean {
  try {
    if ((JSON.parse(project.manifest ?? '') as { type?: unknown }).type === 'module') return true;
  } catch (cause) {
    throw new UsageError(`package.json in ${project.app.root} is not JSON`, { cause });
  }
  return models.every(({ file }) => {
    const source = project.file(`${project.app.root}/${file}`);
    return source !== undefined && isEsModule(source);
  });
}

/** The JSON files that may hold the connection's options. */
async function readJson({ files }: Context, project: AppProject): Promise<JsonTexts> {
  const texts = new Map<string, string>();
  for (const path of optionsFiles(project)) {
    const text = await files.read(path);
    if (text !== undefined) texts.set(path, text);
  }
  return texts;
}
