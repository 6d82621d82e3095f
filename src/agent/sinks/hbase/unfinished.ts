/**
 * What is known of a batch whose transaction did not commit: which rows its events became, and which counters were raised for them. The
 * events come again, in the same batch or in another one, and go to the same rows then, and to no counter twice.
 */
import type { PlainEvent } from '../../../core/event.ts';
import type { Increment, Mutations, Put } from './serializer.ts';

/** Something that is added to a counter, and whether HBase has answered that it is. */
export interface Raise {
  readonly increment: Increment;
  done: boolean;
}

/** An event on its way. */
export interface Prepared {
  readonly puts: readonly Put[];
  readonly raises: readonly Raise[];
}

/** The last batch, as long as it is not done. */
export class Unfinished {
  #last: { readonly events: readonly PlainEvent[]; readonly prepared: readonly Prepared[] } | undefined;

  /**
   * What the events of a batch become. An event with the headers and the body of one of the last batch becomes what that did: a channel
   * may give it back as another object. When another sink of the channel has that one now, an equal one here has its row: no event
   * that is acknowledged is without one.
   * @throws what `make` throws; then the last batch is remembered as before
   */
  prepare(events: readonly PlainEvent[], make: (event: PlainEvent) => Mutations): readonly Prepared[] {
    const known = this.#known();
    const prepared = events.map((event): Prepared => {
      const again = known.size === 0 ? undefined : known.get(keyOf(event))?.shift();
      if (again !== undefined) return again;
      const { increments, puts } = make(event);
      return { puts, raises: increments.map((increment) => ({ increment, done: false })) };
    });
    this.#last = { events, prepared };
    return prepared;
  }

  /** The batch has left the channel. */
  done(): void {
    this.#last = undefined;
  }

  #known(): Map<string, Prepared[]> {
    const known = new Map<string, Prepared[]>();
    for (const [i, event] of (this.#last?.events ?? []).entries()) {
      const one = this.#last?.prepared[i];
      if (one === undefined) continue;
      const key = keyOf(event);
      const own = known.get(key);
      if (own === undefined) known.set(key, [one]);
      else own.push(one);
    }
    return known;
  }
}

function keyOf({ body, headers }: PlainEvent): string {
  return JSON.stringify([
    Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)),
    Buffer.from(body).toString('base64'),
  ]);
}
