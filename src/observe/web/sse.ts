/** Texts that wait for one who listens by server-sent events. Of one who does not read, the oldest are dropped. */

/** What may wait, in events. */
const MOST_WAITING = 500;

/** The queue of one listener. */
export class SseQueue {
  readonly #waiting: string[] = [];
  #wake: () => void = () => {};

  push(text: string): void {
    if (this.#waiting.length >= MOST_WAITING) this.#waiting.shift();
    this.#waiting.push(text);
    this.#wake();
  }

  /** What is pushed, until `signal` ends it. */
  async *texts(signal: AbortSignal): AsyncGenerator<string> {
    const onAbort = (): void => this.#wake();
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const next = this.#waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else yield next;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** An event as it is sent. */
export function sseText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
