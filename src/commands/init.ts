import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { CONFIG_NAMES } from '../config/read-config-file.js';
import { UsageError } from '../core/errors.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { FINDINGS } from '../core/finding-codes.js';
import { displayName } from '../core/identifiers.js';
import type { Files } from '../core/ports.js';
import { checkUrl } from '../core/urls.js';
import { configText, VARIABLES } from '../init/config-text.js';
import type { Decision } from '../init/decide.js';
import { type Decided, draftConfig, loginTables, NO_DATABASE } from '../init/draft-config.js';
import type { AppGuess } from '../project/application/app-guess.js';
import type { Report, ReportTable } from '../report/report.js';
import type { Command, Context } from './command.js';
import { inferLegacy } from './init-stages.js';

const FILE = 'clinic-migrate.config.mjs';

export const initCommand: Command = {
  name: 'init',
  summary: 'Look at the legacy database and the application, and write the configuration',
  writesConfig: true,
  options: [
    { flags: '--url <url>', description: `the legacy database; otherwise ${VARIABLES.legacy}` },
    { flags: '--clinic-table <table>', description: 'the table that holds the clinics, one row each' },
  ],
  examples: [
    { line: 'clinic-migrate init', what: 'be asked what the database does not tell' },
    { line: 'clinic-migrate init --yes', what: 'have it all decided, with a comment for each decision' },
    { line: 'clinic-migrate init --yes --dry-run', what: 'see what would be written' },
    {
      line: 'clinic-migrate init --url postgres://reader@db/legacy --clinic-table practices',
      what: 'name the database and the table of clinics',
    },
  ],
  async run(context, _args, options) {
    const { config, env, files, prompter } = context;
    const { yes, dryRun, jobs } = options;
    const target = resolve(config.directory, text(options.config) ?? FILE);
    await refuseExisting(files, config.directory, target);
    const url = text(options.url) ?? text(env[VARIABLES.legacy]);
    const { inferApplication } = await import('./init-application.js'); // it loads TypeScript
    const root = relative(dirname(target), config.directory).split(sep).join('/');
    const finish = async (inferred: Decided | undefined, app: readonly AppGuess[]): Promise<Report> => {
      const configuration = configText(draftConfig(inferred, app, root));
      if (!dryRun) {
        await refuseExisting(files, config.directory, target);
        await files.write(target, configuration);
      }
      return report(context, inferred, app, { target, configuration, dryRun });
    };
    // Said before anything is asked: an application that nothing here could migrate.
    const known = await inferApplication(context, undefined);
    if (url === undefined) {
      if (yes && known.length > 0) return finish(undefined, known);
      throw new UsageError('nothing says which database is to be looked at', {
        hint: `Set ${VARIABLES.legacy}, in the environment or in .env, or name it with --url.${known.length === 0 ? '' : " --yes writes the application's part without one."}`,
      });
    }
    checkUrl(url, text(options.url) === undefined ? VARIABLES.legacy : '--url');
    if (!yes && prompter === undefined) {
      throw new UsageError('init asks questions, and there is no terminal to ask them on', {
        hint: 'Add --yes: it then decides by itself and writes a comment at each decision.',
      });
    }
    const inferred = await inferLegacy(context, {
      url,
      clinicTable: text(options.clinicTable),
      jobs: jobs ?? 2,
      prompter: yes ? undefined : prompter,
    });
    return finish(inferred, await inferApplication(context, inferred.subject.clinicTable));
  },
};

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** UsageError where there is a configuration already, or where it would not be found as one. */
async function refuseExisting(files: Files, directory: string, target: string): Promise<void> {
  if (extname(target) !== '.mjs') {
    throw new UsageError(`init writes an ES module, and ${basename(target)} does not end in .mjs`);
  }
  for (const path of new Set([target, ...CONFIG_NAMES.map((name) => join(directory, name))])) {
    if ((await files.read(path)) === undefined) continue;
    throw new UsageError(`there is a configuration already: ${path}`, {
      hint: 'It is never overwritten. Change it by hand, or move it away; clinic-migrate inspect tells what it lacks.',
    });
  }
}

function report(
  { config, env }: Context,
  inferred: Decided | undefined,
  app: readonly AppGuess[],
  written: { readonly target: string; readonly configuration: string; readonly dryRun: boolean },
): Report {
  const decisions = inferred === undefined ? [] : decisionsOf(inferred);
  const left = inferred?.left ?? [];
  const findings = [
    ...left,
    ...openFindings(app),
    ...(inferred === undefined ? [noDatabase()] : loginFindings(inferred)),
    ...decisions.flatMap(decisionFinding),
  ];
  const file = relative(config.directory, written.target);
  const variables = variablesOf(env);
  return {
    command: 'init',
    ok: !hasErrors(findings),
    summary: {
      [written.dryRun ? 'to write' : 'written']: file,
      ...(inferred === undefined ? {} : { tables: inferred.map.tables.length }),
      decisions: decisions.length,
      'left open': left.length + openFindings(app).length,
    },
    findings,
    data: {
      file,
      configuration: written.configuration,
      variables: variables.map(({ name, isSet }) => ({ name, isSet })),
      decisions: decisions.map(({ subject, chosen, why }) => ({ subject, decision: chosen.label, why })),
    },
    text: written.dryRun
      ? written.configuration.trimEnd()
      : `Then see what it means: clinic-migrate ${inferred === undefined ? 'codemod . --dry-run' : 'inspect'}`,
    tables: [variableTable(variables)],
  };
}

function decisionFinding({ subject, chosen, why, others }: Decision): Finding[] {
  if (why === undefined) return [];
  return [
    {
      code: 'INIT_DECIDED',
      severity: 'info',
      subject,
      message: `${subject}: ${chosen.label}, because ${why}`,
      hint: `It could also be: ${others.map(({ label }) => label).join('; ')}.`,
    },
  ];
}

function decisionsOf({ clinicTable, tables, others, keyless, unassignable }: Decided): Decision[] {
  return [
    ...(clinicTable.decision === undefined ? [] : [clinicTable.decision]),
    ...[...tables.values(), ...others.values(), ...keyless.values()].map(({ decision }) => decision),
    ...(unassignable === undefined ? [] : [unassignable]),
  ];
}

function noDatabase(): Finding {
  return {
    code: 'INIT_NO_DATABASE',
    severity: 'warning',
    subject: 'app.modelScopes',
    message: NO_DATABASE.replace(/\.$/, ''),
  };
}

/** What of the application a person has to answer. */
function openFindings(app: readonly AppGuess[]): Finding[] {
  return app.flatMap(({ key, why, isOpen }) =>
    isOpen
      ? [
          {
            code: 'INIT_CLINIC_ID' as const,
            severity: 'error' as const,
            subject: `app.${key}`,
            message: `app.${key} is left open: ${why}`,
            hint: FINDINGS.INIT_CLINIC_ID.mend,
          },
        ]
      : [],
  );
}

function loginFindings({ subject, map }: Decided): Finding[] {
  return loginTables(subject.index, map).map(({ entry, column }) => ({
    code: 'INIT_LOGINS',
    severity: 'warning',
    subject: displayName(entry),
    message: `${displayName(entry)} has the column ${column}, so its rows are logins, and each is in its clinic's database only`,
    hint: `Give it the scope 'central', if the application has to find a login before it knows the clinic.`,
  }));
}

interface Variable {
  readonly name: string;
  readonly what: string;
  readonly isSet: boolean;
}

function variablesOf(env: Context['env']): Variable[] {
  const variables = [
    { name: VARIABLES.legacy, what: 'the shared database; only read' },
    { name: VARIABLES.central, what: 'the central database; made if it is not there' },
    { name: VARIABLES.server, what: 'the server for the databases of the clinics' },
    {
      name: 'CLINIC_MIGRATE_KEY',
      what: "encrypts the passwords of the clinics' logins: openssl rand -hex 32",
    },
  ];
  return variables.map((variable) => ({ ...variable, isSet: text(env[variable.name]) !== undefined }));
}

function variableTable(variables: readonly Variable[]): ReportTable {
  return {
    title: 'Variables to set, in the environment or in .env beside the file',
    head: ['variable', 'what it is', ''],
    rows: variables.map(({ name, what, isSet }) => [name, what, isSet ? 'set' : 'not set']),
  };
}
