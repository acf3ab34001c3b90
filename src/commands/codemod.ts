import type { Command } from './command.js';

export const codemodCommand: Command = {
  name: 'codemod',
  argument: { notation: '[paths...]', description: 'files and folders of the application to rewrite' },
  summary: "Rewrite the application's source so that every query goes to its clinic's database",
  options: [
    { flags: '--check', description: 'write nothing; exit 1 where there is work left' },
    {
      flags: '--explain',
      description: 'write nothing; say of each call site what it is and what becomes of it',
    },
    { flags: '--list', description: 'show the codemods there are' },
    { flags: '--only <names>', description: 'run these codemods only, separated by commas' },
    { flags: '--skip <names>', description: 'leave these codemods out' },
    { flags: '--interactive', description: 'ask for each file' },
    { flags: '--force', description: 'rewrite files that have changes not committed' },
    { flags: '--annotate', description: 'put a TODO comment above what is left for a person' },
    { flags: '--wrap-handlers', description: 'wrap async handlers whose failure Express 4 would not answer' },
    { flags: '--transform <file>', description: 'run a jscodeshift transform of your own afterwards' },
  ],
  reporters: ['sarif', 'github'],
  examples: [
    { line: 'clinic-migrate codemod src --dry-run', what: 'see what would change' },
    { line: 'clinic-migrate codemod src server.js', what: 'rewrite the application' },
    { line: 'clinic-migrate codemod src/routes/patients.js --explain', what: 'why, call by call' },
    { line: 'clinic-migrate codemod src --only models,server', what: 'a part of it' },
    { line: 'clinic-migrate codemod src --check', what: 'in CI: fail while there is work left' },
  ],
  async run(context, paths, options) {
    const { runCodemod } = await import('./codemod-run.js'); // it loads TypeScript, which --help has no use for
    return runCodemod(context, paths, options);
  },
};
