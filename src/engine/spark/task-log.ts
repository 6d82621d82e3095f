/** What functions of the job write with console while a task runs: some of it goes to the driver with the task's end, none of it is a row. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';

/** So many lines of a task are kept; */
const MOST_LINES = 200;
/** of each so many characters. */
const LONGEST_LINE = 2000;

/** Lines that functions wrote. */
export interface WrittenLines {
  readonly lines: readonly string[];
  /** How many more there were. */
  readonly more: number;
}

/** Takes what is written with console in this process. */
export class TaskLog {
  #lines: string[] = [];
  #more = 0;
  #open = '';

  /** Puts a console of its own in the place of the process's. */
  take(): void {
    const stream = new Writable({
      decodeStrings: false,
      write: (text: string | Buffer, _, done) => {
        this.#write(String(text));
        done();
      },
    });
    globalThis.console = new Console(stream, stream);
  }

  /** What was written since it was asked last. */
  written(): WrittenLines {
    if (this.#open !== '') this.#write('\n');
    const written = { lines: this.#lines, more: this.#more };
    this.#lines = [];
    this.#more = 0;
    return written;
  }

  #write(text: string): void {
    const [first = '', ...rest] = text.split('\n');
    this.#open = (this.#open + first).slice(0, LONGEST_LINE);
    for (const next of rest) {
      if (this.#lines.length < MOST_LINES) this.#lines.push(this.#open);
      else this.#more++;
      this.#open = next.slice(0, LONGEST_LINE);
    }
  }
}
