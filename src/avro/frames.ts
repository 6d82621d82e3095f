/**
 * Netty framing of Avro RPC, the same both ways, over any split of the bytes:
 *   int32BE serial · int32BE listSize · listSize × ( int32BE length · bytes )
 * The buffers' boundaries carry no meaning: a frame's payload is their concatenation. Replies are matched by the serial only.
 */
import { StreamjobError } from '../core/errors.ts';
import { sharedBytes } from '../core/shared-memory.ts';

/** The limit of a frame's payload unless set otherwise, in bytes. */
export const DEFAULT_MAX_FRAME_BYTES: number = 64 * 1024 * 1024;

/** A frame as the bytes to write. One buffer is enough: any split is accepted by all known peers. */
export function encodeFrame(serial: number, ...parts: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const frame = Buffer.allocUnsafe(12 + length);
  frame.writeInt32BE(serial | 0, 0);
  frame.writeInt32BE(1, 4);
  frame.writeInt32BE(length, 8);
  let offset = 12;
  for (const part of parts) offset += part.copy(frame, offset);
  return frame;
}

/** So many heads and pieces are looked at in one go; then others have their turn. */
const STEPS_AT_ONCE = 512;
/** Memory for the payload of a frame that has begun, at first; it doubles as the bytes come. */
const FIRST_BYTES = 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into frames. The bytes of an unfinished frame are copied into memory of its own, so that what is held is
 * what `heldBytes` says, and no small piece keeps the whole buffer that it was read into. It is bounded by the limit of a frame.
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number;
  readonly #shared: boolean;
  readonly #onFrame: (serial: number, payload: Buffer) => void;
  /** Bytes of the 8 or 4 byte head that is being read; heads may come split too. */
  readonly #head = Buffer.alloc(8);
  #headLength = 0;
  #serial = 0;
  /** How many buffers the frame has. */
  #buffers = 0;
  /** Buffers of the frame that have not begun; -1 while the frame's own head is being read. */
  #buffersLeft = -1;
  /** Bytes of the current buffer that have not come. */
  #bytesLeft = 0;
  /** Memory for the payload; its first `#length` bytes have come. */
  #payload: Buffer = NOTHING;
  #length = 0;
  /** Bytes of the frame so far, heads included: a frame of a million empty buffers has a size too. */
  #frameBytes = 0;

  /** @param shared whether payloads lie in memory that other threads can see: then none is a view of what was read */
  constructor(maxFrameBytes: number, onFrame: (serial: number, payload: Buffer) => void, shared = false) {
    this.#shared = shared;
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** The memory held for an unfinished frame, in bytes. */
  get heldBytes(): number {
    return this.#payload.length;
  }

  /** The bytes that the unfinished frame wants still; where it is a list of buffers, as many as those before them let expect. */
  get wantedBytes(): number {
    if (this.#buffersLeft <= 0) return this.#bytesLeft;
    const begun = this.#buffers - this.#buffersLeft;
    const average = begun === 0 ? 0 : (this.#length + this.#bytesLeft) / begun;
    return this.#bytesLeft + Math.ceil(this.#buffersLeft * average);
  }

  /** Whether a frame has begun and not ended. */
  get partial(): boolean {
    return this.#buffersLeft >= 0 || this.#headLength > 0;
  }

  /**
   * Takes all of the next bytes and calls back for each frame that they complete.
   * @throws StreamjobError PROTOCOL_ERROR or FRAME_TOO_LARGE; the stream cannot be read on after it
   */
  push(chunk: Buffer): void {
    for (let offset = 0; offset < chunk.length; ) offset = this.take(chunk, offset);
  }

  /**
   * Takes the next bytes up to the end of a frame, for which it calls back, or as many as may be looked at in one go.
   * @returns where it stopped
   * @throws StreamjobError as {@link push}
   */
  take(chunk: Buffer, offset: number): number {
    let at = offset;
    for (let steps = 0; at < chunk.length && steps < STEPS_AT_ONCE; steps++) {
      at += this.#bytesLeft > 0 ? this.#takeBody(chunk, at) : this.#takeHead(chunk, at);
      if (this.#buffersLeft === 0 && this.#bytesLeft === 0) {
        this.#endFrame();
        break;
      }
    }
    return at;
  }

  #takeHead(chunk: Buffer, offset: number): number {
    const wanted = this.#buffersLeft < 0 ? 8 : 4;
    const taken = Math.min(wanted - this.#headLength, chunk.length - offset);
    chunk.copy(this.#head, this.#headLength, offset, offset + taken);
    this.#headLength += taken;
    if (this.#headLength < wanted) return taken;
    this.#headLength = 0;
    if (wanted === 8) this.#beginFrame();
    else this.#beginBuffer();
    return taken;
  }

  #beginFrame(): void {
    this.#serial = this.#head.readInt32BE(0);
    const buffers = this.#head.readInt32BE(4);
    if (buffers <= 0) throw new StreamjobError('PROTOCOL_ERROR', `a frame says that it has ${buffers} buffers`);
    if (buffers * 4 > this.#maxFrameBytes) throw tooLarge(`${buffers} buffers`, this.#maxFrameBytes);
    this.#buffers = buffers;
    this.#buffersLeft = buffers;
    this.#frameBytes = 8;
  }

  #beginBuffer(): void {
    const length = this.#head.readInt32BE(0);
    if (length < 0) throw new StreamjobError('PROTOCOL_ERROR', `a buffer says that it has ${length} bytes`);
    this.#frameBytes += 4 + length;
    if (this.#frameBytes > this.#maxFrameBytes) throw tooLarge(`${this.#frameBytes} bytes`, this.#maxFrameBytes);
    this.#bytesLeft = length;
    this.#buffersLeft--;
  }

  #takeBody(chunk: Buffer, offset: number): number {
    const taken = Math.min(this.#bytesLeft, chunk.length - offset);
    const whole = this.#length === 0 && this.#buffersLeft === 0 && taken === this.#bytesLeft;
    this.#bytesLeft -= taken;
    if (whole) {
      const view = chunk.subarray(offset, offset + taken);
      // A payload lives as long as its batch: a view that would keep what was read for a small part of it is copied.
      const isView = !this.#shared && taken * 4 >= chunk.buffer.byteLength * 3;
      this.#payload = isView ? view : this.#copy(view);
    } else {
      this.#reserve(taken);
      chunk.copy(this.#payload, this.#length, offset, offset + taken);
    }
    this.#length += taken;
    return taken;
  }

  /** Makes room for the next bytes. The memory doubles, up to what the frame is known to need. */
  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#payload.length) return;
    const doubled = Math.max(needed, this.#payload.length * 2, FIRST_BYTES);
    const atMost = this.#buffersLeft === 0 ? needed + this.#bytesLeft : this.#maxFrameBytes;
    const larger = Buffer.allocUnsafeSlow(Math.min(doubled, atMost));
    this.#payload.copy(larger, 0, 0, this.#length);
    this.#payload = larger;
  }

  #endFrame(): void {
    const all = this.#length === this.#payload.length ? this.#payload : this.#payload.subarray(0, this.#length);
    const isCopy = all.length === 0 || all.buffer instanceof SharedArrayBuffer;
    const fits = !this.#shared && this.#length * 4 >= this.#payload.length * 3;
    const payload = isCopy || fits ? all : this.#copy(all);
    this.#payload = NOTHING;
    this.#length = 0;
    this.#buffersLeft = -1;
    this.#onFrame(this.#serial, payload);
  }

  /** Not into Node's pool: what lies there keeps its neighbours. */
  #copy(bytes: Buffer): Buffer {
    const copy = this.#shared ? sharedBytes(bytes.length) : Buffer.allocUnsafeSlow(bytes.length);
    copy.set(bytes);
    return copy;
  }
}

function tooLarge(size: string, limit: number): StreamjobError {
  return new StreamjobError('FRAME_TOO_LARGE', `a frame has ${size}, more than the limit of ${limit} bytes`, {
    hint: 'send smaller batches, or raise maxFrameBytes',
  });
}
