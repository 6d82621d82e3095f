/**
 * Messages between a driver and a host that receives for it, over one connection: JSON, each behind its length in four bytes. Some are
 * calls, which the other side answers. Both sides say every two seconds that they live; who is not heard of for ten is taken for lost.
 */
import type { Socket } from 'node:net';
import { type Clock, sleep, type Timer } from '../../core/clock.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';

/** A message: plain data with a type. */
export interface Message {
  readonly type: string;
}

/** What goes over the connection. */
type Frame = { readonly call?: number; readonly answer?: number; readonly error?: string; readonly message?: unknown };

/** What a channel is made of. */
export interface ChannelParts {
  readonly socket: Socket;
  readonly clock: Clock;
  /** Takes what the other side sends. @returns the answer, where it is a call */
  readonly onMessage: (message: Message) => unknown;
  /** Called once, when nothing comes or goes any more. */
  readonly onClose: (reason: string) => void;
}

const ALIVE_MS = 2000;
const LOST_MS = 10_000;
/** A call is answered within this time, or the other side is taken for lost. */
const CALL_MS = 60_000;
const HEAD_BYTES = 4;
const MOST_FRAME_BYTES = 8 * 1024 * 1024;
/** So much may wait for a peer that does not read. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

interface OpenCall {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: Timer;
}

/** Messages over one connection. */
export class Channel {
  readonly remote: string;
  readonly #parts: ChannelParts;
  readonly #calls = new Map<number, OpenCall>();
  #nextCall = 1;
  #heardAt: number;
  /** When the next look is due. */
  #dueAt: number;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** With so many the next message is whole, or at least its length is there. */
  #wantedBytes = HEAD_BYTES;
  #closed: string | undefined;
  #beat: Timer;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    const { clock, socket } = parts;
    this.remote = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? '?'}`;
    this.#heardAt = clock.now();
    this.#dueAt = this.#heardAt + ALIVE_MS;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('error', (error) => this.close(messageOf(error)));
    socket.on('close', () => this.close('the connection was closed'));
    this.#beat = clock.after(ALIVE_MS, () => this.#onBeat());
  }

  /** Sends a message that nobody answers. Nothing happens on a channel that is closed. */
  send<M extends Message>(message: M): void {
    this.#write({ message });
  }

  /** Sends a message. @returns what the other side answers @throws StreamjobError CONNECTION_CLOSED, RPC_ERROR, REQUEST_TIMEOUT */
  call<T>(message: Message): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#lost());
    const call = this.#nextCall++;
    return new Promise<T>((resolve, reject) => {
      const deadline = this.#parts.clock.after(CALL_MS, () => {
        this.#calls.delete(call);
        reject(new StreamjobError('REQUEST_TIMEOUT', `${this.remote} has not answered within ${CALL_MS} ms`));
      });
      this.#calls.set(call, { resolve: resolve as (answer: unknown) => void, reject, deadline });
      this.#write({ call, message });
    });
  }

  /** Ends it. @param reason for whoever waits for an answer, and for `onClose` */
  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#beat.cancel();
    this.#parts.socket.destroy();
    for (const { deadline, reject } of this.#calls.values()) {
      deadline.cancel();
      reject(this.#lost());
    }
    this.#calls.clear();
    this.#parts.onClose(reason);
  }

  /** Ends it when what was sent has gone. @param reason as of `close` */
  async end(reason: string): Promise<void> {
    if (this.#closed !== undefined) return;
    const { clock, socket } = this.#parts;
    const gone = new Promise<void>((resolve) => socket.end(resolve));
    await Promise.race([gone, sleep(clock, ALIVE_MS)]);
    this.close(reason);
  }

  #lost(): StreamjobError {
    return new StreamjobError('CONNECTION_CLOSED', `${this.remote} is lost: ${this.#closed}`);
  }

  #onBeat(): void {
    const { clock } = this.#parts;
    const now = clock.now();
    // While a function of the user held this process up, nothing could be heard: what the other side said waits to be read.
    this.#heardAt = Math.min(now, this.#heardAt + Math.max(0, now - this.#dueAt));
    this.#dueAt = now + ALIVE_MS;
    const silent = now - this.#heardAt;
    if (silent >= LOST_MS) return this.close(`nothing was heard of it for ${silent} ms`);
    this.#write({});
    if (this.#closed === undefined) this.#beat = clock.after(ALIVE_MS, () => this.#onBeat());
  }

  #write(frame: Frame): void {
    if (this.#closed !== undefined) return;
    const { socket } = this.#parts;
    const body = Buffer.from(JSON.stringify(frame));
    if (body.length > MOST_FRAME_BYTES) throw new Error(`a message of ${body.length} bytes is too large`);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(body.length);
    socket.write(Buffer.concat([head, body]));
    if (socket.writableLength > MOST_WAITING_BYTES) this.close('it does not read what it is sent');
  }

  #onData(bytes: Buffer): void {
    this.#heardAt = this.#parts.clock.now();
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    while (this.#closed === undefined && this.#receivedBytes >= this.#wantedBytes) {
      const all = this.#received.length === 1 ? (this.#received[0] as Buffer) : Buffer.concat(this.#received);
      this.#received = [all];
      const length = all.readUInt32BE();
      if (length > MOST_FRAME_BYTES) return this.close(`it sent a message of ${length} bytes`);
      this.#wantedBytes = HEAD_BYTES + length;
      if (all.length < this.#wantedBytes) return;
      this.#wantedBytes = HEAD_BYTES;
      this.#received = [all.subarray(HEAD_BYTES + length)];
      this.#receivedBytes -= HEAD_BYTES + length;
      let frame: Frame;
      try {
        frame = JSON.parse(all.toString('utf8', HEAD_BYTES, HEAD_BYTES + length)) as Frame;
      } catch {
        return this.close('it sent something that is no message');
      }
      this.#take(frame);
    }
  }

  #take({ answer, call, error, message }: Frame): void {
    if (answer !== undefined) return this.#takeAnswer(answer, message, error);
    if (message === undefined) return;
    void this.#handle(message as Message, call);
  }

  async #handle(message: Message, call: number | undefined): Promise<void> {
    try {
      const result = await this.#parts.onMessage(message);
      if (call !== undefined) this.#write({ answer: call, message: result ?? null });
    } catch (error) {
      if (call !== undefined) this.#write({ answer: call, error: messageOf(error) });
      else this.close(`what it sent cannot be used: ${messageOf(error)}`);
    }
  }

  #takeAnswer(call: number, result: unknown, error: string | undefined): void {
    const open = this.#calls.get(call);
    if (open === undefined) return;
    this.#calls.delete(call);
    open.deadline.cancel();
    if (error === undefined) open.resolve(result);
    else open.reject(new StreamjobError('RPC_ERROR', error, { where: this.remote }));
  }
}
