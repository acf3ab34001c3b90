// Seeds the sample application's database and draws its tenancy map as docs/tenancy.svg. Run after `npm run build`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startEmbedded } from '../dist/adapters/embedded.js';
import { copySample } from '../dist/demo/sample-copy.js';

const program = fileURLToPath(new URL('../bin/clinic-migrate.js', import.meta.url));
const server = await startEmbedded();
const sample = await copySample();
try {
  const { url } = server;
  await sample.seed(url, { clinics: 8, rows: 110_000 });
  const { stdout, status, stderr } = spawnSync(process.execPath, [program, 'inspect', '--reporter', 'svg'], {
    cwd: sample.folder,
    encoding: 'utf8',
    env: { ...process.env, LEGACY_DATABASE_URL: url, CENTRAL_DATABASE_URL: url, SERVER_URL: url },
  });
  if (status !== 0) throw new Error(`inspect ended with exit code ${status}\n${stderr}`);
  writeFileSync(fileURLToPath(new URL('../docs/tenancy.svg', import.meta.url)), stdout);
} finally {
  await sample.remove();
  await server.stop();
}
