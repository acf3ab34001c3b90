import { BINARY_CAST } from '../catalog/read-objects.js';
import type { Member, SchemaCatalog, SchemaObject } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import { displayName, quoteName } from '../core/identifiers.js';
import type { TenancyMap } from '../tenancy/types.js';
import { castsOf, fitsIn } from './casts.js';
import { allViews, type Contents, contentsOf } from './contents.js';
import { isRelation, memberKey, showMember } from './missing.js';
import { outsideFindings } from './outside.js';
import { reachingFindings } from './reaching-extensions.js';

/** Why no database of ours gets an object of these kinds; every other kind goes with its schema or its table. */
const LEFT_BEHIND: Partial<Record<SchemaObject['kind'], string>> = {
  'access method': 'an access method is made by an administrator of the server',
  'event trigger': 'an event trigger belongs to the whole database, and would fire while clinics are made',
  'foreign data wrapper': 'it leads to another server',
  'foreign server': 'it leads to another server, with a login of its own',
  language: 'a language is made by an administrator of the server',
  publication: 'whoever subscribes to it does not know of the new databases',
  subscription: 'it would fetch the rows of all clinics into each',
  transform: 'a transform belongs to the whole database',
};

/**
 * What of the legacy schema the new databases do not get, and why: every object that is not carried over is here, or
 * is a crossing key of the map. An error where rows would be lost with it.
 */
export function inventoryFindings(catalog: SchemaCatalog, map: TenancyMap): Finding[] {
  const kinds = [contentsOf(catalog, map, 'clinic'), contentsOf(catalog, map, 'central')] as const;
  return [
    ...outsideFindings(catalog, kinds),
    ...reachingFindings(catalog),
    ...viewFindings(catalog, kinds),
    ...missingFindings(catalog, kinds),
    ...catalog.objects.flatMap(leftBehind),
    ...castFindings(catalog, kinds),
    ...foreignFindings(catalog, map),
    ...kinds.flatMap((contents) => tableFindings(contents)),
  ];
}

/** Views that neither kind of database can hold. */
function viewFindings(catalog: SchemaCatalog, kinds: readonly Contents[]): Finding[] {
  return allViews(catalog)
    .filter((view) => !kinds.some((contents) => contents.has(view)))
    .map((view) => {
      const functions = catalog.needs.filter(
        ({ object, needs }) => isRelation(object, view) && needs.kind === 'function',
      );
      const reads = [...view.dependsOn.map(displayName), ...functions.map(({ needs }) => showMember(needs))];
      return {
        code: 'PROVISION_VIEW_LEFT_OUT',
        severity: 'warning',
        subject: displayName(view),
        message: `the ${view.kind} ${displayName(view)} is made nowhere: it reads ${reads.join(', ')}`,
      };
    });
}

/** What hangs on no table and neither kind of database can hold; and tables that need what they cannot have. */
function missingFindings({ schemas, needs, tables }: SchemaCatalog, kinds: readonly Contents[]): Finding[] {
  // Foreign tables have a finding of their own, whatever they need.
  const foreign = new Set(tables.filter(({ kind }) => kind === 'foreign').map(displayName));
  const isMissing = (member: Member): boolean =>
    kinds.every(({ missing }) => missing.some((each) => memberKey(each.member) === memberKey(member)));
  const nowhere = (kinds[0]?.missing ?? []).filter(
    ({ member }) => schemas.includes(member.schema) && member.kind !== 'relation' && isMissing(member),
  );
  return [
    ...nowhere.map(({ member }): Finding => {
      const needed = needs.filter(({ object }) => memberKey(object) === memberKey(member));
      return {
        code: member.kind === 'function' ? 'PROVISION_FUNCTION_LEFT_OUT' : 'PROVISION_OBJECT_LEFT_BEHIND',
        severity: 'warning',
        subject: displayName(member),
        message: `${showMember(member)} is made nowhere: it needs ${needed.map((need) => showMember(need.needs)).join(', ')}, which no database has together`,
      };
    }),
    ...kinds.flatMap(({ kind, unmet, missing }) =>
      unmet.flatMap((each): Finding[] => {
        if (foreign.has(displayName(each.member))) return [];
        const because = missing.find(({ member }) => memberKey(member) === memberKey(each.needs));
        const lacking = kind === 'clinic' ? 'clinic databases do' : 'the central database does';
        const why = because === undefined ? '' : `, since that needs ${showMember(because.needs)}`;
        return [
          {
            code: 'PROVISION_FUNCTION_LEFT_OUT',
            severity: 'error',
            subject: displayName(each.member),
            message: `${displayName(each.member)} needs ${showMember(each.needs)}, which ${lacking} not have${why}`,
            hint: `Give both one scope (tables: { ${JSON.stringify(displayName(because?.needs ?? each.needs))}: { scope: 'shared' } }, say), or drop in the legacy database what needs it: a trigger, a check, a default, a policy.`,
          },
        ];
      }),
    ),
  ];
}

/** Casts between types that no database of ours has together, and those that need more than provision may have. */
function castFindings(catalog: SchemaCatalog, kinds: readonly Contents[]): Finding[] {
  return castsOf(catalog).flatMap((cast): Finding[] => {
    const stays = !kinds.some((contents) => fitsIn(cast, catalog, contents));
    if (!stays && cast.definition?.startsWith(BINARY_CAST) !== true) return [];
    const why = stays
      ? 'stays in the legacy database: its types are not in one of these schemas'
      : 'has no function: it is made only where provision connects as a superuser';
    return [
      {
        code: 'PROVISION_OBJECT_LEFT_BEHIND',
        severity: 'warning',
        subject: cast.name,
        message: `the cast ${cast.name} ${why}`,
      },
    ];
  });
}

function leftBehind({ kind, name }: SchemaObject): Finding[] {
  const reason = LEFT_BEHIND[kind];
  if (reason === undefined) return [];
  const message = `the ${kind} ${name} stays in the legacy database: ${reason}`;
  return [{ code: 'PROVISION_OBJECT_LEFT_BEHIND', severity: 'warning', subject: name, message }];
}

/** A foreign table is left where it is; rows of a table that is carried must not be elsewhere. */
function foreignFindings({ tables }: SchemaCatalog, map: TenancyMap): Finding[] {
  return tables.flatMap((table): Finding[] => {
    if (table.kind !== 'foreign') return [];
    const root = table.parent ?? table;
    const mapped = map.tables.find((each) => displayName(each) === displayName(root));
    const [code, subject] = ['PROVISION_FOREIGN_TABLE' as const, displayName(table)];
    if (mapped?.scope === 'ignored' && (table.parent !== undefined || mapped.evidence === 'configuration'))
      return [];
    return table.parent === undefined
      ? [
          {
            code,
            severity: 'warning',
            subject,
            message: `${subject} is a foreign table: its rows are on another server, and it is made nowhere`,
          },
        ]
      : [
          {
            code,
            severity: 'error',
            subject,
            message: `${subject} is a part of ${displayName(table.parent)} and a foreign table: rows of ${displayName(table.parent)} are on another server`,
            hint: `Bring them into a part of this database: ALTER TABLE … DETACH PARTITION …; or leave the whole table: tables: { ${JSON.stringify(displayName(table.parent))}: { scope: 'ignored' } }.`,
          },
        ];
  });
}

function tableFindings(contents: Contents): Finding[] {
  const lacking = contents.kind === 'clinic' ? 'clinic databases do' : 'the central database does';
  return contents.tables.flatMap((table): Finding[] => {
    const subject = displayName(table);
    const absent = table.inherits.filter((parent) => !contents.has(parent));
    return [
      ...absent.map((parent) => ({
        code: 'PROVISION_PARENT_ABSENT' as const,
        severity: 'error' as const,
        subject,
        message: `${subject} inherits from ${displayName(parent)}, which ${lacking} not have`,
        hint: `Give both one scope (tables: { ${JSON.stringify(displayName(parent))}: { scope: 'shared' } }, say), or end the inheritance in the legacy database: ALTER TABLE ${quoteName(table)} NO INHERIT ${quoteName(parent)}.`,
      })),
    ];
  });
}
