import type { Clinic } from '../tenancy/types.js';

/** Where a clinic stands. Only `ready` and `active` are served; `moving` is answered 503. */
export type ClinicState = 'provisioned' | 'loading' | 'ready' | 'active' | 'moving' | 'suspended';

/** True where its own database is what is used: it has newer rows than the legacy database. */
export function isServed(state: ClinicState): boolean {
  return state === 'active' || state === 'moving' || state === 'suspended';
}

/** One row of clinic_migrate.clinics in the central database. */
export interface RegistryEntry {
  readonly key: string;
  readonly label: string;
  readonly state: ClinicState;
  /** Name in `servers` of the configuration, with the endpoint the application connects to. */
  readonly server: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly role: string;
  /** AES-256-GCM: `v1:` + base64(iv 12 bytes, tag 16 bytes, ciphertext); the clinic's key is the associated data. */
  readonly password: string;
  readonly schemaFingerprint: string;
}

/** A clinic with the ways into its database: what split and verify are handed. */
export interface ClinicTarget {
  readonly clinic: Clinic;
  readonly state: ClinicState;
  readonly database: string;
  readonly role: string;
  /** The role that owns its database and everything in it. */
  readonly owner: string;
  /** The administrator's login of its server, on the clinic's database. */
  readonly adminUrl: string;
  /** The clinic's own login, on the clinic's database; the application connects with this. */
  readonly roleUrl: string;
}

/** What the clinic's login and PUBLIC are granted on one object of a clinic database, and nothing more. */
export interface AccessEntry {
  /** As pg_identify_object() has it, arguments and quotes included: `table`, `public.patients`. */
  readonly kind: string;
  readonly identity: string;
  readonly login: readonly string[];
  readonly public: readonly string[];
  /** On single columns, where it is not on the whole: the login's, and PUBLIC's. */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  readonly publicColumns?: Readonly<Record<string, readonly string[]>>;
}

/**
 * What provision lets a clinic's login and PUBLIC do, the same in every clinic database; in
 * clinic_migrate.installation.access of the central one. Every object of the carried schemas that can have grants, the
 * schemas, the languages; an object that a kind of database does not hold may be listed. Row types go with their tables
 * and are not listed, nor is PostgreSQL's own and extensions' where it is as from the beginning.
 */
export interface AccessRecord {
  readonly objects: readonly AccessEntry[];
  readonly settings: {
    readonly database: readonly { readonly name: string; readonly value: string }[];
    readonly login: readonly { readonly name: string; readonly value: string }[];
  };
}
