/** What the thread that runs pg_dump and the thread that owns the connection say to each other. */

/** Given to the worker at its start. */
export interface DumpTask {
  readonly args: readonly string[];
  readonly greeting: Uint8Array;
  /** One 32-bit number: how many answers have been posted so far. */
  readonly answers: SharedArrayBuffer;
}

/** From the worker: messages for the server, or the end. */
export type FromWorker =
  | { readonly kind: 'messages'; readonly bytes: Uint8Array; readonly ready: number }
  | { readonly kind: 'dumped'; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string };

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

/** What became of bytes that the client wrote. */
export interface ClientOutput {
  /** Complete messages to hand to the server. */
  readonly messages: Uint8Array;
  /** How many ReadyForQuery the server will answer them with. */
  readonly ready: number;
  /** What the client is told without asking the server. */
  readonly answer: Uint8Array | undefined;
}

/**
 * Cuts what a client writes into messages, whatever pieces it comes in. Its own login is answered here: the
 * connection is logged in already.
 */
export function clientReader(greeting: Uint8Array): (bytes: Uint8Array) => ClientOutput {
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    let answer: Uint8Array | undefined;
    while (!started && rest.length >= 8 && rest.length >= rest.readInt32BE(0)) {
      const code = rest.readInt32BE(4);
      rest = rest.subarray(rest.readInt32BE(0));
      started = code !== SSL_REQUEST && code !== GSS_REQUEST;
      answer = started ? greeting : Buffer.from('N');
    }
    let end = 0;
    let ready = 0;
    const kept: Buffer[] = [];
    while (started && rest.length - end >= 5) {
      const next = end + 1 + rest.readInt32BE(end + 1);
      if (next > rest.length) break;
      const type = String.fromCharCode(rest[end] ?? 0);
      // Query and Sync are what a server answers with ReadyForQuery. Terminate is ours to send.
      if (type === 'Q' || type === 'S') ready += 1;
      if (type !== 'X') kept.push(rest.subarray(end, next));
      end = next;
    }
    rest = rest.subarray(end);
    return { messages: Buffer.concat(kept), ready, answer };
  };
}
