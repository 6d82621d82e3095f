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

/** Cuts a byte stream into frames. What it keeps of an unfinished frame is bounded by the limit of a frame. */
export class FrameDecoder {
  readonly #maxFrameBytes: number;
  readonly #shared: boolean;
  readonly #onFrame: (serial: number, payload: Buffer) => void;
  /** Bytes of the 8 or 4 byte head that is being read; heads may come split too. */
  readonly #head = Buffer.alloc(8);
  #headLength = 0;
  #serial = 0;
  /** Buffers of the frame that have not begun; -1 while the frame's own head is being read. */
  #buffersLeft = -1;
  /** Bytes of the current buffer that have not come. */
  #bytesLeft = 0;
  /** What has come of the payload: views of the chunks that it came in, put together once when it is whole. */
  #pieces: Buffer[] = [];
  #payloadLength = 0;
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
    return this.#payloadLength + this.#pieces.length * PIECE_BYTES;
  }

  /** Whether a frame has begun and not ended. */
  get partial(): boolean {
    return this.#buffersLeft >= 0 || this.#headLength > 0;
  }

  /**
   * Takes the next bytes and calls back for each frame that they complete.
   * @throws StreamjobError PROTOCOL_ERROR or FRAME_TOO_LARGE; the stream cannot be read on after it
   */
  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#bytesLeft > 0) offset += this.#takeBody(chunk, offset);
      else offset += this.#takeHead(chunk, offset);
    }
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
    this.#buffersLeft = buffers;
    this.#frameBytes = 8;
    this.#payloadLength = 0;
    this.#pieces = [];
  }

  #beginBuffer(): void {
    const length = this.#head.readInt32BE(0);
    if (length < 0) throw new StreamjobError('PROTOCOL_ERROR', `a buffer says that it has ${length} bytes`);
    this.#frameBytes += 4 + length;
    if (this.#frameBytes > this.#maxFrameBytes) throw tooLarge(`${this.#frameBytes} bytes`, this.#maxFrameBytes);
    this.#bytesLeft = length;
    this.#buffersLeft--;
    if (length === 0) this.#endBuffer();
  }

  #takeBody(chunk: Buffer, offset: number): number {
    const taken = Math.min(this.#bytesLeft, chunk.length - offset);
    this.#pieces.push(chunk.subarray(offset, offset + taken));
    this.#payloadLength += taken;
    this.#bytesLeft -= taken;
    // A frame that comes drop by drop must not cost many times its bytes.
    if (this.#pieces.length >= FEW_PIECES && this.#pieces.length * PIECE_BYTES > this.#payloadLength)
      this.#pieces = [together(this.#pieces, this.#payloadLength)];
    if (this.#bytesLeft === 0) this.#endBuffer(chunk.buffer.byteLength);
    return taken;
  }

  #endBuffer(memory = 0): void {
    if (this.#buffersLeft > 0) return;
    const [only] = this.#pieces;
    // A payload lives as long as its batch: a view that would keep what was read for a small part of it is copied.
    const isView = !this.#shared && this.#pieces.length === 1 && only !== undefined && only.length * 4 >= memory * 3;
    const payload = isView ? only : together(this.#pieces, this.#payloadLength, this.#shared);
    this.#pieces = [];
    this.#payloadLength = 0;
    this.#buffersLeft = -1;
    this.#onFrame(this.#serial, payload);
  }
}

/** What an unfinished piece costs beside its bytes, about. */
const PIECE_BYTES = 128;
const FEW_PIECES = 16;

/** Not from Node's pool: what lies there keeps its neighbours. */
function together(pieces: readonly Buffer[], length: number, shared = false): Buffer {
  const whole = shared ? sharedBytes(length) : Buffer.allocUnsafeSlow(length);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

function tooLarge(size: string, limit: number): StreamjobError {
  return new StreamjobError('FRAME_TOO_LARGE', `a frame has ${size}, more than the limit of ${limit} bytes`, {
    hint: 'send smaller batches, or raise maxFrameBytes',
  });
}
