import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { RunError } from '../core/errors.js';
import type { Session } from '../core/ports.js';

/**
 * One database's `COPY … FROM STDIN`, fed row by row and written in chunks. The COPY is opened by the first row, so a
 * clinic without rows costs nothing. add() never waits; whoever feeds it must await settle() now and then.
 */
export class RowSink {
  rows = 0;
  bytes = 0;
  private stream: Writable | undefined;
  private buffer: Buffer | undefined;
  private used = 0;
  private failure: unknown;
  private full = false;
  private since: number | undefined;
  private until = 0;

  constructor(
    readonly session: Session,
    private readonly copySql: string,
    private readonly chunkBytes: number,
  ) {}

  /** Adds one row: COPY text with its newline, from `source`; `prefix` is put before it. Copies the bytes. */
  add(source: Buffer, start: number, end: number, prefix?: Buffer): void {
    if (prefix !== undefined) this.append(prefix, 0, prefix.length);
    this.append(source, start, end);
    this.rows += 1;
  }

  /** True where settle() has something to wait for, or to throw. */
  get isWaiting(): boolean {
    return this.full || this.failure !== undefined;
  }

  /** What went through it; complete after finish(). */
  sent(): { readonly rows: number; readonly bytes: number; readonly seconds: number } {
    const { rows, bytes, since, until } = this;
    return { rows, bytes, seconds: since === undefined ? 0 : Math.max(0, until - since) / 1000 };
  }

  /** Waits until the server has room again; throws what it refused. */
  async settle(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const stream = this.stream;
    if (stream === undefined || !this.full) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      if (stream.writableNeedDrain) {
        await Promise.race([
          once(stream, 'drain', { signal }),
          once(stream, 'close', { signal }).then(() => {
            throw (
              this.failure ??
              new RunError(`${this.session.label} closed the connection while rows were copied`)
            );
          }),
        ]);
      }
      this.full = false;
    } finally {
      waiting.abort();
    }
  }

  /** Ends the COPY; resolves when the server has taken every byte. */
  async finish(): Promise<void> {
    this.flush();
    if (this.failure !== undefined) throw this.failure;
    if (this.stream === undefined) return;
    this.stream.end();
    await finished(this.stream);
    this.until = performance.now();
  }

  /** Gives the COPY up; its transaction must be rolled back. */
  abort(): void {
    this.stream?.destroy();
  }

  private append(source: Buffer, start: number, end: number): void {
    const length = end - start;
    this.bytes += length;
    if (this.used + length > this.chunkBytes) this.flush();
    if (length >= this.chunkBytes) {
      this.write(Buffer.from(source.subarray(start, end)));
      return;
    }
    this.buffer ??= Buffer.allocUnsafeSlow(this.chunkBytes);
    source.copy(this.buffer, this.used, start, end);
    this.used += length;
  }

  private flush(): void {
    if (this.buffer === undefined || this.used === 0) return;
    this.write(this.buffer.subarray(0, this.used));
    // The stream keeps the buffer until it is sent.
    this.buffer = undefined;
    this.used = 0;
  }

  private write(chunk: Buffer): void {
    if (this.failure !== undefined) return;
    if (this.stream === undefined) {
      this.since = performance.now();
      this.stream = this.session.copyIn(this.copySql);
      this.stream.on('error', (error: unknown) => {
        this.failure ??= error;
      });
    }
    if (!this.stream.write(chunk)) this.full = true;
  }
}
