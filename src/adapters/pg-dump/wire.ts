import { RunError } from '../../core/errors.js';
import { describeUrl } from '../../core/urls.js';
import { CLOSE_TIMEOUT_MS, openClient } from '../pg-client.js';

/** A logged-in connection on which a client written elsewhere speaks PostgreSQL's protocol. */
export interface Wire {
  /** What a server says to a client that it has let in, as bytes; for a client that starts from the beginning. */
  readonly greeting: Uint8Array;
  /** Sends messages and resolves to the answer, up to and with the given number of ReadyForQuery. */
  exchange(messages: Uint8Array, ready: number): Promise<Uint8Array>;
  close(): void;
}

/** pg_dump quotes as the connection reads, and the dump is read under the standard. */
const SETTINGS =
  'SET lock_timeout = 0; SET default_transaction_read_only = on; SET standard_conforming_strings = on;';
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

/** A message of the server: type, length (which counts itself), contents. */
function message(type: string, contents: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(contents.length + 4, 1);
  return Buffer.concat([head, contents]);
}

/** Counts complete messages of one type in bytes that arrive in any pieces. */
function messageCounter(type: number): (chunk: Buffer) => number {
  let rest: Buffer = Buffer.alloc(0);
  let skip = 0;
  return (chunk) => {
    let found = 0;
    let at = Math.min(skip, chunk.length);
    skip -= at;
    let bytes = chunk;
    if (rest.length > 0) {
      bytes = Buffer.concat([rest, chunk]);
      at = 0;
    }
    rest = Buffer.alloc(0);
    while (at < bytes.length) {
      if (bytes.length - at < 5) {
        rest = bytes.subarray(at);
        break;
      }
      if (bytes[at] === type) found += 1;
      const end = at + 1 + bytes.readInt32BE(at + 1);
      skip = Math.max(0, end - bytes.length);
      at = Math.min(end, bytes.length);
    }
    return found;
  };
}

/**
 * Logs in as node-postgres does (SCRAM, MD5, trust, TLS by sslmode) and takes its stream over, read-only for the
 * server.
 */
export async function openWire(url: string): Promise<Wire> {
  const label = describeUrl(url);
  const parameters: Buffer[] = [];
  const client = await openClient(url, SETTINGS, ({ connection }) =>
    connection.on('parameterStatus', (status: { parameterName: string; parameterValue: string }) =>
      parameters.push(message('S', Buffer.from(`${status.parameterName}\0${status.parameterValue}\0`))),
    ),
  );
  const { stream } = client.connection;
  stream.removeAllListeners('data');
  const count = messageCounter(READY_FOR_QUERY);
  let waiting: { left: number; chunks: Buffer[]; done: (answer: Uint8Array) => void } | undefined;
  let lost: ((error: RunError) => void) | undefined;
  stream.on('data', (chunk: Buffer) => {
    const ready = count(chunk);
    if (waiting === undefined) return;
    waiting.chunks.push(chunk);
    waiting.left -= ready;
    if (waiting.left > 0) return;
    const { chunks, done } = waiting;
    waiting = undefined;
    done(Buffer.concat(chunks));
  });
  let closed = false;
  stream.on('close', () => {
    closed = true;
    lost?.(connectionLost(label));
  });
  return {
    greeting: Buffer.concat([
      message('R', Buffer.alloc(4)),
      ...parameters,
      message('K', Buffer.alloc(8)),
      message('Z', Buffer.from('I')),
    ]),
    exchange: (messages, left) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(connectionLost(label));
        waiting = { left, chunks: [], done: resolve };
        lost = reject;
        stream.write(messages);
      }),
    close() {
      stream.end(TERMINATE);
      // A server that says nothing must not keep the program from ending.
      setTimeout(() => stream.destroy(), CLOSE_TIMEOUT_MS).unref();
    },
  };
}

function connectionLost(label: string): RunError {
  return new RunError(`the connection to ${label} was lost while its schema was read`, {
    hint: 'Run the command again.',
  });
}
