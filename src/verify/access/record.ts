import { RunError } from '../../core/errors.js';
import type { Session } from '../../core/ports.js';

/** What provision granted on one object, in the words of pg_identify_object(). */
export interface RecordedObject {
  readonly kind: string;
  readonly identity: string;
  readonly login: readonly string[];
  readonly public: readonly string[];
  /** By column, what the login and PUBLIC have there alone. */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  readonly publicColumns?: Readonly<Record<string, readonly string[]>>;
}

/** What the clinics' logins and PUBLIC may, as provision read it from the legacy database. */
export interface AccessRecord {
  readonly objects: readonly RecordedObject[];
  /** What a clinic's database is set to, and its login there. */
  readonly settings?: {
    readonly database: readonly { readonly name: string }[];
    readonly login: readonly { readonly name: string }[];
  };
}

/** Undefined where the central database was made by a version that kept none. */
export async function readAccessRecord(central: Session): Promise<AccessRecord | undefined> {
  const [column] = await central.query(
    `SELECT FROM pg_catalog.pg_attribute
      WHERE attrelid = pg_catalog.to_regclass('clinic_migrate.installation') AND attname = 'access' AND NOT attisdropped`,
  );
  if (column === undefined) return undefined;
  const [row] = await central.query<{ access: unknown }>('SELECT access FROM clinic_migrate.installation');
  if (row === undefined || row.access === null) return undefined;
  if (isRecord(row.access)) return row.access;
  throw new RunError(`${central.label}: what clinic_migrate.installation says of grants cannot be read`, {
    hint: 'Run clinic-migrate provision: it writes it anew.',
  });
}

function isRecord(value: unknown): value is AccessRecord {
  if (typeof value !== 'object' || value === null || !('objects' in value)) return false;
  const { objects } = value;
  const isText = (each: unknown): boolean => typeof each === 'string';
  return (
    Array.isArray(objects) &&
    objects.every(
      (each: RecordedObject) =>
        isText(each.kind) &&
        isText(each.identity) &&
        Array.isArray(each.login) &&
        each.login.every(isText) &&
        Array.isArray(each.public) &&
        each.public.every(isText),
    )
  );
}
