import { randomBytes } from 'node:crypto';
import { loadConfig } from '../config/load-config.js';
import { InterruptedError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { quoteIdent } from '../core/identifiers.js';
import type { EmbeddedServer } from '../core/ports.js';
import { withDatabase } from '../core/urls.js';
import { type RunningApp, startApp } from '../demo/app-process.js';
import { checkIsolation } from '../demo/isolation.js';
import { planReads, type RecordedRequest, WRITE_SCENARIO } from '../demo/requests.js';
import { copySample, type SampleCopy } from '../demo/sample-copy.js';
import { Story } from '../demo/story.js';
import { compareTranscripts, type Exchange, login, recordTranscript } from '../demo/transcript.js';
import { onDatabase } from '../provision/databases.js';
import { formatNumber } from '../report/numbers.js';
import type { Report } from '../report/report.js';
import type { Command, Context } from './command.js';
import { migrateCode, migrateData } from './demo-steps.js';

const SIZE = { clinics: 8, rows: 110_000 };
const LEGACY = 'medicalpro';
/** Every login of the sample application has it. */
const PASSWORD = 'secret';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Migrate a sample application with its data on a PostgreSQL of our own, and show that it worked',
  options: [
    { flags: '--keep', description: 'keep databases and files until Ctrl-C, and say where they are' },
  ],
  examples: [
    { line: 'clinic-migrate demo', what: 'the whole story in under a minute; leaves nothing behind' },
    { line: 'clinic-migrate demo --keep', what: 'look around in what it made' },
  ],
  async run(context, _args, options) {
    const story = new Story(context.say, context.paint, context.progress);
    const start = performance.now();
    let server: EmbeddedServer | undefined;
    let sample: SampleCopy | undefined;
    try {
      story.heading('One database for all clinics');
      await story.step('A PostgreSQL of our own', async () => {
        server = await context.startServer();
        return { result: 'started in a temporary folder' };
      });
      sample = await copySample();
      if (server === undefined) throw new InterruptedError('the server did not start');
      const figures = await tell(context, story, server, sample);
      const report = ending(story, figures, (performance.now() - start) / 1000);
      if (options.keep === true) await stay(context, server, sample);
      return report;
    } finally {
      await sample?.remove();
      await server?.stop();
    }
  },
};

type Figures = Record<string, string | number>;

/** The environment that the migrated application and the commands share. */
function environment(server: EmbeddedServer): Record<string, string> {
  return {
    LEGACY_DATABASE_URL: withDatabase(server.url, LEGACY),
    CENTRAL_DATABASE_URL: withDatabase(server.url, `${LEGACY}_central`),
    SERVER_URL: server.url,
    CLINIC_MIGRATE_KEY: randomBytes(32).toString('hex'),
    JWT_SECRET: randomBytes(16).toString('hex'),
  };
}

async function tell(
  context: Context,
  story: Story,
  server: EmbeddedServer,
  sample: SampleCopy,
): Promise<Figures> {
  const env = environment(server);
  const legacyUrl = withDatabase(server.url, LEGACY);
  const { databases } = context;
  let clinics: readonly { id: number; name: string }[] = [];
  await story.step('The legacy database', async () => {
    await onDatabase(databases, server.url, async (session) => {
      await session.execute(`CREATE DATABASE ${quoteIdent(LEGACY)} TEMPLATE template0`);
      // As it should be everywhere that clinics' logins are on the same server.
      await session.execute(`REVOKE CONNECT, TEMPORARY ON DATABASE ${quoteIdent(LEGACY)} FROM PUBLIC`);
      await session.execute(`REVOKE CONNECT ON DATABASE ${quoteIdent(LEGACY)} FROM PUBLIC`);
    });
    ({ clinics } = await sample.seed(legacyUrl, SIZE));
    return { result: `${clinics.length} clinics of very different sizes` };
  });
  const recordings: Recording[] = [];
  await withApp(sample.folder, { ...env, DATABASE_URL: legacyUrl }, (app) =>
    story.step('The application on it', async () => {
      for (const { id } of clinics) {
        stopIfAsked(context);
        const token = await login(app.baseUrl, doctor(id), PASSWORD);
        const requests = [...(await planReads(app.baseUrl, token)), ...WRITE_SCENARIO];
        recordings.push({ id, requests, answers: await recordTranscript(app.baseUrl, token, requests) });
      }
      return { result: `${formatNumber(requestsIn(recordings))} requests recorded with their answers` };
    }),
  );

  const loaded = await loadConfig({ directory: sample.folder, file: undefined, env, files: context.files });
  const inside: Context = { ...context, ...loaded, dumper: server.dumper, say: () => undefined };
  const rows = await migrateData(inside, story);
  const changed = await migrateCode(inside, story, sample.folder);

  story.heading('The migrated application on a database per clinic');
  let differences = 0;
  let held = 0;
  await withApp(sample.folder, env, async (app) => {
    await story.step('The same requests again', async () => {
      const found = await replay(context, app, recordings);
      differences = found.length;
      return {
        result: found.length === 0 ? 'the same answers, every one' : `${found.length} answers differ`,
        held: found.length === 0,
        lines: found.slice(0, 5),
      };
    });
    await story.step('Trying to reach one clinic from another', async () => {
      const checks = await checkIsolation(
        app.baseUrl,
        { email: doctor(1), password: PASSWORD },
        { email: doctor(2), password: PASSWORD },
      );
      const failed = checks.filter((check) => !check.held);
      held = checks.length - failed.length;
      return {
        result: `${held} of ${checks.length} attempts ended as they must`,
        held: failed.length === 0,
        lines: failed.map(({ check, detail }) => `${check}: ${detail}`),
      };
    });
  });
  return {
    clinics: clinics.length,
    'rows moved': rows,
    'files rewritten': changed,
    'requests replayed': requestsIn(recordings),
    'answers that differ': differences,
    'isolation checks that held': held,
  };
}

interface Recording {
  readonly id: number;
  readonly requests: readonly RecordedRequest[];
  readonly answers: readonly Exchange[];
}

function requestsIn(recordings: readonly Recording[]): number {
  return recordings.reduce((sum, { requests }) => sum + requests.length, 0);
}

async function replay(
  { signal }: Context,
  app: RunningApp,
  recordings: readonly Recording[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { id, requests, answers } of recordings) {
    if (signal.aborted) throw new InterruptedError('interrupted; nothing of the demo is left');
    const token = await login(app.baseUrl, doctor(id), PASSWORD);
    const again = await recordTranscript(app.baseUrl, token, requests);
    for (const { request, path, before, after } of compareTranscripts(answers, again))
      found.push(
        `clinic ${id}: ${request}: ${path} was ${JSON.stringify(before)} and is ${JSON.stringify(after)}`,
      );
  }
  return found;
}

function doctor(clinic: number): string {
  return `doctor@clinic${clinic}.test`;
}

async function withApp(
  folder: string,
  env: Readonly<Record<string, string>>,
  work: (app: RunningApp) => Promise<void>,
): Promise<void> {
  const app = await startApp(folder, env);
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

function ending({ chapters }: Story, figures: Figures, seconds: number): Report {
  const failed = chapters.filter(({ held }) => !held);
  const findings: Finding[] = failed.map(({ title, result }) => ({
    code: 'DEMO_NOT_HELD',
    severity: 'error',
    subject: title,
    message: `${title}: ${result}`,
  }));
  return {
    command: 'demo',
    ok: failed.length === 0,
    summary: { ...figures, seconds: Math.round(seconds) },
    findings,
    data: { steps: chapters },
    tables: [
      {
        title: 'Summary',
        head: ['what', 'result', 'seconds'],
        rows: chapters.map(({ title, result, seconds: took }) => [title, result, Math.round(took * 10) / 10]),
      },
    ],
  };
}

/** Until Ctrl-C: the server goes with this process. */
async function stay({ say, signal }: Context, server: EmbeddedServer, sample: SampleCopy): Promise<void> {
  say('\nEverything stays until Ctrl-C.');
  say(`  PostgreSQL       ${server.url}`);
  say(`  the application  ${sample.folder}`);
  say(`  look with        psql ${withDatabase(server.url, `${LEGACY}_1`)} -c 'TABLE patients'`);
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    // An abort signal alone keeps no process alive.
    const alive = setInterval(() => undefined, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}

function stopIfAsked({ signal }: Context): void {
  if (signal.aborted) throw new InterruptedError('interrupted; nothing of the demo is left');
}
