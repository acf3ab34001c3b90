import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import { RunError, UsageError } from '../core/errors.js';

const VERSION = 'v1:';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** What PostgreSQL itself uses. */
const SCRAM_ITERATIONS = 4096;

/** The key that registry passwords are encrypted with: CLINIC_MIGRATE_KEY, 32 bytes in hex or base64. */
export function readKey(env: Readonly<Record<string, string | undefined>>): Buffer {
  const text = env['CLINIC_MIGRATE_KEY']?.trim() ?? '';
  const hint = 'Make one with `openssl rand -hex 32` and keep it where the application finds it too.';
  if (text === '') throw new UsageError('the environment variable CLINIC_MIGRATE_KEY is not set', { hint });
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES || !/^[0-9A-Za-z+/_-]+=*$/.test(text)) {
    throw new UsageError('CLINIC_MIGRATE_KEY is not 32 bytes in hex or base64', { hint });
  }
  return key;
}

/** 192 random bits in characters that need no escaping in a URL, in SQL or in a shell. */
export function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** AES-256-GCM: `v1:` + base64(iv 12 bytes, tag 16, ciphertext); bound to the clinic, so that no two entries can be exchanged. */
export function encryptPassword(password: string, clinicKey: string, key: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(clinicKey, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
  return VERSION + Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64');
}

/** The password again. RunError where the key is another one, or the entry was changed or belongs to another clinic. */
export function decryptPassword(encrypted: string, clinicKey: string, key: Buffer): string {
  try {
    if (!encrypted.startsWith(VERSION)) throw new TypeError('unknown version');
    const bytes = Buffer.from(encrypted.slice(VERSION.length), 'base64');
    const iv = bytes.subarray(0, IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(clinicKey, 'utf8'));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const ciphertext = bytes.subarray(IV_BYTES + TAG_BYTES);
    return decipher.update(ciphertext, undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new RunError(
      `the registered password of clinic ${JSON.stringify(clinicKey)} cannot be decrypted with CLINIC_MIGRATE_KEY`,
      { hint: 'Use the key that the clinics were provisioned with.', cause },
    );
  }
}

/**
 * What PostgreSQL stores for a password (RFC 5803). Sent in its place, so that the password itself is in no server
 * log and in no statement statistics. For ASCII passwords, which SASLprep leaves as they are.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const server = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`;
}

/** True where this is what PostgreSQL stores for the password; null is what it stores for none. */
export function isVerifierOf(verifier: string | null, password: string): boolean {
  const salt = /^SCRAM-SHA-256\$\d+:([^$]+)\$/.exec(verifier ?? '')?.[1];
  return salt !== undefined && scramVerifier(password, Buffer.from(salt, 'base64')) === verifier;
}
