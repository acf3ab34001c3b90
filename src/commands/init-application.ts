import { join } from 'node:path';
import type { AppGuess } from '../project/application/app-guess.js';
import { inferApp } from '../project/application/infer-app.js';
import { refuseUnfit, usesSequelize } from '../project/application/unfit.js';
import { openProject } from '../project/source/open-project.js';
import { readSources } from '../project/source/read-sources.js';
import { CLINIC_WORDS, singular } from '../tenancy/clinic-table.js';
import type { TenancyMap } from '../tenancy/types.js';
import type { Context } from './command.js';

/** What the source in the working directory says of the application; empty where there is none. */
export async function inferApplication(
  { config, files }: Context,
  clinicTable: TenancyMap['clinicTable'] | undefined,
): Promise<AppGuess[]> {
  const app = { ...config.app, root: config.directory };
  if ((await files.read(join(app.root, 'package.json'))) === undefined) return [];
  const sources = await readSources(files, app);
  // A folder may have a package.json for other reasons than an application.
  if (!usesSequelize(sources) && !/"express"/.test(sources.manifest ?? '')) return [];
  refuseUnfit(sources, app);
  const own = clinicTable === undefined ? [] : [singular(clinicTable.name)];
  return inferApp(openProject(sources, app), [...new Set([...CLINIC_WORDS, ...own])]);
}
