/**
 * What happened in a simulation, as a running hash: two runs that did the same have the same hash, and the first difference changes
 * it for good. The lines themselves are kept when somebody wants to read the story.
 */

/** The trace of one simulation. */
export class Trace {
  readonly #keep: number;
  readonly #lines: string[] = [];
  #low = 0x811c9dc5;
  #high = 0x41c6ce57;
  #events = 0;

  /** @param keep how many of the last lines are kept as text; 0: none, which is faster */
  constructor(keep: number) {
    this.#keep = keep;
  }

  /** How many events were added. */
  get events(): number {
    return this.#events;
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-this.#keep);
  }

  /** Adds an event. @param time ms of simulated time */
  add(time: number, kind: string, who: string, detail: string): void {
    this.#events++;
    const micros = Math.round(time * 1000);
    this.#word(micros | 0);
    this.#word(Math.floor(micros / 0x100000000));
    this.#text(kind);
    this.#text(who);
    this.#text(detail);
    if (this.#keep === 0) return;
    this.#lines.push(`${time.toFixed(3).padStart(12)} ${who.padEnd(16)} ${kind.padEnd(12)} ${detail}`);
    if (this.#lines.length > 2 * this.#keep) this.#lines.splice(0, this.#lines.length - this.#keep);
  }

  /** The hash of all that was added, as 16 hexadecimal digits. */
  hash(): string {
    const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return digits(this.#high) + digits(this.#low);
  }

  #word(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x9e3779b1);
    this.#high = Math.imul(this.#high ^ (this.#low >>> 15) ^ word, 0x5f356495);
  }

  #text(text: string): void {
    let low = this.#low ^ text.length;
    let high = this.#high;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      low = Math.imul(low ^ code, 0x9e3779b1);
      high = Math.imul(high ^ (low >>> 15) ^ code, 0x5f356495);
    }
    this.#low = low;
    this.#high = high;
  }
}
