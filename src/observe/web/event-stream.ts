/** Server-sent events: each batch that is over, and the overview once a second, to those who listen. Nothing is done while nobody does. */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Observer } from '../observer.ts';
import { overview, timelineBatch } from '../rest/own.ts';

/** How often the overview is told, in ms. */
const EVERY_MS = 1000;
/** What may wait for a listener that does not read, in events; beyond it the oldest are dropped for it. */
const MOST_WAITING = 500;
/** How many may listen at once. */
const MOST_LISTENERS = 50;

interface Listener {
  readonly waiting: string[];
  wake: () => void;
}

/** Tells what happens to all who listen. */
export class EventStream {
  readonly #observer: Observer;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  #endBatches: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(observer: Observer) {
    this.#observer = observer;
    this.#clock = observer.observed.clock;
  }

  get isFull(): boolean {
    return this.#listeners.size >= MOST_LISTENERS;
  }

  /** What is told from now on, as the text of server-sent events. @param signal ends it */
  async *listen(signal: AbortSignal): AsyncGenerator<string> {
    const listener: Listener = { waiting: [this.#overview()], wake: () => {} };
    const onAbort = (): void => listener.wake();
    signal.addEventListener('abort', onAbort);
    this.#add(listener);
    try {
      while (!signal.aborted) {
        const next = listener.waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            listener.wake = resolve;
          });
        } else yield next;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#remove(listener);
    }
  }

  #add(listener: Listener): void {
    this.#listeners.add(listener);
    if (this.#listeners.size > 1) return;
    this.#endBatches = this.#observer.onBatch((batch) => this.#tell(eventText('batch', timelineBatch(batch))));
    this.#arm();
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#endBatches?.();
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.after(EVERY_MS, () => {
      this.#tell(this.#overview());
      this.#arm();
    });
  }

  #overview(): string {
    return eventText('overview', overview(this.#observer));
  }

  #tell(text: string): void {
    for (const { waiting, wake } of this.#listeners) {
      if (waiting.length >= MOST_WAITING) waiting.shift();
      waiting.push(text);
      wake();
    }
  }
}

function eventText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
