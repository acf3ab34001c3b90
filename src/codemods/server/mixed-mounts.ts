import { ts } from 'ts-morph';
import type { Mount } from '../../project/routing/mounts.js';
import { memberName } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Drafts } from '../planning/draft.js';

/** Says, once an authentication, that not all routes behind it need a clinic. */
export function noteMixed(drafts: Drafts, { call }: Mount, needing: number, free: readonly Mount[]): void {
  const [first] = free;
  const example = first === undefined ? '' : ` (${routeName(first)}${free.length > 1 ? ', …' : ''})`;
  drafts
    .of(call.getSourceFile())
    .note(
      'CODE_MIXED_MOUNT',
      'info',
      call,
      `${needing} of the routes behind this need${needing === 1 ? 's' : ''} a clinic, and ${free.length}${example} ` +
        `${free.length === 1 ? 'does' : 'do'} not: the routing stands before the former alone`,
    );
}

/** `GET /patients` of `router.get('/patients', …)`. */
export function routeName({ call, path }: Mount): string {
  const method = memberName(call.expression)?.toUpperCase() ?? '';
  const text = path === undefined ? '' : ts.isStringLiteralLike(path) ? path.text : shown(path);
  return `${method} ${text}`.trim();
}
