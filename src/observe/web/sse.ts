/** Texts that wait for one who listens by server-sent events. Of one who does not read, the oldest are dropped. */

/** What may wait, in events and in characters of all of them. */
const MOST_WAITING = 500;
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** The queue of one listener. */
export class SseQueue {
  readonly #waiting: string[] = [];
  #characters = 0;
  #wake: () => void = () => {};

  push(text: string): void {
    this.#waiting.push(text);
    this.#characters += text.length;
    while (this.#waiting.length > MOST_WAITING || (this.#characters > MOST_CHARACTERS && this.#waiting.length > 1)) {
      this.#take();
    }
    this.#wake();
  }

  /** What is pushed, until `signal` ends it. */
  async *texts(signal: AbortSignal): AsyncGenerator<string> {
    const onAbort = (): void => this.#wake();
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const next = this.#take();
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

  #take(): string | undefined {
    const text = this.#waiting.shift();
    this.#characters -= text?.length ?? 0;
    return text;
  }
}

/** An event as it is sent. */
export function sseText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
