/**
 * The reading side of a server's connection: it cuts what comes into frames, stops reading where there is a reason to, and
 * watches that a request that has begun arrives whole.
 */

import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../core/clock.ts';
import { describeBriefly } from '../core/errors.ts';
import { soon } from '../core/machine.ts';
import type { BudgetShare, MemoryBudget } from './budget.ts';
import { FrameDecoder } from './frames.ts';
import type { Turns } from './turns.ts';

/**
 * Why a connection is not read: the owner asked, the memory for unfinished requests is used up, too many requests or answers
 * wait, a request is being looked at, or others have their turn.
 */
export type PauseReason = 'owner' | 'budget' | 'pipeline' | 'answers' | 'request' | 'turn';

/** What the reading side works with. */
export interface InboundParts {
  readonly budget: MemoryBudget;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  readonly shared: boolean;
  readonly frameTimeoutMs: number;
  readonly onFrame: (serial: number, payload: Buffer) => void;
  /** The peer has ended its side; all that it sent was heard. */
  readonly onEnd: () => void;
  readonly close: (reason: string) => void;
}

/** What looking at a piece costs, what a request does, and what each of its bytes may, in units of {@link Turns}. */
const UNITS_PER_PIECE = 5;
const UNITS_PER_FRAME = 20;
const BYTES_PER_UNIT = 128;
const NOTHING = Buffer.alloc(0);

/** The reading side. */
export class Inbound {
  readonly #parts: InboundParts;
  readonly #share: BudgetShare;
  readonly #decoder: FrameDecoder;
  readonly #pauses = new Set<PauseReason>();
  #stream: Duplex | undefined;
  #beingRead = false;
  /** What was read and not looked at before reading stopped; whether the peer has ended behind it. */
  #rest: Buffer = NOTHING;
  #peerEnded = false;
  #frameTimer: Timer | undefined;
  #closed = false;
  #receivedAt: number;

  constructor(parts: InboundParts) {
    this.#parts = parts;
    this.#receivedAt = parts.clock.now();
    this.#share = parts.budget.share({
      resume: () => soon(() => this.resume('budget')),
      waitsForPeer: () => this.#waitsForPeer(),
      close: parts.close,
    });
    this.#decoder = new FrameDecoder(
      parts.maxFrameBytes,
      (serial, payload) => {
        // A complete frame's time is over: the next one in the same chunk gets its own.
        this.#stopFrameTimer();
        parts.turns.spend(UNITS_PER_FRAME + payload.length / BYTES_PER_UNIT);
        parts.onFrame(serial, payload);
      },
      parts.shared,
    );
  }

  /** Whether a request has begun and not ended. */
  get partial(): boolean {
    return this.#decoder.partial || this.#rest.length > 0;
  }

  /** When something was received last, or else when the connection was made; in ms of the clock. */
  get receivedAt(): number {
    return this.#receivedAt;
  }

  isPaused(reason: PauseReason): boolean {
    return this.#pauses.has(reason);
  }

  /** The layers are off: `stream` carries frames. */
  open(stream: Duplex): void {
    this.#stream = stream;
    if (this.#pauses.size === 0) this.#read(stream);
  }

  /** The connection is gone. */
  stop(): void {
    this.#closed = true;
    this.#rest = NOTHING;
    this.#stopFrameTimer();
    this.#share.release();
  }

  pause(reason: PauseReason): void {
    this.#pauses.add(reason);
    this.#stream?.pause();
    // The peer cannot finish its request while we do not read: its time stands still.
    this.#stopFrameTimer();
  }

  resume(reason: PauseReason): void {
    if (!this.#pauses.delete(reason) || this.#pauses.size > 0 || this.#stream === undefined || this.#closed) return;
    const rest = this.#rest;
    this.#rest = NOTHING;
    if (rest.length > 0) this.#take(rest);
    // It may have been too much again, or the last that came.
    if (this.#pauses.size > 0 || this.#closed) return;
    if (this.#peerEnded) return this.#onEnd();
    if (this.#beingRead) this.#stream.resume();
    else this.#read(this.#stream);
    this.#watchFrame();
  }

  /**
   * Begins to read. A connection that is opened while reading has stopped gets no listener for data yet: the look at its
   * first byte used 'readable', and after that Node resumes whatever has a listener for data, paused or not.
   */
  #read(stream: Duplex): void {
    this.#beingRead = true;
    stream.on('data', (chunk: Buffer) => {
      this.#receivedAt = this.#parts.clock.now();
      this.#take(chunk);
    });
    stream.on('end', () => this.#onEnd());
    stream.on('drain', () => this.resume('answers'));
    stream.resume();
  }

  /**
   * A chunk may hold thousands of small requests: when one of them stops reading, those behind it wait, or the owner would get
   * far more than it can bear.
   */
  #take(chunk: Buffer): void {
    const { turns, close } = this.#parts;
    for (let at = 0; at < chunk.length && !this.#closed; ) {
      if (!turns.isOpen) {
        this.pause('turn');
        turns.wait(() => this.resume('turn'));
      }
      if (this.#pauses.size > 0) {
        const rest = chunk.subarray(at);
        this.#rest = this.#rest.length === 0 ? rest : Buffer.concat([this.#rest, rest]);
        if (!this.#hold()) this.pause('budget');
        else if (this.#pauses.has('budget')) soon(() => this.resume('budget'));
        return;
      }
      try {
        at = this.#decoder.take(chunk, at);
      } catch (error) {
        return close(describeBriefly(error));
      }
      turns.spend(UNITS_PER_PIECE);
      if (!this.#closed && !this.#hold()) this.pause('budget');
    }
    this.#watchFrame();
  }

  /** Tells the budget what is held, with the whole of the buffer that an unread rest lies in. @returns whether to read on */
  #hold(): boolean {
    const rest = this.#rest.length === 0 ? 0 : this.#rest.buffer.byteLength;
    return this.#share.hold(this.#decoder.heldBytes + rest, this.#decoder.wantedBytes);
  }

  /** Whether nothing of ours keeps the request from growing: the peer has sent nothing that is not taken. */
  #waitsForPeer(): boolean {
    for (const reason of this.#pauses) if (reason !== 'budget') return false;
    return this.#rest.length === 0 && (this.#stream?.readableLength ?? 0) === 0;
  }

  #watchFrame(): void {
    if (!this.#decoder.partial || this.#pauses.size > 0 || this.#closed) this.#stopFrameTimer();
    else if (this.#frameTimer === undefined) {
      const { frameTimeoutMs, clock, close } = this.#parts;
      this.#frameTimer = clock.after(frameTimeoutMs, () =>
        close(`a request did not arrive whole within ${frameTimeoutMs} ms`),
      );
    }
  }

  #stopFrameTimer(): void {
    this.#frameTimer?.cancel();
    this.#frameTimer = undefined;
  }

  #onEnd(): void {
    this.#peerEnded = true;
    if (this.#rest.length > 0) return;
    if (this.#decoder.partial) this.#parts.close('it ended in the middle of a request');
    else this.#parts.onEnd();
  }
}
