import { ACCESS } from './findings/access.js';
import { CODE } from './findings/code.js';
import { DATA } from './findings/data.js';
import { DEMO } from './findings/demo.js';
import { INIT } from './findings/init.js';
import { ISOLATION } from './findings/isolation.js';
import { PROVISION } from './findings/provision.js';
import { REGISTRY } from './findings/registry.js';
import { SPLIT } from './findings/split.js';
import { TENANCY } from './findings/tenancy.js';

/** Every code a report can carry. A code is never renamed or reused: scripts depend on it. */
export const FINDINGS = {
  ...INIT,
  ...TENANCY,
  ...PROVISION,
  ...REGISTRY,
  ...SPLIT,
  ...DATA,
  ...ACCESS,
  ...CODE,
  ...ISOLATION,
  ...DEMO,
} as const;

export type FindingCode = keyof typeof FINDINGS;
