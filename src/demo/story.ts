import type { ChalkInstance } from 'chalk';
import type { Progress } from '../core/ports.js';

/** One step that was told. */
export interface Chapter {
  readonly title: string;
  readonly result: string;
  readonly held: boolean;
  readonly seconds: number;
}

/** What a step answers with: a line for people, and whether what it claims is so. */
export interface Outcome {
  readonly result: string;
  readonly held?: boolean;
  /** Printed below it, indented. */
  readonly lines?: readonly string[];
}

/** Tells what happens, step by step, and remembers it. */
export class Story {
  readonly chapters: Chapter[] = [];

  constructor(
    private readonly say: (line: string) => void,
    private readonly paint: ChalkInstance,
    private readonly progress: Progress,
  ) {}

  heading(text: string): void {
    this.say(`\n${this.paint.bold(text)}`);
  }

  /** Does a step and tells how it went; an error passes through after its line. */
  async step(title: string, work: () => Promise<Outcome>): Promise<void> {
    const { paint } = this;
    const task = this.progress.start(title);
    const start = performance.now();
    try {
      const { result, held = true, lines = [] } = await work();
      const seconds = (performance.now() - start) / 1000;
      task.done();
      const mark = held ? paint.green('✔') : paint.red('✖');
      this.say(`  ${mark} ${title}  ${result}  ${paint.dim(`${seconds.toFixed(1)} s`)}`);
      for (const line of lines) this.say(`      ${line}`);
      this.chapters.push({ title, result, held, seconds });
    } catch (error) {
      task.fail();
      this.say(`  ${paint.red('✖')} ${title}`);
      throw error;
    }
  }
}
