import type { Context } from '../../src/commands/command.js';
import { withLogin } from '../../src/core/urls.js';
import { contextIn } from './context.js';
import type { Legacy } from './legacy.js';
import { adminUrl, uniqueName, withSession } from './postgres.js';

export interface Maker {
  readonly name: string;
  /** Where this login makes the central and the clinic databases. */
  readonly context: Context;
  /** Once what it made is gone. */
  drop(): Promise<void>;
}

/** As on a managed host: a provisioning login that may make databases and roles, and nothing else. */
export async function makerOf(own: Legacy): Promise<Maker> {
  const name = uniqueName('maker');
  const admin = (script: string): Promise<void> =>
    withSession(adminUrl(), (session) => session.execute(script));
  await admin(`CREATE ROLE ${name} LOGIN CREATEDB CREATEROLE PASSWORD 'maker'`);
  return {
    name,
    context: await contextIn(own.folder, {
      ...own.env,
      SERVER: withLogin(adminUrl(), name, 'maker'),
      CENTRAL: withLogin(own.centralUrl, name, 'maker'),
    }),
    drop: () => admin(`DROP OWNED BY ${name}; DROP ROLE ${name}`),
  };
}
