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
