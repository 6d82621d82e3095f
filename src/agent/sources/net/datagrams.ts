/**
 * A UDP socket whose datagrams wait in a bounded queue for the channels. Nobody sends a datagram again: the queue keeps what comes
 * while the channels take nothing, and what has no room there is lost, counted and told.
 */
import type { RemoteInfo, Socket } from 'node:dgram';
import { listenError, messageOf } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { dgram, net } from '../../../core/machine.ts';
import type { Source, SourceContext } from '../source.ts';
import { never } from '../source.ts';
import { deliverAll } from './batches.ts';

/** What the kernel may keep for us, as far as it is allowed to. */
const KERNEL_BUFFER_BYTES = 4 * 1024 * 1024;
const QUEUED_BYTES = 64 * 1024 * 1024;
/** What a datagram costs beside its bytes. */
const DATAGRAM_BYTES = 200;

/** How datagrams are taken. */
export interface DatagramOptions {
  /** undefined: every address of this machine. */
  readonly host: string | undefined;
  readonly port: number;
  /** Makes the event of a datagram; undefined: there is none in it. */
  readonly eventOf: (bytes: Buffer, from: RemoteInfo) => Promise<PlainEvent | undefined> | PlainEvent | undefined;
}

interface Datagram {
  readonly bytes: Buffer;
  readonly from: RemoteInfo;
}

/** A source of datagrams. */
export class DatagramSource implements Source {
  readonly endless = true;
  readonly #options: DatagramOptions;
  readonly #context: SourceContext;
  readonly #stopped = new AbortController();
  #queue: Datagram[] = [];
  #queuedBytes = 0;
  #lost = 0;
  #socket: Socket | undefined;
  #address: Source['address'];
  #draining: Promise<void> | undefined;

  constructor(options: DatagramOptions, context: SourceContext) {
    this.#options = options;
    this.#context = context;
  }

  get address(): Source['address'] {
    return this.#address;
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    const type = host !== undefined && net.isIP(host) === 6 ? 'udp6' : 'udp4';
    const socket = dgram.createSocket({ type, recvBufferSize: KERNEL_BUFFER_BYTES });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(listenError(error, `${host ?? '*'}:${port}`, `source ${this.#context.name}`));
      });
      socket.bind({ port, ...(host === undefined ? {} : { address: host }) }, () => resolve());
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => {
      this.#context.counters.EventReadFail++;
      this.#context.log.warn({ cause: messageOf(error) }, `source ${this.#context.name}: its socket has an error`);
    });
    socket.on('message', (bytes, from) => this.#take({ bytes, from }));
    const { address, port: bound } = socket.address();
    this.#address = { host: address, port: bound };
    this.#socket = socket;
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    if (socket !== undefined) {
      this.#socket = undefined;
      await new Promise<void>((resolve) => {
        socket.close(resolve);
      });
      this.#stopped.abort();
    }
    await this.#draining;
  }

  whenEnded(): Promise<void> {
    return never();
  }

  #take(datagram: Datagram): void {
    const bytes = datagram.bytes.length + DATAGRAM_BYTES;
    if (this.#queuedBytes + bytes > QUEUED_BYTES) return this.#lose(1, 'the channels take less than comes');
    this.#queuedBytes += bytes;
    this.#queue.push(datagram);
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const taken = this.#queue;
      this.#queue = [];
      const events: PlainEvent[] = [];
      for (const { bytes, from } of taken) {
        const event = await this.#options.eventOf(bytes, from);
        if (event !== undefined) events.push(event);
      }
      // What was taken counts until the channels have it: it is in memory as before.
      const lost = await deliverAll(events, this.#context, this.#stopped.signal);
      this.#queuedBytes -= taken.reduce((sum, { bytes }) => sum + bytes.length + DATAGRAM_BYTES, 0);
      if (lost > 0) this.#lose(lost, 'the source was stopped before the channels took them');
    }
  }

  /** The first is told, then each tenfold. */
  #lose(events: number, why: string): void {
    const { counters, log, name } = this.#context;
    const before = this.#lost;
    this.#lost += events;
    counters.ChannelWriteFail += events;
    if (String(before).length === String(this.#lost).length && before > 0) return;
    log.error({ lost: this.#lost }, `source ${name}: ${this.#lost} datagrams are lost so far: ${why}`);
  }
}
