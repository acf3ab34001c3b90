import { randomBytes } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RunError } from '../core/errors.js';
import { decodeUtf8 } from '../core/utf8.js';

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Undefined where there is nothing at the path; every other failure is a RunError that names the file. */
export async function orUndefined<T>(what: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure(what, error);
  }
}

export function failure(what: string, error: unknown): RunError {
  const code = codeOf(error);
  const reason = code === '' ? (error instanceof Error ? error.message : String(error)) : code;
  return new RunError(`cannot ${what}: ${reason}`, { cause: error });
}

export function readBytes(path: string): Promise<Buffer | undefined> {
  return orUndefined(`read ${path}`, readFile(path));
}

export async function read(path: string): Promise<string | undefined> {
  const bytes = await readBytes(path);
  if (bytes === undefined) return undefined;
  const text = decodeUtf8(bytes);
  if (text !== undefined) return text;
  throw new RunError(`cannot read ${path}: it is not UTF-8 text`, {
    hint: 'Convert it to UTF-8, or leave it out.',
  });
}

export async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw failure(`write ${path}`, error);
  });
  const place = await placeOf(path);
  try {
    await writeDraft(place, text);
    await rename(place.draft, place.target);
  } catch (error) {
    await rm(place.draft, { force: true }).catch(() => undefined);
    throw failure(`write ${path}`, error);
  }
}

/** Where a text is written first, and where it then takes the place of what is there. */
export interface Place {
  readonly draft: string;
  readonly target: string;
  /** Of the file that is there. */
  readonly mode: number | undefined;
}

/** A link stays a link: what it points at is replaced. RunError where the file there is read-only. */
export async function placeOf(path: string): Promise<Place> {
  const target = (await orUndefined(`write ${path}`, realpath(path))) ?? path;
  const mode = (await orUndefined(`write ${path}`, stat(target)))?.mode;
  // A rename would not ask.
  if (mode !== undefined && (mode & 0o222) === 0)
    throw new RunError(`cannot write ${path}: it is read-only`, {
      hint: 'Make it writable, or leave it out.',
    });
  const name = `.${basename(target).slice(0, 80)}.${randomBytes(6).toString('hex')}`;
  return { draft: join(dirname(target), name), target, mode };
}

/** Writes a new file, with the rights of the one whose place it is to take. */
export async function writeDraft({ draft, mode }: Place, text: string): Promise<void> {
  await writeFile(draft, text, mode === undefined ? { flag: 'wx' } : { flag: 'wx', mode: mode & 0o7777 });
}
