/**
 * The netcat source: one event per line of a TCP connection, each answered OK once the channels have it.
 * Lines that have arrived together share a transaction; each is answered by itself, in order.
 */
import type { Server, Socket } from 'node:net';
import { listenError, messageOf } from '../../core/errors.ts';
import { net } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { bool, charset, int, port, text, type Values } from '../component/fields.ts';
import { incomingLines } from './net/lines.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';

const fields = {
  bind: text({ doc: 'address to listen on', required: true }),
  port: port({ doc: 'port to listen on', required: true }),
  'ack-every-event': bool({ doc: 'answer OK to each line', default: true }),
  'max-line-length': int({
    unit: 'characters',
    doc: 'longest line in characters, with its newline',
    default: 512,
    min: 1,
  }),
  encoding: charset({ doc: 'character set of the lines and of the answers; bodies are UTF-8', default: 'utf-8' }),
};

const LARGEST_BATCH = 100;
/** Of all events: an event that gets headers is another one. */
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
/** How long a peer has to take its last answers once it was refused, or the source stops, in ms. */
const LINGER_MS = 1000;

/** One connection: the lines of its peer, and the answers, both in the source's character set. */
interface Connection {
  readonly socket: Socket;
  readonly encode: (text: string) => Buffer;
  /** Whether lines of it are on their way to the channels. */
  busy: boolean;
}

class NetcatSource implements Source {
  readonly endless = true;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #connections = new Map<Connection, Promise<void>>();
  #server: Server | undefined;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    gauge(context.counters, 'OpenConnectionCount', () => this.#connections.size);
  }

  get address(): { readonly host: string; readonly port: number } | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : undefined;
  }

  async start(): Promise<void> {
    const { bind, port: number } = this.#values;
    const server = net.createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, `${bind}:${number}`, `source ${this.#context.name}`)));
      server.listen(number, bind, resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    // One whose lines are on their way ends itself, after their answers.
    for (const { socket, busy } of this.#connections.keys()) if (!busy) socket.destroySoon();
    // A peer that does not read its answers would hold the source for ever.
    const timer = this.#context.clock.after(LINGER_MS, () => {
      for (const { socket } of this.#connections.keys()) socket.destroy();
    });
    await Promise.all(this.#connections.values());
    await closed;
    timer.cancel();
  }

  whenEnded(): Promise<void> {
    return never();
  }

  #accept(socket: Socket): void {
    const { log, name } = this.#context;
    // A reset comes as an error of the iteration below; without a listener it would end the process.
    socket.on('error', () => {});
    const connection: Connection = { socket, encode: this.#values.encoding.encoder(), busy: false };
    const serving = this.#serve(connection)
      .catch((error: unknown) => log.debug({ cause: messageOf(error) }, `source ${name}: a connection ended`))
      .finally(() => {
        this.#connections.delete(connection);
      });
    this.#connections.set(connection, serving);
  }

  async #serve(connection: Connection): Promise<void> {
    const { socket } = connection;
    const { encoding, 'max-line-length': longest } = this.#values;
    const incoming = incomingLines(encoding, longest);
    // Nothing is read while a batch is on its way: the peer feels a full channel.
    // It must not be destroyed when the loop is left, or the last answer would be lost.
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const { bodies, refusal } = incoming.push(chunk);
      await this.#put(connection, bodies);
      // The source was stopped meanwhile.
      if (this.#server === undefined) return socket.destroySoon();
      if (refusal === 'too long') {
        return this.#refuse(connection, `Event exceeds the maximum length (${longest} chars, including newline)`);
      }
      if (refusal === 'malformed') {
        // Flume closes the connection without a word.
        this.#context.counters.EventReadFail++;
        return this.#refuse(connection, `Event is not valid ${encoding.name}`);
      }
    }
  }

  /** Ends the connection after a last answer; what the peer still sends is thrown away, since unread data would turn the end into a reset. */
  #refuse({ socket, encode }: Connection, reason: string): void {
    socket.end(encode(`FAILED: ${reason}\n`));
    socket.resume();
    const timer = this.#context.clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', () => timer.cancel());
  }

  async #put(connection: Connection, bodies: readonly Buffer[]): Promise<void> {
    const { socket, encode } = connection;
    const { processor, counters } = this.#context;
    const size = Math.min(LARGEST_BATCH, processor.batchLimit);
    connection.busy = true;
    for (let i = 0; i < bodies.length; i += size) {
      const batch = bodies.slice(i, i + size).map((body) => ({ headers: NO_HEADERS, body }));
      counters.EventReceivedCount += batch.length;
      let answer = this.#values['ack-every-event'] ? 'OK\n' : '';
      try {
        await processor.process(batch);
        counters.EventAcceptedCount += batch.length;
      } catch (error) {
        counters.ChannelWriteFail++;
        answer = `FAILED: ${messageOf(error).replaceAll('\n', ' ')}\n`;
      }
      if (answer !== '' && socket.writable && !socket.write(encode(answer.repeat(batch.length)))) await drained(socket);
    }
    connection.busy = false;
  }
}

/** Resolves when the peer has taken what was written, or is gone: answers to one that reads none must not gather without bound. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}

/** The netcat source. */
export const netcat: SourceType = defineComponent({
  type: 'netcat',
  aliases: ['org.apache.flume.source.NetcatSource'],
  doc: 'one event per line of a TCP connection',
  delivery:
    "What a line's OK says: every required channel has it. A line that was answered FAILED is its peer's to send again.",
  differences: [
    'Lines that have arrived together, up to 100, share one transaction: on a channel that has room for a part of them all are answered FAILED, where Flume takes some.',
    'It has counters.',
    'A peer that does not read its answers is not read on, and does not hold up a stop.',
  ],
  fields,
  resources: ({ bind, port: number }) => [{ kind: 'port', host: bind, port: number, property: 'port' }],
  create: (values, context: SourceContext): Source => new NetcatSource(values, context),
});
