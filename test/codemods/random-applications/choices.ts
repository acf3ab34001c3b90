/** A form that was chosen: `service: static class`. */
export type Form = string;

/** Draws forms, the same ones for the same seed, and remembers them. */
export class Choices {
  readonly forms: Form[] = [];
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** One of the options. */
  pick<T extends string>(subject: string, options: readonly T[]): T {
    const chosen = options[Math.floor(this.#next() * options.length)] as T;
    this.forms.push(`${subject}: ${chosen}`);
    return chosen;
  }

  /** As many of the values, or down to `least`, in their own order; no form. */
  some<T>(count: number, values: readonly T[], least = count): T[] {
    const wanted = least + Math.floor(this.#next() * (count - least + 1));
    const left = [...values];
    while (left.length > wanted) left.splice(Math.floor(this.#next() * left.length), 1);
    return left;
  }

  /** What `draw` makes, drawn again for as long as its forms are refused. */
  drawUntil<T>(isRefused: (forms: readonly Form[]) => boolean, draw: () => T): T {
    for (let tries = 0; tries < 10_000; tries += 1) {
      const start = this.forms.length;
      const drawn = draw();
      if (!isRefused(this.forms.slice(start))) return drawn;
      this.forms.length = start;
    }
    throw new Error('every combination of forms is refused');
  }

  /** mulberry32: small, and good enough to choose by. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}
