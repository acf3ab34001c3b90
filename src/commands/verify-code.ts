import type { Finding } from '../core/finding.js';
import { readSources } from '../project/source/read-sources.js';
import { verifyCode } from '../verify/code.js';
import type { Context } from './command.js';
import { tableFacts } from './table-facts.js';

export async function runVerifyCode(context: Context): Promise<Finding[]> {
  const { app } = context.config;
  const sources = await readSources(context.files, app);
  return verifyCode({ sources, app, facts: await tableFacts(context) });
}
