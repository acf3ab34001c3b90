import type { AccessRecord, RecordedObject } from '../record.js';
import type { Owned } from './inventory.js';

/** What may be held on one object beside what its owner has. */
export interface Expected {
  readonly login: readonly string[];
  readonly public: readonly string[];
  /** What PUBLIC must have of it; less than all where nobody wrote down what it had in the legacy database. */
  readonly publicNeeds?: readonly string[];
}

export type Expectation = (object: Owned) => Expected;

const NOTHING: Expected = { login: [], public: [] };

/** The program's own tables: nobody but the owner has any business with them. */
const OWN_SCHEMA = 'clinic_migrate';

/**
 * By the record of what provision granted; without one, by what every version has granted since the first. Large objects
 * come with the rows, and have a record of their own.
 */
export function expectation(
  record: AccessRecord | undefined,
  schemas: readonly string[],
  largeObjects: ReadonlyMap<string, Expected>,
): Expectation {
  const others = ofOthers(record, schemas);
  return (object) =>
    object.kind === 'LARGE OBJECT' ? (largeObjects.get(object.identity) ?? NOTHING) : others(object);
}

function ofOthers(record: AccessRecord | undefined, schemas: readonly string[]): Expectation {
  if (record === undefined) return (object) => ({ ...withoutRecord(object, schemas), publicNeeds: [] });
  const keyOf = (kind: string, identity: string): string => `${kind}\0${identity}`;
  const objects = new Map<string, RecordedObject>(
    record.objects.map((object) => [keyOf(object.kind, object.identity), object]),
  );
  return (object) => {
    const found = objects.get(keyOf(object.type, object.identity));
    if (object.column === null) return found ?? fromMaking(object);
    return {
      login: inColumn(found?.columns, object.column),
      public: inColumn(found?.publicColumns, object.column),
    };
  };
}

function inColumn(columns: RecordedObject['columns'] = {}, name: string): readonly string[] {
  return Object.hasOwn(columns, name) ? (columns[name] ?? []) : [];
}

/** What the record is silent of is as its maker left it; of the clinic's own, it is nobody's. */
function fromMaking({ origin, kind, follows, init }: Owned): Expected {
  // A row type goes with its table, and has no grants of its own.
  if (origin === 'own' && !(kind === 'TYPE' && follows)) return NOTHING;
  return {
    login: [],
    public: init.filter(({ grantee }) => grantee === null).map(({ privilege }) => privilege),
  };
}

const BY_KIND: Readonly<Record<string, Expected>> = {
  TABLE: { login: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], public: [] },
  SEQUENCE: { login: ['USAGE', 'SELECT'], public: [] },
  ROUTINE: { login: [], public: ['EXECUTE'] },
  TYPE: { login: [], public: ['USAGE'] },
  DOMAIN: { login: [], public: ['USAGE'] },
};

function withoutRecord(object: Owned, schemas: readonly string[]): Expected {
  const { kind, schema, origin } = object;
  if (origin !== 'own') return fromMaking(object);
  if (schema === OWN_SCHEMA && (kind === 'SCHEMA' || kind === 'TABLE')) return NOTHING;
  if (kind === 'SCHEMA') {
    const isOurs = schema !== null && schemas.includes(schema);
    return { login: isOurs ? ['USAGE'] : [], public: schema === 'public' ? ['USAGE'] : [] };
  }
  if (kind === 'TABLE' || kind === 'SEQUENCE')
    return schema !== null && schemas.includes(schema) ? (BY_KIND[kind] ?? NOTHING) : NOTHING;
  return BY_KIND[kind] ?? NOTHING;
}
