import type { Finding } from '../core/finding.js';
import type { Session } from '../core/ports.js';
import { withDatabase } from '../core/urls.js';
import type { Clinic } from '../tenancy/types.js';
import { databaseExists, onDatabase } from './databases.js';
import { nameOf, type Plan, placeOf, serverUrl } from './plan.js';
import { makeTemplate, type TemplatePlan, templateName } from './template.js';

export const templateOf = async ({ clinicData, rehearsal, uses }: Plan): Promise<TemplatePlan> => ({
  preData: clinicData,
  rehearsal: await rehearsal(),
  uses,
});

/**
 * Before anything else is made: what cannot be is found here, once. Errors: nothing else is to be made. A server whose
 * clinics have all been given their rows, and what follows them, needs no template.
 */
export async function provideTemplates(plan: Plan, installation: string): Promise<Finding[]> {
  const { databases } = plan.options;
  const findings: Finding[] = [];
  for (const server of new Set(plan.selected.map((clinic) => placeOf(plan, clinic)))) {
    const url = withDatabase(serverUrl(plan, server), 'postgres');
    const found = await onDatabase(databases, url, async (session) => {
      if (!(await needsTemplate(plan, server, session))) return [];
      const template = await templateOf(plan);
      return (await databaseExists(session, templateName(installation, template)))
        ? []
        : makeTemplate(databases, { session, url }, installation, template);
    });
    findings.push(...found);
  }
  return findings;
}

/** True where a database is to be made, or one is there that has yet to be given what the template tries. */
async function needsTemplate(plan: Plan, server: string, session: Session): Promise<boolean> {
  const here = plan.selected.filter((clinic) => placeOf(plan, clinic) === server);
  const isFilled = ({ key }: Clinic): boolean => {
    const state = plan.registered.get(key)?.state;
    return state !== undefined && state !== 'provisioned' && state !== 'loading';
  };
  if (!here.every(isFilled)) return true;
  const lost = await session.query(
    `SELECT FROM unnest($1::text[]) AS n (name)
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = n.name) LIMIT 1`,
    [here.map((clinic) => nameOf(plan, clinic).database)],
  );
  return lost.length > 0;
}
