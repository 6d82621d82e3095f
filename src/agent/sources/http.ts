/** The http source: the events of a request, which is answered 200 when the channels have them. */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { listenError, messageOf, StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { int, map, port, text, type Values } from '../component/fields.ts';
import { nested } from '../component/nested.ts';
import { checkServerTls, serverTls, serverTlsFields } from '../component/tls-fields.ts';
import { type HttpHandler, RefusedRequest } from './http/handler.ts';
import { httpHandlers } from './http/handlers.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';

/** Properties of Jetty's, which is not here. */
const ofJetty = map(text({ doc: 'value' }), { doc: "a property of Jetty's: of no meaning here" });

const fields = {
  bind: text({ doc: 'address to listen on', default: '0.0.0.0' }),
  port: port({ doc: 'port to listen on', required: true }),
  maxRequestBytes: int({ unit: 'bytes', doc: 'largest body of a request', default: 64 * 1024 * 1024, min: 1 }),
  maxPendingBytes: int({
    unit: 'bytes',
    doc: 'bodies that are in memory at once, over all requests; a request for which there is no room is answered 503',
    default: 256 * 1024 * 1024,
    min: 1,
  }),
  maxConnections: int({ doc: 'connections in all; more are closed as they come', default: 2000, min: 1 }),
  requestTimeout: int({ unit: 'ms', doc: 'how long a request may take to arrive', default: 300_000, min: 1 }),
  'QueuedThreadPool.*': ofJetty,
  'HttpConfiguration.*': ofJetty,
  'SslContextFactory.*': ofJetty,
  'ServerConnector.*': ofJetty,
  ...serverTlsFields,
  ssl: { ...serverTlsFields.ssl, aliases: ['enableSSL'] },
  'exclude-protocols': { ...serverTlsFields['exclude-protocols'], aliases: ['excludeProtocols'] },
  'keystore-password': { ...serverTlsFields['keystore-password'], aliases: ['keystorePassword'] },
};

/** A request that is not answered with events. */
interface Refusal {
  readonly status: number;
  readonly why: string;
}

class HttpSource implements Source {
  readonly endless = true;
  readonly #values: Values<typeof fields>;
  readonly #handler: HttpHandler;
  readonly #context: SourceContext;
  readonly #answering = new Set<Promise<void>>();
  #pendingBytes = 0;
  #connections = 0;
  #server: Server | undefined;

  constructor(values: Values<typeof fields>, handler: HttpHandler, context: SourceContext) {
    this.#values = values;
    this.#handler = handler;
    this.#context = context;
    gauge(context.counters, 'OpenConnectionCount', () => this.#connections);
  }

  get address(): Source['address'] {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address === null || address === undefined ? undefined : { host: address.address, port: address.port };
  }

  async start(): Promise<void> {
    const { bind, maxConnections, port: number, requestTimeout } = this.#values;
    const owner = `source ${this.#context.name}`;
    const tls = serverTls(this.#values, owner);
    const server =
      tls === undefined ? http.createServer({ requestTimeout }) : https.createServer({ ...tls, requestTimeout });
    server.maxConnections = maxConnections;
    server.on('connection', (socket) => {
      this.#connections++;
      socket.once('close', () => this.#connections--);
    });
    server.on('request', (request, response) => this.#take(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, `${bind}:${number}`, owner)));
      server.listen(number, bind, resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    // Requests whose body has arrived are answered; one that is still coming is cut off, and its peer sends it again.
    await Promise.all(this.#answering);
    server.closeAllConnections();
    await closed;
  }

  whenEnded(): Promise<void> {
    return never();
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    void this.#answer(request, response).catch((error: unknown) => {
      this.#context.log.debug({ cause: messageOf(error) }, `source ${this.#context.name}: a request ended`);
      response.destroy();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request;
    if (method === 'TRACE' || method === 'OPTIONS')
      return this.#refuse(response, { status: 403, why: `${method} is not allowed` });
    if (method !== 'POST' && method !== 'GET')
      return this.#refuse(response, { status: 405, why: `${method} is not allowed, expected POST` });
    let held = 0;
    try {
      const body = await this.#read(request, (bytes) => {
        held += bytes;
      });
      if ('status' in body) return this.#refuse(response, body);
      const done = this.#put(request, body.bytes, response);
      this.#answering.add(done);
      await done.finally(() => this.#answering.delete(done));
    } finally {
      this.#pendingBytes -= held;
    }
  }

  async #read(request: IncomingMessage, hold: (bytes: number) => void): Promise<{ readonly bytes: Buffer } | Refusal> {
    const { maxPendingBytes, maxRequestBytes } = this.#values;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxRequestBytes)
        return { status: 413, why: `the body has more than ${maxRequestBytes} bytes (maxRequestBytes)` };
      if (this.#pendingBytes + chunk.length > maxPendingBytes)
        return { status: 503, why: 'there is no room for the body now, try again later (maxPendingBytes)' };
      this.#pendingBytes += chunk.length;
      hold(chunk.length);
      chunks.push(chunk);
    }
    return { bytes: Buffer.concat(chunks) };
  }

  async #put(request: IncomingMessage, bytes: Buffer, response: ServerResponse): Promise<void> {
    const { counters, processor } = this.#context;
    let events: PlainEvent[];
    try {
      // The host is of no matter, but an address without one cannot be read.
      const { searchParams: parameters } = new URL(request.url ?? '/', 'http://localhost');
      events = this.#handler({ contentType: request.headers['content-type'], parameters, body: bytes });
    } catch (error) {
      counters.EventReadFail++;
      const status = error instanceof RefusedRequest ? error.status : 500;
      return this.#refuse(response, { status, why: messageOf(error) });
    }
    counters.AppendBatchReceivedCount++;
    counters.EventReceivedCount += events.length;
    try {
      await processor.process(events);
    } catch (error) {
      // What the channels say has a code; anything else comes from an interceptor.
      const ofChannel = error instanceof StreamjobError;
      if (ofChannel) counters.ChannelWriteFail++;
      else counters.GenericProcessingFail++;
      return this.#refuse(response, { status: ofChannel ? 503 : 500, why: messageOf(error) });
    }
    counters.AppendBatchAcceptedCount++;
    counters.EventAcceptedCount += events.length;
    response.writeHead(200).end();
  }

  #refuse(response: ServerResponse, { status, why }: Refusal): void {
    this.#context.log.debug({ status }, `source ${this.#context.name}: a request is answered ${status}: ${why}`);
    // What is still coming is not read: the connection ends behind the answer.
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${why}\n`);
  }
}

/** The http source. */
export const httpSource: SourceType = defineComponent({
  type: 'http',
  aliases: ['org.apache.flume.source.http.HTTPSource'],
  doc: 'takes events by HTTP, POST or GET, at any path',
  delivery:
    'At least once: a request is answered 200 when every required channel has its events, and 503 when one did not take them, which the peer sends again then.',
  differences: [
    'Refusals are text, not an HTML page of Jetty.',
    'A request has a largest size (413), and all together have (503).',
    'Properties of Jetty have no meaning.',
    'Key stores are PKCS#12 or PEM; JKS cannot be read.',
  ],
  fields,
  nested: {
    handler: nested({ doc: 'makes events of a request', prefix: 'handler', types: httpHandlers, fallback: 'json' }),
  },
  check: checkServerTls,
  resources: ({ bind, port: number }) => [{ kind: 'port', host: bind, port: number, property: 'port' }],
  create: (values, context: SourceContext, given): Source =>
    new HttpSource(values, given.nested.handler.create(undefined), context),
});
