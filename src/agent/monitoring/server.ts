/**
 * Shows the counters of an agent by HTTP: Flume's JSON at /metrics, Prometheus's text at /metrics/prometheus, and at /healthz that it runs.
 * Source of the first: HTTPMetricsServer of Flume 1.11.
 */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { listenError } from '../../core/errors.ts';
import { type AgentCounters, flumeJson } from './flume-json.ts';
import { PROMETHEUS_TYPE, prometheusText } from './prometheus.ts';

/** What is shown. */
export interface Monitored {
  readonly name: string;
  counters(): AgentCounters;
}

/** Where it listens. */
export interface MonitorOptions {
  /** A port, 0 for any free one. */
  readonly port: number;
  /** Default: every address of this machine, as Flume's. */
  readonly host?: string | undefined;
  readonly clock: Clock;
}

const MOST_CONNECTIONS = 200;
const REQUEST_MS = 10_000;
const PAGE =
  '<!doctype html><title>agent</title><ul><li><a href="/metrics">/metrics</a><li><a href="/metrics/prometheus">/metrics/prometheus</a><li><a href="/healthz">/healthz</a></ul>\n';

/** The server. */
export class MonitorServer {
  readonly #monitored: Monitored;
  readonly #server: Server;
  readonly #startedAt: number;

  private constructor(monitored: Monitored, { clock }: MonitorOptions) {
    this.#monitored = monitored;
    this.#startedAt = clock.now();
    this.#server = http.createServer({ requestTimeout: REQUEST_MS }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /**
   * Starts it.
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED
   * @example const monitor = await MonitorServer.listen(agent, { port: 41414, clock: systemClock });
   */
  static async listen(monitored: Monitored, options: MonitorOptions): Promise<MonitorServer> {
    const monitor = new MonitorServer(monitored, options);
    const { host, port } = options;
    await new Promise<void>((resolve, reject) => {
      monitor.#server.once('error', (error) => reject(listenError(error, `${host ?? '*'}:${port}`, 'monitoring')));
      monitor.#server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
    });
    return monitor;
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer({ method = '', url = '/' }: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    if (method === 'TRACE' || method === 'OPTIONS') return send(response, 403, 'text/plain', 'not allowed\n');
    const { name } = this.#monitored;
    const counters = this.#monitored.counters();
    switch (
      url
        .replace(/[?#].*$/s, '')
        .replace(/(.)\/$/, '$1')
        .toLowerCase()
    ) {
      case '/metrics':
        return send(
          response,
          200,
          'application/json;charset=utf-8',
          JSON.stringify(flumeJson(counters, this.#startedAt, 0)),
        );
      case '/metrics/prometheus':
        return send(response, 200, PROMETHEUS_TYPE, prometheusText(name, counters));
      case '/healthz':
        return send(response, 200, 'text/plain; charset=utf-8', 'ok\n');
      case '/':
        return send(response, 200, 'text/html; charset=utf-8', PAGE);
      default:
        return send(
          response,
          404,
          'text/plain; charset=utf-8',
          `there is no ${url}, expected /metrics, /metrics/prometheus or /healthz\n`,
        );
    }
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}
