import type { ts } from 'ts-morph';
import type { Finding } from '../core/finding.js';
import type { Analysis } from '../project/analysis.js';
import { type Site, sitesOf } from '../project/calls/call-sites.js';
import { ownerOf, requestOf } from '../project/calls/handlers.js';
import { locationOf } from '../project/source/nodes.js';
import { shown } from '../project/source/shown.js';
import type { Model } from '../project/types.js';
import { howKnown, type SiteAccount, whatItIs } from './explain.js';
import type { Migration } from './planning/collect.js';
import { isAmong } from './planning/left.js';
import type { Edit } from './writing/edits.js';

/** What a run does, counted and site by site. */
export interface Account {
  readonly sites: readonly SiteAccount[];
  /** Handlers that ask for their models after the run. */
  readonly routes: number;
  /** Functions that take clinicDb after the run and did not before. */
  readonly functions: number;
  readonly models: readonly Model[];
}

/** Accounts for every call site of the files that may be changed. */
export function accountFor(
  analysis: Analysis,
  { changes, edits, findings, waiting, threaded, alone }: Migration,
  isWanted: (path: string) => boolean,
): Account {
  const routes = new Set<ts.Node>();
  const sites = [...analysis.uses.keys()]
    .filter((file) => isWanted(file.fileName))
    .flatMap((file) => {
      const said = [...findings, ...waiting].filter(({ location }) => location?.file === file.fileName);
      return sitesOf(analysis, file).map((site): SiteAccount => {
        const concerns = site.kind === 'model' || site.kind === 'connection';
        const owner = ownerOf(site.call);
        const isLeft = owner !== undefined && isAmong(alone, owner);
        const isChanged = concerns && !isLeft && changes.has(file.fileName);
        if (isChanged && owner !== undefined && requestOf(owner) !== undefined) routes.add(owner);
        const reasons = reasonsFor(site, said);
        const outcome = isChanged ? 'rewritten' : concerns || reasons.length > 0 ? 'left' : 'stays';
        return {
          location: locationOf(site.call),
          text: shown(site.call.expression, 100),
          kind: site.kind,
          what: whatItIs(site),
          known: howKnown(analysis, site),
          outcome,
          does: isChanged ? insertedAround(owner, edits.get(file.fileName) ?? []) : reasons,
        };
      });
    });
  return { sites, routes: routes.size, functions: threaded, models: analysis.registry.models };
}

/** The lines that the edits put into the function around a site. */
function insertedAround(owner: ts.Node | undefined, edits: readonly Edit[]): string[] {
  return edits
    .filter(({ start, end }) => owner !== undefined && owner.pos <= start && end <= owner.end)
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** What is said of the site's own line, else of its file as a whole. */
function reasonsFor({ call, kind }: Site, said: readonly Finding[]): string[] {
  if (kind === 'migrated' || kind === 'not Sequelize') return [];
  const { line } = locationOf(call);
  const own = said.filter(({ location }) => location?.line === line);
  const ofFile = kind === 'model' || kind === 'connection' ? said : [];
  const telling = own.length > 0 ? own : ofFile.filter(({ severity }) => severity !== 'info').slice(0, 3);
  return telling.map(({ code, message }) => `${code} ${message}`);
}
