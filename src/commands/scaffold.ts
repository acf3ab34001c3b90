import type { Command } from './command.js';

export const scaffoldCommand: Command = {
  name: 'scaffold',
  summary:
    'Write the runtime files that the application lacks: ModelFactory, Repository, connections, routing',
  options: [],
  examples: [
    {
      line: 'clinic-migrate scaffold --dry-run',
      what: 'see which files would be written, and what is in them',
    },
    { line: 'clinic-migrate scaffold', what: 'write them; files that are there are left as they are' },
  ],
  async run(context, _args, options) {
    const { runScaffold } = await import('./scaffold-run.js'); // it loads TypeScript, which --help has no use for
    return runScaffold(context, options);
  },
};
