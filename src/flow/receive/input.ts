/**
 * An input: what one stream is fed by. It has one receiver or several, on this machine or on others; what belongs to the stream and
 * not to one of them (ids, the position of what it reads, what it looks for when a batch is cut) is here.
 */
import { count, type OptionTable, object, text } from '../../core/options.ts';
import type { Receiver } from './receiver.ts';

/** How events that come again are known. */
export interface DedupeOptions {
  /** The header whose value is the event's id. */
  readonly header: string;
  /** At least so many of the last ids are known. Default: 1,000,000. */
  readonly remember?: number;
}

export const DEDUPE_OPTIONS = {
  header: text({
    required: true,
    expected: 'the name of the header that holds the id',
    doc: "the header whose value is the event's id",
  }),
  remember: count({ min: 1, default: 1_000_000, unit: 'ids', doc: 'at least so many of the last ids are known' }),
} satisfies OptionTable<DedupeOptions>;

/** The option of the receivers that know events by an id. */
export const DEDUPE_OPTION = object(DEDUPE_OPTIONS, {
  expected: "{ header: 'id', remember: 1_000_000 }",
  absent: 'an event that comes again is another event',
  doc: "events that come again are dropped by the id in a header, e.g. that of Flume's UUID interceptor",
});

/** How an input knows events that come again, with all defaults. */
export type Dedupe = Required<DedupeOptions>;

/** What one stream is fed by. What only some inputs have is a part with a name. */
export interface Input {
  /** The number of its stream. */
  readonly id: number;
  /** As messages name it; where there is one receiver, that one's name. */
  readonly name: string;
  /** The place of each tells which it is. */
  readonly receivers: readonly Receiver[];
  readonly dedupe?: Dedupe | undefined;
  readonly atCut?: AtCut | undefined;
  readonly position?: Position | undefined;
}

/** Of an input that looks for its data when a batch is cut. It is not read at a rate, and not paused. */
export interface AtCut {
  /** Hands over what belongs to the batch. @param time of the batch, in ms since the epoch */
  look(time: number): Promise<void>;
  /** Whether there is something that the next batch would find; left out: nobody knows before. */
  pending?(): boolean;
}

/**
 * Of an input without a peer that sends again, which can read again from where it was: files by their names, say. It is asked when a
 * batch commits, so that only an input that hands data over at the cut (`atCut`) may have one: all that it has handed over by then is in
 * this batch or in one before. One that reads on between cuts (a consumer of a log) moves its own offsets when `settle` tells it "committed".
 */
export interface Position {
  /** Where it has come to: plain data, stored when the batch commits. */
  current(): unknown;
  /** Goes on where the last run had come to. @param lastTime of its last batch, in ms @param stored what `current` gave then */
  resume(lastTime: number, stored: unknown): void;
}

/** An input with one receiver. */
export function inputOf(id: number, receiver: Receiver, parts: Pick<Input, 'dedupe'> = {}): Input {
  return {
    id,
    get name() {
      return receiver.name;
    },
    receivers: [receiver],
    ...parts,
  };
}
