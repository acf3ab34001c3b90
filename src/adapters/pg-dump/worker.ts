/**
 * Runs pg_dump's WebAssembly, which reads and writes its connection synchronously: this thread sleeps until the
 * thread that owns the real connection has posted the answer.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { clientReader, type DumpTask, type FromWorker } from './bridge.js';

type Target = Parameters<typeof pgDump>[0]['pg'];

function tell(port: MessagePort, message: FromWorker): void {
  port.postMessage(message);
}

/** The part of a PGlite that pgDump() uses. */
function target(port: MessagePort, task: DumpTask): Target {
  const answers = new Int32Array(task.answers);
  const read = clientReader(task.greeting);
  let unsent: Uint8Array[] = [];
  return {
    // Only asked in order to be set back afterwards, on a connection that ends with the dump.
    query: async () => ({ rows: [{ search_path: '' }] }),
    exec: async () => [],
    execProtocolRawStream: (bytes: Uint8Array, { onRawData }: { onRawData: (data: Uint8Array) => void }) => {
      const { messages, ready, answer } = read(bytes);
      if (answer !== undefined) onRawData(answer);
      if (messages.length > 0) unsent.push(messages);
      if (ready === 0) return;
      const before = Atomics.load(answers, 0);
      tell(port, { kind: 'messages', bytes: Buffer.concat(unsent), ready });
      unsent = [];
      onRawData(awaitAnswer(port, answers, before));
    },
  } as unknown as Target;
}

/** Sleeps until one more answer has been posted. Nothing in its place would look to pg_dump like a lost connection. */
function awaitAnswer(port: MessagePort, answers: Int32Array, before: number): Uint8Array {
  Atomics.wait(answers, 0, before);
  for (;;) {
    const received: { message: Uint8Array } | undefined = receiveMessageOnPort(port);
    if (received !== undefined) return received.message;
    Atomics.wait(answers, 0, before + 1, 1);
  }
}

/** pg_dump's own complaint as one line; the WebAssembly prints lines without their ends. */
function complaint(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const errors = text
    .replace(/invalid binary "[^"]*": No such file or directory/g, '')
    .split(/pg_dump: (?=error: |detail: |hint: |warning: )/)
    .filter((part) => part.startsWith('error: '));
  return (errors.length === 0 ? text : `pg_dump: ${errors.join('')}`).trim().replace(/\s+/g, ' ');
}

if (parentPort !== null) {
  const port = parentPort;
  const task: DumpTask = workerData;
  // What pg_dump calls itself in its messages.
  process.argv[1] = 'pg_dump';
  try {
    const file = await pgDump({ pg: target(port, task), args: [...task.args] });
    tell(port, { kind: 'dumped', text: await file.text() });
  } catch (error) {
    tell(port, { kind: 'failed', reason: complaint(error) });
  }
}
