import { createConnection, createServer, type Server, type Socket } from 'node:net';

export type Side = 'program' | 'server';

/** A piece of what one side says to the other, before it is handed on. */
export interface Piece {
  readonly link: Link;
  readonly from: Side;
  readonly bytes: Buffer;
}

/** One connection of the program's, and the one that the proxy has to the server for it. */
export class Link {
  readonly program: Socket;
  readonly server: Socket;
  #held: (() => void)[] | undefined;

  constructor(program: Socket, server: Socket, onPiece: (piece: Piece) => void) {
    this.program = program;
    this.server = server;
    this.#handOn('program', program, server, onPiece);
    this.#handOn('server', server, program, onPiece);
  }

  /** Both sides see a reset connection. */
  cut(): void {
    this.#held = undefined;
    for (const socket of [this.program, this.server]) socket.resetAndDestroy();
  }

  /** Nothing passes any more, ends and resets included; what is said is kept until release(). */
  stall(): void {
    this.#held ??= [];
  }

  /** What was kept goes on its way, and so does what follows. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const action of held) action();
  }

  /** One side is told that the other has ended; it may still speak itself. */
  halfClose(side: Side): void {
    this[side].end();
  }

  /** Like release(), but what comes from the program stays out of the way for ever. */
  #handOn(from: Side, source: Socket, target: Socket, onPiece: (piece: Piece) => void): void {
    const later = (action: () => void): void => {
      if (this.#held === undefined) action();
      else this.#held.push(action);
    };
    source.on('data', (bytes: Buffer) => {
      onPiece({ link: this, from, bytes });
      later(() => {
        if (!target.writable || target.write(bytes)) return;
        source.pause();
        target.once('drain', () => source.resume());
      });
    });
    source.on('end', () => later(() => void target.end()));
    source.on('error', () => undefined);
    source.on('close', (failed) => later(() => void (failed ? target.resetAndDestroy() : target.end())));
  }
}

/** A TCP proxy in front of a PostgreSQL server, which sees every piece that passes and can do harm. */
export interface Proxy {
  readonly port: number;
  /** Sees every piece before it is handed on, and may do something to its link first. */
  onPiece: (piece: Piece) => void;
  /** False: whoever comes is cut off at once. */
  accepting: boolean;
  /** Those that are open, or half open. */
  links(): Link[];
  /** As new: every connection is cut, and others are let through. */
  reset(): void;
  /** The same URL by way of this proxy. */
  through(url: string): string;
  close(): Promise<void>;
}

export async function startProxy(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url);
  const links = new Set<Link>();
  const listener: Server = createServer({ allowHalfOpen: true }, (program) => {
    if (!proxy.accepting) {
      program.resetAndDestroy();
      return;
    }
    const server = createConnection({ host: hostname, port: Number(port || 5432), allowHalfOpen: true });
    const link = new Link(program, server, (piece) => proxy.onPiece(piece));
    links.add(link);
    for (const [socket, other] of [
      [program, server],
      [server, program],
    ] as const)
      socket.once('close', () => other.destroyed && links.delete(link));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const proxy: Proxy = {
    port: address.port,
    onPiece: () => undefined,
    accepting: true,
    links: () => [...links],
    reset() {
      for (const link of links) link.cut();
      proxy.accepting = true;
      proxy.onPiece = () => undefined;
    },
    through(direct) {
      const own = new URL(direct);
      own.hostname = '127.0.0.1';
      own.port = String(address.port);
      return own.toString();
    },
    async close() {
      proxy.reset();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return proxy;
}
