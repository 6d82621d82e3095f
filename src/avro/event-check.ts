/**
 * The look at events that strangers sent, before anything is done with them: whether the bytes are an array of events, how many
 * there are, and whether they keep to limits. A frame of 64 MiB can hold 22 million events of three bytes, or one event of 33
 * million headers: the look is done in slices, between which others have their turn.
 */
import { StreamjobError } from '../core/errors.ts';
import { nextTurn } from '../core/turn.ts';
import { EventBlock } from './event-block.ts';
import { AvroReader } from './reader.ts';

/** What one request, or one batch of a sink, may hold. */
export interface EventLimits {
  /** Events. */
  readonly maxEvents: number;
  /** Headers of one event. */
  readonly maxHeaders: number;
  /** Headers of one event, in bytes as they are encoded. */
  readonly maxHeaderBytes: number;
}

/** Far more than Flume's sinks send unless somebody sets it, and little enough to be worked on without a break. */
export const DEFAULT_EVENT_LIMITS: EventLimits = { maxEvents: 100_000, maxHeaders: 1000, maxHeaderBytes: 256 * 1024 };

/** Events and headers that are looked at in one slice: about two milliseconds. */
const SLICE = 50_000;
/** Headers of all events together, for each event that is allowed. */
const HEADERS_PER_EVENT = 10;
/** Avro cuts an array into blocks; real peers write one. */
const MOST_BLOCKS = 10_000;

/** One look. */
export class EventCheck {
  readonly #reader: AvroReader;
  readonly #limits: EventLimits;
  readonly #start: number;
  /** Where the items of each block of the array begin and end, one behind the other. */
  readonly #places: number[] = [];
  /** Events of the block under way that are not looked at yet; -1: the block has not begun. */
  #left = -1;
  #events = 0;
  #headers = 0;
  /** It is one event, without an array around it. */
  readonly #isOne: boolean;

  /** @param position where the array starts; 'one': the bytes are one event, the parameter of `append` */
  constructor(bytes: Buffer, position: number | 'one', limits: EventLimits) {
    this.#isOne = position === 'one';
    this.#start = position === 'one' ? 0 : position;
    this.#reader = new AvroReader(bytes, this.#start);
    this.#limits = limits;
    if (this.#isOne) {
      this.#events = 1;
      this.#left = 1;
    }
  }

  /**
   * Looks at the next events.
   * @returns whether that was all
   * @throws StreamjobError PROTOCOL_ERROR when the bytes are no such array, LIMIT_EXCEEDED
   */
  slice(): boolean {
    const reader = this.#reader;
    let work = SLICE;
    while (work > 0) {
      if (this.#left < 0) {
        this.#left = this.#beginBlock();
        if (this.#left === 0) return true;
        work--;
      }
      while (this.#left > 0 && work > 0) {
        work -= 1 + this.#lookAtHeaders();
        reader.skip();
        this.#left--;
      }
      if (this.#left === 0 && this.#isOne) return true;
      if (this.#left === 0) {
        this.#places.push(reader.position - this.#start);
        this.#left = -1;
      }
    }
    return false;
  }

  /** The events; to be asked for when `slice` has said that it was all. */
  get block(): EventBlock {
    const bytes = this.#reader.bytes.subarray(this.#start, this.#reader.position);
    if (this.#isOne) return EventBlock.fromItems(1, [bytes]);
    return EventBlock.trusted(this.#events, bytes, this.#places);
  }

  #beginBlock(): number {
    const count = this.#reader.blockCount(2);
    if (count === 0) return 0;
    this.#events += count;
    const { maxEvents } = this.#limits;
    if (this.#events > maxEvents)
      throw exceeded(
        `it has ${this.#events} events or more, the limit is ${maxEvents}`,
        'maxEvents',
        'send smaller batches',
      );
    if (this.#places.length >= MOST_BLOCKS * 2)
      throw exceeded(`its array has more than ${MOST_BLOCKS} blocks`, undefined, 'write the events as one block');
    this.#places.push(this.#reader.position - this.#start);
    return count;
  }

  #lookAtHeaders(): number {
    const { maxEvents, maxHeaders, maxHeaderBytes } = this.#limits;
    const reader = this.#reader;
    const start = reader.position;
    let headers = 0;
    for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
      headers += count;
      if (headers > maxHeaders)
        throw exceeded(`an event has ${headers} headers or more, the limit is ${maxHeaders}`, 'maxHeaders');
      for (; count > 0; count--) {
        reader.skip();
        reader.skip();
      }
    }
    const bytes = reader.position - start;
    if (bytes > maxHeaderBytes)
      throw exceeded(`the headers of an event have ${bytes} bytes, the limit is ${maxHeaderBytes}`, 'maxHeaderBytes');
    this.#headers += headers;
    if (this.#headers > maxEvents * HEADERS_PER_EVENT)
      throw exceeded(
        `its events have ${this.#headers} headers or more, the limit is ${maxEvents * HEADERS_PER_EVENT}`,
        'maxEvents',
        'send smaller batches',
      );
    return headers;
  }
}

/**
 * Events from bytes of a peer: at once where they are few, after some turns of the event loop where they are many.
 * @param position where the array starts; 'one': the bytes are one event, the parameter of `append`
 * @throws StreamjobError PROTOCOL_ERROR, LIMIT_EXCEEDED, at once or by the promise
 */
export function checkedEvents(
  bytes: Buffer,
  position: number | 'one',
  limits: EventLimits,
): EventBlock | Promise<EventBlock> {
  const check = new EventCheck(bytes, position, limits);
  return check.slice() ? check.block : inSlices(check);
}

async function inSlices(check: EventCheck): Promise<EventBlock> {
  do await nextTurn();
  while (!check.slice());
  return check.block;
}

function exceeded(what: string, option: string | undefined, or?: string): StreamjobError {
  const raise = option === undefined ? undefined : `raise ${option} of the receiver`;
  return new StreamjobError('LIMIT_EXCEEDED', `the events are refused: ${what}`, {
    hint: [or, raise].filter((each) => each !== undefined).join(', or '),
  });
}
