import type { DatabaseError } from '../../../core/errors.js';
import type { Finding } from '../../../core/finding.js';
import type { Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import type { VerifyAccessOptions } from '../options.js';
import { isNotLetIn } from '../refusal.js';
import type { ServerView } from '../server/view.js';
import { ofClinic } from '../words.js';
import { defaultFindings } from './defaults.js';
import { expectation } from './expected.js';
import { extensionFindings } from './extensions.js';
import { readInventory } from './inventory.js';
import { readKept } from './kept.js';
import { objectFindings } from './objects.js';
import { unknownFindings } from './unknown.js';

export interface DatabaseResult {
  readonly findings: readonly Finding[];
  readonly objects: number;
  readonly privileges: number;
}

/** Compares all that is in one clinic's database, and whose it is, with what provision makes. */
export async function checkDatabase(
  { databases, record, schemas, extensions }: VerifyAccessOptions,
  view: ServerView,
  target: ClinicTarget,
): Promise<DatabaseResult> {
  let session: Session;
  try {
    session = await databases.connect(target.adminUrl, { readOnly: true });
  } catch (error) {
    if (!isNotLetIn(error)) throw error;
    return { findings: notOpened(view, target, error), objects: 0, privileges: 0 };
  }
  try {
    const kept = await readKept(session, target);
    const expected = expectation(record, schemas, kept.largeObjects);
    const { notable, objects, privileges } = await readInventory(session);
    return {
      findings: [
        ...kept.findings,
        ...notable
          .filter(({ kind, origin }) => !(origin === 'own' && kind.startsWith('FOREIGN')))
          .flatMap((object) => objectFindings(view, target, object, expected(object))),
        ...(await defaultFindings(view, session, target, record !== undefined)),
        ...(await unknownFindings(session, target)),
        ...(await extensionFindings(view, session, target, extensions)),
      ],
      objects,
      privileges,
    };
  } finally {
    await session.close();
  }
}

/** The others are checked all the same; where the catalogs of the server tell why, they have said so. */
function notOpened({ databases }: ServerView, target: ClinicTarget, error: DatabaseError): Finding[] {
  const row = databases.get(target.database);
  if (row === undefined || !row.connectable || row.limit === 0) return [];
  return [
    ofClinic(
      'ACCESS_DATABASE_STATE',
      target,
      target.database,
      `its database could not be looked into: ${error.message}`,
      error.hint ?? 'Run clinic-migrate provision.',
    ),
  ];
}
