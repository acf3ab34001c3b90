import { join } from 'node:path';
import type { AppGuess } from '../project/application/app-guess.js';
import { inferApp } from '../project/application/infer-app.js';
import { openProject } from '../project/source/open-project.js';
import { readSources } from '../project/source/read-sources.js';
import { CLINIC_WORDS, singular } from '../tenancy/clinic-table.js';
import type { TenancyMap } from '../tenancy/types.js';
import type { Context } from './command.js';

/** What the source in the working directory says of the application; empty where there is none. */
export async function inferApplication(
  { config, files }: Context,
  clinicTable: TenancyMap['clinicTable'],
): Promise<AppGuess[]> {
  const app = { ...config.app, root: config.directory };
  if ((await files.read(join(app.root, 'package.json'))) === undefined) return [];
  const project = openProject(await readSources(files, app), app);
  return inferApp(project, [...new Set([...CLINIC_WORDS, singular(clinicTable.name)])]);
}
