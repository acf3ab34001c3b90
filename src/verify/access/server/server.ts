import type { Finding } from '../../../core/finding.js';
import type { Databases, Session } from '../../../core/ports.js';
import { withDatabase } from '../../../core/urls.js';
import type { ClinicTarget } from '../../../provision/types.js';
import type { VerifyAccessOptions } from '../options.js';
import { mayAskAnother } from '../refusal.js';
import { databaseFindings } from './databases.js';
import { elsewhereFindings } from './elsewhere.js';
import { hbaFindings } from './hba.js';
import { membershipFindings } from './memberships.js';
import { openDatabaseFindings } from './open-databases.js';
import { replicationFindings } from './replication.js';
import { roleFindings } from './roles.js';
import { settingFindings } from './settings.js';
import { sharedFindings } from './shared.js';
import { strangerFindings } from './strangers.js';
import { readServer, type ServerView } from './view.js';

export interface ServerResult {
  readonly view: ServerView;
  readonly findings: readonly Finding[];
  /** Logins that the server's own rules let in without a password. */
  readonly unasked: ReadonlySet<string>;
  readonly objects: number;
  readonly privileges: number;
}

/** What the catalogs of one server say of the clinics on it, in a fixed number of queries however many they are. */
export async function checkServer(
  options: VerifyAccessOptions,
  targets: readonly [ClinicTarget, ...ClinicTarget[]],
): Promise<ServerResult> {
  const session = await openServer(options.databases, targets);
  try {
    const view = await readServer(session, targets, options.logins);
    const shared = await sharedFindings(view);
    const hba = await hbaFindings(view);
    return {
      view,
      findings: [
        ...roleFindings(view),
        ...databaseFindings(view),
        ...(await openDatabaseFindings(options, view)),
        ...membershipFindings(view),
        ...strangerFindings(view),
        ...shared.findings,
        ...(await elsewhereFindings(view, options.databases)),
        ...(await replicationFindings(view)),
        ...hba.findings,
        ...(await settingFindings(view, options.record)),
      ],
      unasked: hba.unasked,
      objects: view.roles.size + view.memberships.length + view.databases.size + shared.objects,
      privileges:
        [...view.databases.values()].reduce((sum, { acl }) => sum + acl.length, 0) + shared.privileges,
    };
  } finally {
    await session.close();
  }
}

/** Any database of the server will do: one that is shut is a finding, and no reason to ask nothing. */
async function openServer(
  databases: Databases,
  targets: readonly [ClinicTarget, ...ClinicTarget[]],
): Promise<Session> {
  const [first] = targets;
  const urls = [...targets.map(({ adminUrl }) => adminUrl), withDatabase(first.adminUrl, 'postgres')];
  for (const url of urls) {
    try {
      return await databases.connect(url, { readOnly: true });
    } catch (error) {
      if (!mayAskAnother(error) || error.sqlState === '28P01') throw error;
    }
  }
  return databases.connect(first.adminUrl, { readOnly: true });
}
