/**
 * The web server of a job: its page, REST, metrics and health, on one port. It only reads. What a request costs the job is bounded: sizes,
 * times and numbers of connections have limits, and nothing is worked out before somebody asks.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { listenError, messageOf, StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { readinessOf } from '../health.ts';
import { METRICS_TYPE, Metrics } from '../metrics.ts';
import type { Observer } from '../observer.ts';
import { ENDPOINTS } from '../rest/endpoints.ts';
import { openApi } from '../rest/openapi.ts';
import { BadRequest, NotFound } from '../rest/spark.ts';
import { EventStream } from './event-stream.ts';
import { Guard } from './guard.ts';
import type { Page } from './page.ts';
import { recordingName, recordingOf } from './recording.ts';
import { tapStream } from './tap-stream.ts';

/** How a web server is started. */
export interface WebOptions {
  /** Default of the command: 127.0.0.1. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** How many ports behind it are tried while one is taken, and then any free one; 0: none. */
  readonly tries: number;
  /** Without it nothing can be changed by the web. */
  readonly token?: string | undefined;
  /** A batch that takes longer makes the job not ready, in ms. */
  readonly readyLimitMs: number;
  readonly version: string;
  readonly log: Logger;
  readonly page: Page;
  /** How long a request may take to come in, in ms. Default: 10,000. */
  readonly requestMs?: number;
}

const MOST_CONNECTIONS = 200;
/** For the head of a request, and for all of it, in ms. */
const REQUEST_MS = 10_000;
/** How often slow requests are looked for, in ms. */
const LOOK_MS = 2000;
/** No request has a body. */
const MOST_BODY_BYTES = 1024;

/** What tells browsers to be careful with the page. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** The server. */
export class WebServer {
  readonly #server: Server;
  readonly #host: string;

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.#host = host;
  }

  /**
   * Starts it.
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED
   * @example const web = await WebServer.listen(observer, { host: '127.0.0.1', port: 4040, tries: 16, … });
   */
  static async listen(observer: Observer, options: WebOptions): Promise<WebServer> {
    const app = appOf(observer, options);
    const { host, port, tries } = options;
    const ports = Array.from({ length: tries + 1 }, (_, i) => port + i);
    // Where all of them are taken any other one is better than none, unless somebody asked for this one.
    if (tries > 0) ports.push(0);
    for (const [i, one] of ports.entries()) {
      const requestMs = options.requestMs ?? REQUEST_MS;
      const connectionsCheckingInterval = Math.min(LOOK_MS, requestMs);
      const serverOptions = { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval };
      const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
      server.maxConnections = MOST_CONNECTIONS;
      try {
        await listen(server, host, one);
        return new WebServer(server, host);
      } catch (error) {
        const isTaken = (error as { readonly code?: unknown }).code === 'PORT_IN_USE';
        if (!isTaken || i === ports.length - 1) throw error;
      }
    }
    throw new Error('there was no port to try');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where it is, for people. */
  get url(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return `http://${host === '0.0.0.0' || host === '[::]' ? 'localhost' : host}:${this.port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, `${host}:${port}`, 'the web page (--ui-port)')));
    server.listen(port, host, resolve);
  });
}

function appOf(observer: Observer, { host, log, page, readyLimitMs, token, version }: WebOptions): Hono {
  const app = new Hono();
  const guard = new Guard({ names: [host], token });
  const metrics = new Metrics(observer);
  const stream = new EventStream(observer);
  const document = openApi(version);
  app.use(async (context, next) => {
    const { method } = context.req;
    const refusal = guard.refusal(method, (name) => context.req.header(name));
    if (refusal !== undefined) return context.json({ error: refusal.reason }, refusal.status);
    if (Number(context.req.header('content-length') ?? 0) > MOST_BODY_BYTES) {
      return context.json({ error: `a request has at most ${MOST_BODY_BYTES} bytes` }, 413);
    }
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
    return undefined;
  });
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => {
    const readiness = readinessOf(observer, readyLimitMs);
    return context.json(readiness, readiness.ready ? 200 : 503);
  });
  app.get('/metrics', (context) => context.body(metrics.text(), 200, { 'content-type': METRICS_TYPE }));
  app.get('/openapi.json', (context) => context.json(document));
  app.get('/api/v1/events', (context) => {
    if (stream.isFull) return context.json({ error: 'too many listen' }, 503);
    return eventsAnswer(stream.listen(context.req.raw.signal));
  });
  app.get('/api/v1/applications/:name/tap/:operator', (context) => {
    const { name, operator } = context.req.param();
    requireJob(observer, name);
    const asked = { operator, perSecond: context.req.query('values') };
    return eventsAnswer(tapStream(observer, asked, context.req.raw.signal));
  });
  app.get('/recording.html', (context) => {
    const withEvents = context.req.query('events') !== 'no';
    const texts = recordingOf(page, observer, { version, withEvents });
    if (texts === undefined) return context.json({ error: 'the page was not built: npm run build' }, 404);
    const name = recordingName(observer.observed.name, observer.observed.clock.now());
    return new Response(bodyOf(texts), {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        // Its scripts stand in it: it is to be saved, and not shown by this server.
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': 'no-store',
      },
    });
  });
  for (const { answer, path } of ENDPOINTS) {
    app.get(`/api/v1${path.replaceAll(/\{(\w+)\}/g, ':$1')}`, async (context) => {
      const part = (name: string): string => context.req.param(name) ?? '';
      if (path.includes('{name}')) requireJob(observer, part('name'));
      const values = (name: string): readonly string[] => context.req.queries(name) ?? [];
      return context.json(await answer(observer, { part, values }), 200, { 'cache-control': 'no-store' });
    });
  }
  app.get('*', (context) => pageAnswer(context, page));
  app.all('*', (context) => context.json({ error: `nothing is done by ${context.req.method} here` }, 405));
  app.onError((error, context) => {
    if (error instanceof NotFound) return context.json({ error: error.message }, 404);
    if (error instanceof BadRequest) return context.json({ error: error.message }, 400);
    if (error instanceof StreamjobError && ['CONTEXT_STATE', 'KEY_INVALID'].includes(error.code)) {
      return context.json({ error: error.message }, error.code === 'KEY_INVALID' ? 400 : 409);
    }
    log.error({ err: error }, `a request of the web page failed: ${messageOf(error)}`);
    return context.json({ error: 'something went wrong; the log of the job says what' }, 500);
  });
  return app;
}

function pageAnswer(context: Context, page: Page): Response {
  const { path } = context.req;
  const asset = page.asset(path);
  if (asset === undefined) return context.json({ error: `there is no ${path}` }, 404);
  return new Response(Uint8Array.from(asset.bytes), {
    headers: { 'content-type': asset.type, 'cache-control': asset.cache },
  });
}

/** @throws NotFound as Spark says it */
function requireJob(observer: Observer, name: string): void {
  if (name !== observer.observed.name) throw new NotFound(`no streaming listener attached to ${name}`);
}

function eventsAnswer(texts: AsyncGenerator<string>): Response {
  return new Response(bodyOf(texts), { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } });
}

function bodyOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await texts.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await texts.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
