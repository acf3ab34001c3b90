import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/adapters/embedded.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser URL of the server the tests run on. */
    adminUrl: string;
  }
}

/** One server for the whole run: TEST_DATABASE_URL, else an embedded one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== '') {
    project.provide('adminUrl', given);
    return async () => undefined;
  }
  const server = await startEmbedded();
  project.provide('adminUrl', server.url);
  return () => server.stop();
}
