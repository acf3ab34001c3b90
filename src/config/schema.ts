import { z } from 'zod';

const scope = z.enum(['clinic', 'shared', 'central', 'ignored']);

const viaReference = z.strictObject({
  column: z.string().min(1),
  references: z.string().regex(/.\../, 'must be table.column or schema.table.column'),
  when: z.string().min(1).optional(),
});

const via = z.union([z.string().min(1), viaReference]);

const table = z.strictObject({
  scope: scope.default('clinic'),
  key: z.string().min(1).optional(),
  via: z.union([via, z.array(via).min(1)]).optional(),
  nullKey: z.literal('shared').optional(),
  copyReferenced: z.boolean().optional(),
  otherClinics: z.array(z.string().min(1)).optional(),
  largeObjects: z.array(z.string().min(1)).min(1).optional(),
});

const database = z.strictObject({ url: z.string().min(1) });

const pattern = z
  .string()
  .regex(/\{(key|label)\}/, 'must contain {key} or {label}, or all clinics would share one name');

const clinics = z.strictObject({
  table: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  label: z.string().min(1).optional(),
  database: pattern.default('clinic_{key}'),
  names: z.record(z.string(), z.string().min(1)).optional(),
  server: z.union([z.string().min(1), z.record(z.string(), z.string().min(1))]).default('main'),
});

const app = z.strictObject({
  root: z.string().default('.'),
  models: z.string().default('src/models'),
  modelFactory: z.string().default('src/base/ModelFactory'),
  clinicDb: z.string().default('req.clinicDb'),
  clinicId: z.string().default('req.user.companyId'),
  server: z.string().default('server.js'),
  authMiddleware: z.string().default('authMiddleware'),
  modelScopes: z.record(z.string(), scope).default({}),
});

const access = z.strictObject({ logins: z.array(z.string().min(1)).default([]) });

/** The configuration file as users write it; every object refuses keys it does not know. */
export const configSchema = z.strictObject({
  legacy: z
    .strictObject({
      url: z.string().min(1),
      schemas: z.array(z.string().min(1)).min(1).default(['public']),
      login: z.string().min(1).optional(),
    })
    .optional(),
  central: database.optional(),
  servers: z.record(z.string(), database).default({}),
  clinics: clinics.prefault({}),
  tables: z.record(z.string(), table).default({}),
  unassignable: z.enum(['stop', 'quarantine']).default('stop'),
  extensions: z.array(z.string().min(1)).default([]),
  largeObjects: z.enum(['stop', 'leave']).default('stop'),
  access: access.prefault({}),
  app: app.prefault({}),
});

/** What `defineConfig` takes. */
export type UserConfig = z.input<typeof configSchema>;

export type ParsedConfig = z.output<typeof configSchema>;
