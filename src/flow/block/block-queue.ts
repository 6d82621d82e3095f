/** Second step: what has arrived and is in no batch yet, in the order of arrival. */
import type { AckToken, Arrival } from '../receive/receiver.ts';
import type { BlockRef } from './block-log.ts';

/** An arrival that may become part of a batch. */
export interface Admitted extends Arrival {
  /** Where it lies in the write-ahead log, if it does. */
  readonly ref?: BlockRef;
  /** It is in the log only, to be read when its batch is cut. */
  readonly onDisk?: boolean;
  /** How many events its peer was told of already; then nobody waits for its batch. */
  readonly acked?: number;
}

/** Arrivals of a batch, by input. */
export type Blocks = ReadonlyMap<number, readonly Admitted[]>;

/** The queue. Its bound is the backlog's: receivers are not read any more before it grows too long. */
export class BlockQueue {
  /** In the order of arrival over all receivers, so that a batch that takes a part takes the oldest. */
  readonly #waiting = new Map<string, Admitted>();
  #events = 0;
  #bytes = 0;
  #onDisk = 0;
  /** How many arrivals have no bytes: values of this process. */
  #weightless = 0;

  get events(): number {
    return this.#events;
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many arrivals are on disk only. */
  get onDisk(): number {
    return this.#onDisk;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** When the oldest came, in ms since the epoch; undefined: there is none, or it came in a former run. */
  get oldest(): number | undefined {
    for (const { receivedAt } of this.#waiting.values()) return receivedAt;
    return undefined;
  }

  add(arrival: Admitted): void {
    this.#waiting.set(keyOf(arrival.token), arrival);
    this.#events += arrival.events.count;
    if (arrival.bytes === 0) this.#weightless++;
    if (arrival.onDisk === true) this.#onDisk++;
    else this.#bytes += arrival.bytes;
  }

  /** Drops one that no batch has taken. @returns it; undefined: it is not here */
  remove(token: AckToken): Admitted | undefined {
    const arrival = this.#waiting.get(keyOf(token));
    if (arrival === undefined) return undefined;
    this.#waiting.delete(keyOf(token));
    this.#events -= arrival.events.count;
    if (arrival.bytes === 0) this.#weightless--;
    if (arrival.onDisk === true) this.#onDisk--;
    else this.#bytes -= arrival.bytes;
    return arrival;
  }

  /** Drops what an epoch gave and whose peer waits for an answer. @returns the tokens of it */
  removeEpoch(epoch: number): AckToken[] {
    const tokens = [...this.#waiting.values()]
      .filter(({ token, acked }) => token.epoch === epoch && acked === undefined)
      .map(({ token }) => token);
    for (const token of tokens) this.remove(token);
    return tokens;
  }

  /**
   * Takes the oldest for a batch.
   * @param mostBytes how much memory they may take, once they are read; at least one is taken
   */
  take(mostBytes: number = Number.POSITIVE_INFINITY): Blocks {
    const blocks = this.peek(mostBytes);
    for (const arrivals of blocks.values()) for (const { token } of arrivals) this.remove(token);
    return blocks;
  }

  /**
   * What `take` would take. Values of this process have no bytes, and are taken in any case: an input that reads files has read them for
   * just this batch, and says in its position that it has them.
   */
  peek(mostBytes: number): Blocks {
    const found = new Map<number, Admitted[]>();
    let bytes = 0;
    let isFull = false;
    let weightless = this.#weightless;
    for (const arrival of this.#waiting.values()) {
      if (arrival.bytes === 0) weightless--;
      isFull ||= bytes > 0 && bytes + arrival.bytes > mostBytes;
      if (isFull && arrival.bytes > 0) {
        if (weightless === 0) break;
        continue;
      }
      bytes += arrival.bytes;
      const ofInput = found.get(arrival.token.input);
      if (ofInput === undefined) found.set(arrival.token.input, [arrival]);
      else ofInput.push(arrival);
    }
    return found;
  }

  /** Takes what was peeked at. @returns undefined: some of it is not here any more, and nothing is taken */
  takeAll(blocks: Blocks): Blocks | undefined {
    const tokens = [...blocks.values()].flatMap((arrivals) => arrivals.map(({ token }) => token));
    if (!tokens.every((token) => this.#waiting.has(keyOf(token)))) return undefined;
    for (const token of tokens) this.remove(token);
    return blocks;
  }
}

/** Stands for events that are on disk. @param values whether they are values of this process */
export function onlyCounted(count: number, values: boolean): Admitted['events'] {
  const forEach = (): never => {
    throw new Error('the events of this block are on disk');
  };
  return values ? ({ count, forEach, values: [] } as Admitted['events']) : { count, forEach };
}

/** Epochs differ from each other over all receivers. */
function keyOf({ epoch, sequence }: AckToken): string {
  return `${epoch}/${sequence}`;
}
