/** Server-sent events: each batch that is over, and the overview once a second, to those who listen. Nothing is done while nobody does. */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Observer } from '../observer.ts';
import { overview, timelineBatch } from '../rest/own.ts';
import { SseQueue, sseText } from './sse.ts';

/** How often the overview is told, in ms. */
const EVERY_MS = 1000;
/** How many may listen at once. */
const MOST_LISTENERS = 50;

/** Tells what happens to all who listen. */
export class EventStream {
  readonly #observer: Observer;
  readonly #clock: Clock;
  readonly #listeners = new Set<SseQueue>();
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
    const queue = new SseQueue();
    queue.push(this.#overview());
    this.#add(queue);
    try {
      yield* queue.texts(signal);
    } finally {
      this.#remove(queue);
    }
  }

  #add(queue: SseQueue): void {
    this.#listeners.add(queue);
    if (this.#listeners.size > 1) return;
    this.#endBatches = this.#observer.onBatch((batch) => this.#tell(sseText('batch', timelineBatch(batch))));
    this.#arm();
  }

  #remove(queue: SseQueue): void {
    this.#listeners.delete(queue);
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
    return sseText('overview', overview(this.#observer));
  }

  #tell(text: string): void {
    for (const queue of this.#listeners) queue.push(text);
  }
}
