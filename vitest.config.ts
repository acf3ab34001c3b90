import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Against what hangs; how fast a machine is decides nothing. Some tests make and compare dozens of databases.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Two cores are the common case, and every database test also keeps a server busy.
    maxWorkers: 2,
  },
});
