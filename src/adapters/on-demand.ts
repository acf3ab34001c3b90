import type { Databases, EmbeddedServer, SchemaDumper } from '../core/ports.js';

/** The adapters that need large libraries, which are loaded by the first use: half of the commands need none of them. */

let isUsed = false;

export const databases: Databases = {
  connect: async (url, options) => {
    isUsed = true;
    return (await import('./pg.js')).pgDatabases.connect(url, options);
  },
};

export const dumper: SchemaDumper = {
  dump: async (url, options) => (await import('./pg-dump.js')).pgDumper.dump(url, options),
};

export async function startServer(): Promise<EmbeddedServer> {
  return (await import('./embedded.js')).startEmbedded();
}

/** See pg-client.ts. */
export async function cutConnections(): Promise<void> {
  (await import('./pg-client.js')).cutConnections();
}

/** See pg-client.ts. */
export async function closeConnections(): Promise<void> {
  if (isUsed) await (await import('./pg-client.js')).closeConnections();
}
