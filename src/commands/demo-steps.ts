import type { Outcome, Story } from '../demo/story.js';
import { formatNumber } from '../report/numbers.js';
import type { Report } from '../report/report.js';
import { codemodCommand } from './codemod.js';
import type { CommonOptions, Context } from './command.js';
import { inspectCommand } from './inspect.js';
import { provisionCommand } from './provision.js';
import { scaffoldCommand } from './scaffold.js';
import { splitCommand } from './split.js';
import { verifyCommand } from './verify.js';

const QUIET: CommonOptions & Readonly<Record<string, unknown>> = {
  dryRun: false,
  jobs: undefined,
  yes: true,
};

/** The data commands, one after the other, as a user would run them; answers with the rows of the legacy database. */
export async function migrateData(inside: Context, story: Story): Promise<number> {
  let rows = 0;
  story.heading('The data: inspect, provision, split, verify');
  await story.step('inspect', async () => {
    const report = await inspectCommand.run(inside, [], QUIET);
    rows = Number(report.summary['rows']);
    return outcome(
      report,
      `whose the rows of ${report.summary['tables']} tables are: ${formatNumber(rows)} rows`,
    );
  });
  await story.step('provision', async () => {
    const report = await provisionCommand.run(inside, [], QUIET);
    return outcome(report, `${report.summary['made']} databases, each with a login of its own`);
  });
  await story.step('split', async () => {
    const report = await splitCommand.run(inside, [], QUIET);
    return outcome(
      report,
      `${formatNumber(Number(report.summary['rows copied']))} rows copied, each table read once`,
    );
  });
  await story.step('verify data', async () =>
    outcome(await verifyCommand.run(inside, ['data'], QUIET), 'every row in exactly one place, unchanged'),
  );
  await story.step('verify access', async () =>
    outcome(
      await verifyCommand.run(inside, ['access'], QUIET),
      'every login opens its own database and no other',
    ),
  );
  return rows;
}

/** The code commands on the application in this folder; answers with the files that were rewritten. */
export async function migrateCode(inside: Context, story: Story, folder: string): Promise<number> {
  let changed = 0;
  story.heading('The code: codemod, scaffold, verify');
  const route = `${folder}/src/routes/rooms.routes.js`;
  const before = (await inside.files.read(route)) ?? '';
  await story.step('codemod', async () => {
    const report = await codemodCommand.run(inside, [folder], QUIET);
    changed = Number(report.summary['changed']);
    const lines = excerpt(before, (await inside.files.read(route)) ?? '', inside);
    return { lines, ...outcome(report, `${changed} files rewritten, such as src/routes/rooms.routes.js`) };
  });
  await story.step('scaffold', async () => {
    const report = await scaffoldCommand.run(inside, [], QUIET);
    return outcome(report, `${report.summary['written']} runtime files written`);
  });
  await story.step('codemod again', async () => {
    const report = await codemodCommand.run(inside, [folder], QUIET);
    const again = Number(report.summary['changed']);
    return { result: `${again} files rewritten`, held: again === 0 };
  });
  await story.step('verify code', async () =>
    outcome(
      await verifyCommand.run(inside, ['code'], QUIET),
      'no route reaches a model but through req.clinicDb',
    ),
  );
  return changed;
}

/** The first lines of a file that the codemod took out and put in. */
function excerpt(before: string, after: string, { paint }: Context): string[] {
  const old = new Set(before.split('\n'));
  const now = new Set(after.split('\n'));
  return [
    ...[...old]
      .filter((line) => !now.has(line))
      .slice(0, 3)
      .map((line) => paint.red(`- ${line}`)),
    ...[...now]
      .filter((line) => !old.has(line))
      .slice(0, 3)
      .map((line) => paint.green(`+ ${line}`)),
  ];
}

function outcome({ ok, findings }: Report, result: string): Outcome {
  const errors = findings.filter(({ severity }) => severity === 'error');
  return ok
    ? { result }
    : {
        result: `${errors.length} errors`,
        held: false,
        lines: errors.slice(0, 5).map(({ code, message }) => `${code} ${message}`),
      };
}
