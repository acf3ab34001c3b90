import { ts } from 'ts-morph';
import { descendants, isNamed } from '../project/nodes.js';
import type { Use } from '../project/read-uses.js';
import type { Home } from '../project/types.js';
import type { Draft } from './draft.js';

/**
 * The database of `sequelize.transaction(…)`: that of the models which are given the transaction. A
 * transaction cannot span two databases, so both at once are a problem.
 */
export function transactionHome(
  draft: Draft,
  use: Use,
  uses: readonly Use[],
  homes: ReadonlyMap<Use, Home>,
  usual: Home,
): Home {
  const joined = uses.filter((one) => one.model !== undefined && isGivenTransaction(one));
  const found = new Set(joined.map((one) => homes.get(one)));
  if (found.has('clinic') && found.has('central')) {
    const names = [...new Set(joined.map((one) => one.model?.name))].join(', ');
    draft.problem(
      'CODE_CROSSING_TRANSACTION',
      use.node,
      `one transaction holds ${names}, which are in different databases`,
    );
  }
  if (found.has('central') && !found.has('clinic')) return 'central';
  return found.has('clinic') ? 'clinic' : usual;
}

/** True for `Model.method(…, { transaction })`. */
function isGivenTransaction({ node }: Use): boolean {
  const call = node.parent.parent;
  return (
    ts.isPropertyAccessExpression(node.parent) &&
    ts.isCallExpression(call) &&
    call.arguments.some((argument) =>
      descendants(argument, ts.isObjectLiteralElement).some(
        ({ name }) => name !== undefined && isNamed(name, 'transaction'),
      ),
    )
  );
}
