/**
 * Flume events as they came over the wire: an Avro array of { headers: map<string>, body: bytes }, checked once and
 * decoded only when a job looks at them. Flume's AvroFlumeEvent and Spark's SparkSinkEvent have the same encoding.
 */
import { nextTurn } from '../core/turn.ts';
import { AvroReader } from './reader.ts';
import { encodeLong } from './writer.ts';

export { encodeLong };

/** Node's Buffer has had these methods since its beginning, undocumented; its own toString calls them. */
interface SlicedBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

/** Bytes of events that are looked into without a break. */
const SLICE_BYTES = 128 * 1024;

/** An event of Flume as a job sees it. Its parts are decoded when they are first asked for. */
export class FlumeEvent {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #bodyStart: number;
  readonly #bodyEnd: number;
  #headers: Readonly<Record<string, string>> | undefined;
  #body: Uint8Array | undefined;

  /** @internal Events are made by {@link EventBlock}, and by the store of a file channel. */
  constructor(bytes: Buffer, start: number, bodyStart: number, bodyEnd: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#bodyStart = bodyStart;
    this.#bodyEnd = bodyEnd;
  }

  /** The headers, text to text. Of a key that came twice the last value counts, as in Flume's own map. */
  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= readHeaders(this.#bytes, this.#start);
    return this.#headers;
  }

  /** The body. It is a copy, so that a job that keeps it does not keep the whole block of events in memory. */
  get body(): Uint8Array {
    this.#body ??= new Uint8Array(this.#bytes.subarray(this.#bodyStart, this.#bodyEnd));
    return this.#body;
  }

  /** The event in Avro's binary encoding. A view of the block that it came in. */
  get encoded(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#bodyEnd);
  }

  /** @internal How many bytes `encoded` has. */
  get encodedLength(): number {
    return this.#bodyEnd - this.#start;
  }

  /** @internal Copies `encoded` to a place in `target`. @returns where it ends there */
  copyEncoded(target: Buffer, at: number): number {
    return at + this.#bytes.copy(target, at, this.#start, this.#bodyEnd);
  }

  /**
   * The body as text.
   * @param encoding one of Node's names, 'utf8' when left out; bytes that are no UTF-8 become U+FFFD
   */
  text(encoding?: BufferEncoding): string {
    // Twice as fast as toString for texts of this size, and what that one comes to.
    if (encoding === undefined) return (this.#bytes as SlicedBuffer).utf8Slice(this.#bodyStart, this.#bodyEnd);
    return this.#bytes.toString(encoding, this.#bodyStart, this.#bodyEnd);
  }

  /** The header `timestamp` in ms since the epoch, as Flume's timestamp interceptor sets it; undefined when it is missing or no whole number. */
  get timestamp(): number | undefined {
    const text = this.headers['timestamp'];
    return text !== undefined && /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
  }
}

function readHeaders(bytes: Buffer, start: number): Readonly<Record<string, string>> {
  const reader = new AvroReader(bytes, start);
  // No prototype: a header may be called __proto__ or constructor.
  const headers: Record<string, string> = Object.create(null);
  for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
    for (; count > 0; count--) {
      const key = reader.string();
      headers[key] = reader.string();
    }
  }
  return headers;
}

/** Checked events in their Avro bytes. */
export class EventBlock {
  /** How many events there are. */
  readonly count: number;
  /** The Avro array of the events: blocks of items up to and with the final 0. */
  readonly bytes: Buffer;

  /** Where the items of each block of the array begin and end, one behind the other, when that is known. */
  readonly #places: readonly number[] | undefined;

  private constructor(count: number, bytes: Buffer, places?: readonly number[]) {
    this.count = count;
    this.bytes = bytes;
    this.#places = places;
  }

  /**
   * Checks an array of events and keeps its bytes.
   * @param position where the array starts
   * @throws StreamjobError PROTOCOL_ERROR when the bytes are no such array
   */
  static fromArray(bytes: Buffer, position = 0): EventBlock {
    const reader = new AvroReader(bytes, position);
    let total = 0;
    for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
      total += count;
      for (; count > 0; count--) {
        reader.skipMap();
        reader.skip();
      }
    }
    return new EventBlock(total, bytes.subarray(position, reader.position));
  }

  /**
   * Checks one event (the parameter of `append`) and keeps it as an array of one.
   * @throws StreamjobError PROTOCOL_ERROR when the bytes are no event
   */
  static fromEvent(bytes: Buffer): EventBlock {
    const reader = new AvroReader(bytes);
    reader.skipMap();
    reader.skip();
    const item = bytes.subarray(0, reader.position);
    return new EventBlock(1, Buffer.concat([Buffer.of(2), item, Buffer.of(0)]));
  }

  /**
   * Events whose encodings lie behind each other: what an Avro container block holds.
   * @param items trusted: written by this process, or checked by a checksum
   */
  static fromItems(count: number, items: readonly Uint8Array[]): EventBlock {
    if (count === 0) return new EventBlock(0, Buffer.of(0));
    return new EventBlock(count, Buffer.concat([encodeLong(count), ...items, Buffer.of(0)]));
  }

  /**
   * An array that was checked before, in this process or in another thread.
   * @param bytes up to and with the final 0
   * @param places where the items of each block of the array begin and end in it, one behind the other, when that is known
   */
  static trusted(count: number, bytes: Buffer, places?: readonly number[]): EventBlock {
    return new EventBlock(count, bytes, places);
  }

  /** The bytes of the items without Avro's counts: views, in order, to be written behind each other. */
  items(): Uint8Array[] {
    const places = this.#places ?? this.#walk();
    const parts: Uint8Array[] = [];
    for (let i = 0; i < places.length; i += 2) parts.push(this.bytes.subarray(places[i], places[i + 1]));
    return parts;
  }

  #walk(): number[] {
    const reader = new AvroReader(this.bytes);
    const places: number[] = [];
    for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
      places.push(reader.position);
      for (; count > 0; count--) {
        reader.skipMap();
        reader.skip();
      }
      places.push(reader.position);
    }
    return places;
  }

  /**
   * The events that `keep` holds for, asked once for each, in order; this block when they are all. It works in slices, between
   * which others have their turn.
   */
  async filter(keep: (event: FlumeEvent) => boolean): Promise<EventBlock> {
    const reader = new AvroReader(this.bytes);
    // Where what is kept begins and ends: neighbours are one piece.
    const places: number[] = [];
    let kept = 0;
    let sliceEnd = SLICE_BYTES;
    for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
      for (; count > 0; count--) {
        const start = reader.position;
        if (keep(nextEvent(reader))) {
          kept++;
          if (places.at(-1) === start) places[places.length - 1] = reader.position;
          else places.push(start, reader.position);
        }
        if (reader.position < sliceEnd) continue;
        sliceEnd = reader.position + SLICE_BYTES;
        await nextTurn();
      }
    }
    if (kept === this.count) return this;
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < places.length; i += 2) pieces.push(this.bytes.subarray(places[i], places[i + 1]));
    return EventBlock.fromItems(kept, pieces);
  }

  /** Calls `visit` with each event, in order. */
  forEach(visit: (event: FlumeEvent) => void): void {
    const reader = new AvroReader(this.bytes);
    for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
      for (; count > 0; count--) visit(nextEvent(reader));
    }
  }

  /** All events, in order. */
  toArray(): FlumeEvent[] {
    const events: FlumeEvent[] = [];
    this.forEach((event) => {
      events.push(event);
    });
    return events;
  }
}

function nextEvent(reader: AvroReader): FlumeEvent {
  const start = reader.position;
  reader.skipMap();
  const length = reader.skip();
  return new FlumeEvent(reader.bytes, start, reader.position - length, reader.position);
}
