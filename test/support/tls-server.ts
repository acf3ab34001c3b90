import { chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbedded } from '../../src/adapters/embedded.js';
import type { EmbeddedServer } from '../../src/core/ports.js';
import { selfSigned } from './certificate.js';
import { withSession } from './postgres.js';

/** A PostgreSQL of its own that takes no session without TLS; its certificate is nobody's but its own. */
export async function startTlsServer(): Promise<EmbeddedServer & { readonly certificate: string }> {
  const server = await startEmbedded();
  try {
    const { key, certificate } = selfSigned('127.0.0.1');
    await withSession(server.url, async (session) => {
      const [{ data_directory: data } = { data_directory: '' }] = await session.query<{
        data_directory: string;
      }>('SHOW data_directory');
      const owner = statSync(data);
      for (const [name, text] of [
        ['server.key', key],
        ['server.crt', certificate],
        ['pg_hba.conf', 'hostssl all all 127.0.0.1/32 scram-sha-256\n'],
      ] as const) {
        writeFileSync(join(data, name), text, { mode: 0o600 });
        chownSync(join(data, name), owner.uid, owner.gid);
      }
      await session.execute('ALTER SYSTEM SET ssl = on');
      await session.execute('SELECT pg_reload_conf()');
    });
    return { ...server, certificate };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
