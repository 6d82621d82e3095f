/** A number of slots; who finds none free waits in line. */
export class Slots {
  #left: number;
  #line: ((got: boolean) => void)[] = [];

  constructor(count: number) {
    this.#left = count;
  }

  /** Takes a slot. @returns false when `signal` aborts first */
  take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#left > 0) {
      this.#left--;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const settle = (got: boolean): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(got);
      };
      const giveUp = (): void => {
        this.#line = this.#line.filter((other) => other !== settle);
        settle(false);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#line.push(settle);
    });
  }

  /** Gives a slot back: to the first in line. */
  free(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#left++;
    else next(true);
  }
}
