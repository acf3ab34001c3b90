import { randomBytes } from 'node:crypto';
import type { Finding } from '../../../core/finding.js';
import type { Databases, Session } from '../../../core/ports.js';
import { withLogin } from '../../../core/urls.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { isNoLogin, isNotLetIn } from '../refusal.js';
import { ofClinic } from '../words.js';

/**
 * Tries a password that cannot be the login's. Whether the database then lets it in is another question: what counts is
 * whether the password was asked for.
 */
export async function passwordFindings(databases: Databases, target: ClinicTarget): Promise<Finding[]> {
  const url = withLogin(target.roleUrl, target.role, `wrong ${randomBytes(12).toString('hex')}`);
  let session: Session | undefined;
  try {
    session = await databases.connect(url);
  } catch (error) {
    if (isNoLogin(error)) return [];
    if (!isNotLetIn(error)) throw error;
    // 53300 may come before the password is looked at.
    if (error.sqlState === '53300') return [];
  }
  await session?.close();
  return [
    ofClinic(
      'ACCESS_PASSWORD',
      target,
      target.role,
      `its login ${target.role} is let in with any password`,
      'Write scram-sha-256 in pg_hba.conf where it says trust for this login, then: SELECT pg_reload_conf();',
    ),
  ];
}
