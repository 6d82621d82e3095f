/**
 * The netcat source: one event per line of a TCP connection, each answered OK once the channels have it.
 * Lines that have arrived together share a transaction; each is answered by itself, in order.
 */
import net from 'node:net';
import { listenError, messageOf } from '../../core/errors.ts';
import { defineComponent } from '../config/component.ts';
import { bool, charset, int, port, text, type Values } from '../config/fields.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';

const fields = {
  bind: text({ doc: 'address to listen on', required: true }),
  port: port({ doc: 'port to listen on', required: true }),
  'ack-every-event': bool({ doc: 'answer OK to each line', default: true }),
  'max-line-length': int({ doc: 'longest line in characters, with its newline', default: 512, min: 1 }),
  encoding: charset({ doc: 'character set of the lines', default: 'utf-8' }),
};

const LARGEST_BATCH = 100;
/** How long a refused peer has to end its side, in ms. */
const LINGER_MS = 1000;

class NetcatSource implements Source {
  readonly endless = true;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #connections = new Map<net.Socket, Promise<void>>();
  #server: net.Server | undefined;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
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
    for (const socket of this.#connections.keys()) socket.destroySoon();
    await Promise.all(this.#connections.values());
    await closed;
  }

  whenEnded(): Promise<void> {
    return never();
  }

  #accept(socket: net.Socket): void {
    const { counters, log, name } = this.#context;
    counters.OpenConnectionCount++;
    // A reset comes as an error of the iteration below; without a listener it would end the process.
    socket.on('error', () => {});
    const serving = this.#serve(socket)
      .catch((error: unknown) => log.debug({ cause: messageOf(error) }, `source ${name}: a connection ended`))
      .finally(() => {
        counters.OpenConnectionCount--;
        this.#connections.delete(socket);
      });
    this.#connections.set(socket, serving);
  }

  async #serve(socket: net.Socket): Promise<void> {
    const decoder = new TextDecoder(this.#values.encoding, { ignoreBOM: true });
    const longest = this.#values['max-line-length'];
    let rest = '';
    // Nothing is read while a batch is on its way: the peer feels a full channel.
    // It must not be destroyed when the loop is left, or the last answer would be lost.
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      const long = lines.findIndex((line) => line.length + 1 > longest);
      await this.#putLines(socket, long < 0 ? lines : lines.slice(0, long));
      if (long >= 0 || rest.length >= longest) {
        return this.#refuse(socket, `FAILED: Event exceeds the maximum length (${longest} chars, including newline)\n`);
      }
    }
  }

  /** Ends the connection after a last answer; what the peer still sends is thrown away, since unread data would turn the end into a reset. */
  #refuse(socket: net.Socket, answer: string): void {
    socket.end(answer);
    socket.resume();
    const timer = this.#context.clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', () => timer.cancel());
  }

  async #putLines(socket: net.Socket, lines: readonly string[]): Promise<void> {
    const { processor, counters } = this.#context;
    const size = Math.min(LARGEST_BATCH, processor.batchLimit);
    for (let i = 0; i < lines.length; i += size) {
      const batch = lines.slice(i, i + size).map((line) => ({ headers: {}, body: Buffer.from(line) }));
      counters.EventReceivedCount += batch.length;
      let answer = this.#values['ack-every-event'] ? 'OK\n' : '';
      try {
        await processor.process(batch);
        counters.EventAcceptedCount += batch.length;
      } catch (error) {
        counters.ChannelWriteFail++;
        answer = `FAILED: ${messageOf(error).replaceAll('\n', ' ')}\n`;
      }
      if (!socket.destroyed && answer !== '') socket.write(answer.repeat(batch.length));
    }
  }
}

/** The netcat source. */
export const netcat: SourceType = defineComponent({
  type: 'netcat',
  aliases: ['org.apache.flume.source.NetcatSource'],
  doc: 'one event per line of a TCP connection',
  fields,
  create: (values, context: SourceContext): Source => new NetcatSource(values, context),
});
