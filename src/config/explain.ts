import { z } from 'zod';
import { didYouMean } from '../core/near-miss.js';

/** What is wrong with a configuration, in one line, and what to do about it. */
export interface Complaint {
  readonly message: string;
  readonly hint: string | undefined;
}

/** The first thing zod found wrong, in words. An unknown key is answered with the nearest one that exists. */
export function explainIssue(schema: z.ZodType, issue: z.core.$ZodIssue): Complaint {
  const inner = insideUnion(issue);
  const where = inner.path.map(String).join('.') || 'the configuration';
  if (inner.code === 'unrecognized_keys') {
    const [key = ''] = inner.keys;
    const full = [...inner.path.map(String), key].join('.');
    return { message: `unknown key ${full}`, hint: didYouMean(key, knownKeys(schema, inner.path)) };
  }
  if (inner.code === 'invalid_value') {
    return {
      message: `${where} must be ${inner.values.map((value) => JSON.stringify(value)).join(', ')}`,
      hint: undefined,
    };
  }
  if (inner.code === 'invalid_union') return { message: `${where} has the wrong form`, hint: undefined };
  if (inner.code === 'invalid_type') {
    const missing = inner.message.endsWith('received undefined');
    return {
      message: missing ? `${where} is missing` : `${where} must be of type ${inner.expected}`,
      hint: undefined,
    };
  }
  return {
    message: `${where} ${inner.message.charAt(0).toLowerCase()}${inner.message.slice(1)}`,
    hint: undefined,
  };
}

/** A union complains of every branch; the one that got furthest is the one that was meant. */
function insideUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors
    .flat()
    .filter((inner) => inner.code !== 'invalid_type' || inner.path.length > 0);
  const [deepest] = branches
    .map((inner) => insideUnion({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue))
    .sort((a, b) => b.path.length - a.path.length);
  return deepest ?? issue;
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let nodes: z.ZodType[] = [schema];
  for (const step of path) nodes = nodes.flatMap(shapes).flatMap((node) => child(node, String(step)));
  return nodes
    .flatMap(shapes)
    .flatMap((node) =>
      node instanceof z.ZodObject ? Object.keys(node.shape as Record<string, unknown>) : [],
    );
}

/** The schemas that a value may have here: wrappers taken off, unions spread out. */
function shapes(node: z.ZodType): z.ZodType[] {
  if (node instanceof z.ZodOptional || node instanceof z.ZodDefault || node instanceof z.ZodPrefault) {
    return shapes(node.unwrap() as z.ZodType);
  }
  if (node instanceof z.ZodUnion) return (node.options as z.ZodType[]).flatMap(shapes);
  return [node];
}

function child(node: z.ZodType, key: string): z.ZodType[] {
  if (node instanceof z.ZodObject) {
    const found = (node.shape as Record<string, z.ZodType>)[key];
    return found === undefined ? [] : [found];
  }
  if (node instanceof z.ZodRecord) return [node.valueType as z.ZodType];
  if (node instanceof z.ZodArray) return [node.element as z.ZodType];
  return [];
}
