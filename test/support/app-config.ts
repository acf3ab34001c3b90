import type { AppConfig } from '../../src/config/types.js';

/** What the configuration says of an application below `root` that it does not speak of. */
export const appConfig = (root: string): AppConfig => ({
  root,
  models: 'src/models',
  modelFactory: 'src/base/ModelFactory',
  clinicDb: 'req.clinicDb',
  clinicId: 'req.user.companyId',
  server: 'server.js',
  authMiddleware: 'authMiddleware',
  modelScopes: {},
});
