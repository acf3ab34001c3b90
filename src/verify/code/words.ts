import type { ts } from 'ts-morph';
import type { FindingCode } from '../../core/finding-codes.js';

/** An error at a node, before it is known which route it belongs to. */
export interface Problem {
  readonly code: FindingCode;
  readonly node: ts.Node;
  readonly message: string;
}

export function problem(code: FindingCode, node: ts.Node, message: string): Problem {
  return { code, node, message };
}
