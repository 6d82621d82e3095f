/**
 * Reads the events of a store in their order, a bounded number of them ahead. What has just been written and is the next to be taken is
 * not read at all. Of events that were taken and returned it keeps the numbers only, which open transactions bound.
 */
import { returnToHead, type Taken } from '../transaction.ts';
import { plainEventOf } from './record.ts';
import { type EventStore, READ_AHEAD_BYTES, type Written } from './store.ts';

/** What takes events of one store, from its opening to its end. */
export class StoreReader {
  readonly #store: EventStore;
  #returned: { readonly seq: number }[] = [];
  #ahead: Taken[] = [];
  #aheadAt = 0;
  /** Bytes of what was written and not read, among those that are ahead since there was none. */
  #unreadBytes = 0;
  /** Where reading goes on, and before which number everything is synced. */
  #cursor = 0;
  #visible: number;

  constructor(store: EventStore) {
    this.#store = store;
    this.#visible = store.next;
  }

  /** A write is synced: its events can be taken. */
  written({ end, first, records }: Written): void {
    this.#visible = Math.max(this.#visible, end);
    // Where others come before them they are read in their turn.
    if (records.length > 0 && this.#cursor === first) this.#takeOver(end, records);
  }

  #takeOver(end: number, records: Written['records']): void {
    const isEmpty = this.#aheadAt >= this.#ahead.length;
    let bytes = isEmpty ? 0 : this.#unreadBytes;
    for (const { value } of records) bytes += value.length;
    if (bytes > READ_AHEAD_BYTES) return;
    const events: Taken[] = [];
    for (const { key, value } of records) {
      const event = plainEventOf(value);
      if (event === undefined) return;
      events.push({ seq: key, event });
    }
    this.#ahead = isEmpty ? events : [...this.#ahead.slice(this.#aheadAt), ...events];
    this.#aheadAt = 0;
    this.#unreadBytes = bytes;
    this.#cursor = end;
  }

  /** Whether there is an event to take; true also when the next one cannot be read now: taking it tells. */
  get hasEvents(): boolean {
    if (this.#returned.length > 0) return true;
    try {
      // Numbers of failed writes are holes, so numbers alone do not tell.
      return this.#readAhead(Number.POSITIVE_INFINITY) !== undefined;
    } catch {
      return true;
    }
  }

  /**
   * Takes the first event there is.
   * @param before only an event with a number below this one; nothing from there on is read
   * @throws StreamjobError ENCRYPTION_KEY, FILE_ACCESS; nothing is taken then
   */
  take(before: number = Number.POSITIVE_INFINITY): Taken | undefined {
    for (let returned = this.#returned.at(-1); returned !== undefined; returned = this.#returned.at(-1)) {
      if (returned.seq >= before) return undefined;
      const [taken] = this.#store.read(returned.seq, returned.seq + 1);
      this.#returned.pop();
      // One that was damaged since it was taken is not there any more.
      if (taken !== undefined) return taken;
    }
    const next = this.#readAhead(before);
    if (next === undefined || next.seq >= before) return undefined;
    this.#aheadAt++;
    return next;
  }

  /** Events whose take was rolled back are the first again. @param takes ascending */
  restore(takes: readonly Taken[]): void {
    returnToHead(
      this.#returned,
      takes.map(({ seq }) => ({ seq })),
    );
  }

  /** The next event that was read; where there is none, those before `before` are read. */
  #readAhead(before: number): Taken | undefined {
    if (this.#aheadAt >= this.#ahead.length) {
      const end = Math.min(this.#visible, before);
      if (this.#cursor >= end) return undefined;
      this.#ahead = this.#store.read(this.#cursor, end);
      this.#aheadAt = 0;
      this.#unreadBytes = 0;
      this.#cursor = (this.#ahead.at(-1)?.seq ?? end - 1) + 1;
    }
    return this.#ahead[this.#aheadAt];
  }
}
