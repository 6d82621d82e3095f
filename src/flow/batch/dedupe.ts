/**
 * Drops events that come again, by an id in a header (Flume's UUID interceptor gives one). An id is remembered from the commit of
 * its batch on, so that a batch that is given up leaves none. The promise: from the interceptor that gives the id onwards, an
 * event counts once within the last N ids.
 */
import type { EventBlock } from '../../avro/event-block.ts';

/** What is remembered of one batch. */
interface Batch {
  readonly time: number;
  readonly ids: readonly string[];
}

/** The ids of one input. */
export class Dedupe {
  readonly #header: string;
  readonly #remember: number;
  readonly #known = new Set<string>();
  /** Oldest first. */
  readonly #batches: Batch[] = [];
  #open = new Set<string>();
  #withoutId = 0;

  /** @param header whose value is the id @param remember at least so many of the last ids are known */
  constructor(header: string, remember: number) {
    this.#header = header;
    this.#remember = remember;
  }

  /** Events that had no id, since the start; they are never dropped. */
  get withoutId(): number {
    return this.#withoutId;
  }

  /** A batch is cut: what the one before it left open is forgotten. */
  begin(): void {
    this.#open = new Set();
  }

  /** The events that are neither in a batch that has committed nor in this one already. */
  filter(block: EventBlock): Promise<EventBlock> {
    return block.filter((event) => {
      const id = event.headers[this.#header];
      if (id === undefined) {
        this.#withoutId++;
        return true;
      }
      if (this.#known.has(id) || this.#open.has(id)) return false;
      this.#open.add(id);
      return true;
    });
  }

  /** The ids of the batch that is open. */
  get openIds(): string[] {
    return [...this.#open];
  }

  /** The batch has committed. */
  commit(time: number): void {
    this.restore(time, [...this.#open]);
    this.#open = new Set();
  }

  /** Ids of a batch that has committed, oldest batch first. */
  restore(time: number, ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#batches.push({ time, ids });
    for (const id of ids) this.#known.add(id);
    for (let oldest = this.#batches[0]; oldest !== undefined; oldest = this.#batches[0]) {
      if (this.#known.size - oldest.ids.length < this.#remember) return;
      this.#batches.shift();
      for (const id of oldest.ids) this.#known.delete(id);
    }
  }

  /** Whether the ids of the batch of `time` are still known. */
  knows(time: number): boolean {
    const oldest = this.#batches[0];
    return oldest !== undefined && time >= oldest.time;
  }
}
