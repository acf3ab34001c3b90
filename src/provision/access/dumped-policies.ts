import { displayName, type QualifiedName } from '../../core/identifiers.js';
import { readNames, type Statement } from '../sql-text.js';
import type { PolicyPlan } from './plan-policies.js';

/**
 * What a dump's statement about a policy becomes, where roles of the legacy database are not: a policy for roles is the
 * owner's until the clinic's login gets it, and one that is left out is not made. Any other statement stays as it is.
 */
export function adaptPolicy(statement: Statement, { carried, left }: PolicyPlan): Statement | undefined {
  const head = /^(?:CREATE|COMMENT ON) POLICY /.exec(statement.skeleton)?.[0];
  if (head === undefined) return statement;
  const policy = readNames(statement.text, head.length);
  const table = readNames(statement.text, policy.end + ' ON '.length);
  const [schema = '', name = ''] = table.names;
  const isAbout = (each: { readonly table: QualifiedName; readonly name: string }): boolean =>
    each.name === policy.names[0] && displayName(each.table) === displayName({ schema, name });
  if (left.some(isAbout)) return undefined;
  const planned = carried.find(isAbout);
  if (planned === undefined || planned.role === 'public' || head.startsWith('COMMENT')) return statement;
  return withRole(statement, table.end);
}

/** Names the role that makes the policy in place of those it was for. */
function withRole(statement: Statement, at: number): Statement {
  const { text, skeleton } = statement;
  const before = /^(?: AS \w+)?(?: FOR \w+)?/.exec(skeleton.slice(at))?.[0] ?? '';
  const start = at + before.length;
  let end = start;
  if (skeleton.startsWith(' TO ', start)) {
    end = readNames(text, start + ' TO '.length).end;
    while (text.startsWith(', ', end)) end = readNames(text, end + 2).end;
  }
  const put = (whole: string): string => `${whole.slice(0, start)} TO CURRENT_USER${whole.slice(end)}`;
  return { ...statement, text: put(text), skeleton: put(skeleton) };
}
