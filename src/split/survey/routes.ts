import { addDigests, type Digest, digestQuery, EMPTY_DIGEST, parseDigest } from '../../catalog/digest.js';
import type { Session } from '../../core/ports.js';
import { Buckets } from '../buckets.js';
import { ROUTE } from '../judgement.js';
import type { Places } from '../places.js';
import type { Routing } from '../routing.js';
import { routesInParts, type TableParts } from './parts.js';
import type { ProblemReason } from './types.js';

/** What a route says, given the clinics there are: the clinic's key, `shared`, or a problem's reason. */
export function readRoute(
  route: string,
  keys: ReadonlySet<string>,
): { key: string } | 'shared' | ProblemReason {
  const key = route.slice(1);
  switch (route[0]) {
    case ROUTE.key:
      return keys.has(key) ? { key } : 'unknown clinic';
    case ROUTE.shared:
      return 'shared';
    case ROUTE.none:
      return 'no clinic';
    case ROUTE.unknown:
      return 'unknown clinic';
    case ROUTE.dangling:
      return 'dangling';
    default:
      return 'paths disagree';
  }
}

interface RouteGroup {
  readonly route: string;
  readonly digest: Digest;
  readonly buckets: Buckets | undefined;
}

interface Routes {
  readonly routes: readonly RouteGroup[];
  readonly places?: Places;
}

/** In parts, the last expression of the routing is where a row lies. */
export async function queryRoutes(
  session: Session,
  routed: Routing,
  parts: TableParts | undefined,
): Promise<Routes> {
  // The columns get names of ours, so that none can clash; their order is what the digest knows.
  const columns = routed.columns.map((_, i) => `c${i}`);
  const list = routed.columns.map((sql, i) => `${sql} AS c${i}`);
  const place = parts === undefined ? [] : [`${routed.expressions.at(-1)} AS place`];
  const from = `(SELECT ${[`${routed.route} AS route`, ...list, ...place].join(', ')} FROM ${routed.from}) AS r`;
  if (parts !== undefined) return routesInParts(session, routed.with, { from, row: 'r', columns }, parts);
  const groups = await session.query<{ route: string }>(
    routed.with + digestQuery({ from, row: 'r', columns }, { route: 'r.route' }),
  );
  const routes = groups.map((group) => ({
    route: group.route,
    digest: parseDigest(group),
    buckets: undefined,
  }));
  return { routes };
}

/** Adds up by clinic what was found by route. */
export function tallyRoutes({ routes, places }: Routes, keys: ReadonlySet<string>) {
  const perClinic = new Map<string, Digest>();
  const problems = new Map<ProblemReason, Digest>();
  let [shared, total] = [EMPTY_DIGEST, EMPTY_DIGEST];
  const parts = {
    total: new Buckets(1),
    perClinic: new Map<string, Buckets>(),
    shared: new Buckets(1),
    places,
  };
  for (const { route, digest, buckets } of routes) {
    total = addDigests(total, digest);
    const place = readRoute(route, keys);
    if (place === 'shared') {
      shared = addDigests(shared, digest);
      parts.shared = buckets ?? parts.shared;
    } else if (typeof place === 'string')
      problems.set(place, addDigests(problems.get(place) ?? EMPTY_DIGEST, digest));
    else {
      perClinic.set(place.key, digest);
      if (buckets !== undefined) parts.perClinic.set(place.key, buckets);
    }
  }
  parts.total.add(0, total);
  return { perClinic, problems, shared, total, parts };
}
