import { type Code, type CodeReader, foreignOnRead } from '../../catalog/code.js';
import type { Finding } from '../../core/finding.js';
import { changedOwnTables } from '../../core/own-tables.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import { makeAgain } from './mends.js';
import type { Subject } from './subject.js';
import { SAMPLES } from './words.js';

/**
 * Code in a clinic's database that is not the legacy database's and would run, with the rights of whoever verifies, as
 * soon as rows are read there. Whoever acts as the owner of the database can make some. Only catalogs are read for it.
 */
export async function foreignCodeFindings(
  session: Session,
  subject: Subject,
  { code, readCode }: { readonly code: Code; readonly readCode: CodeReader },
): Promise<Finding[]> {
  if (subject.clinic === undefined) return [];
  const origin = await changedOwnTables(session, ['origin']);
  const places = [
    ...origin.map((name) => `what stands in place of the table ${name}`),
    ...foreignOnRead(code, await readCode(session)).map(({ place }) => place),
  ];
  if (places.length === 0) return [];
  const named = places.slice(0, SAMPLES).join(', ');
  const again = subject.compare ? makeAgain(subject) : undefined;
  return [
    {
      code: 'DATA_FOREIGN_CODE',
      severity: 'error',
      subject: databaseOf(subject.url),
      message: `${subject.place}: its rows were not read, since that would run code which the legacy database does not have: ${named}${places.length > SAMPLES ? ', …' : ''}`,
      hint: `Find out who made it. ${again ?? 'If the application needs it, it has to be in the legacy database as well; else drop it.'}`,
    },
  ];
}
