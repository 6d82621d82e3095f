/**
 * The load program: replays encoded requests over some connections, many in flight on each, as fast as they are answered or at
 * a rate. Its one argument is a LoadOptions in JSON. It is led by lines on stdin, as RpcStream.java is: `mark` begins to count
 * latencies afresh, `report` answers with a line of JSON, `stop` stops, waits for the last answers, reports and ends.
 */
import { createInterface } from 'node:readline';
import { percentile } from '../kit/stats.ts';
import { LoadConnection, type Owner } from './connection.ts';
import { type Content, request, requests } from './frames.ts';
import type { LoadReport } from './report.ts';

/** What is sent, and how. */
export interface LoadOptions extends Content {
  readonly port: number;
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly window: number;
  /** Events per second over all connections; 0: as fast as they are answered. */
  readonly rate: number;
  /** Seconds in which the rate grows from nothing: a JVM that is cold cannot take what it will take when it is warm. */
  readonly rampSeconds: number;
  /** Events after which no more are sent; 0: without end. */
  readonly total: number;
  /** Bodies are the time of sending in ms, instead of words. */
  readonly stamped: boolean;
}

const TICK_MS = 1;
const LAST_ANSWERS_MS = 60_000;

class Load implements Owner {
  readonly #options: LoadOptions;
  readonly #pool: readonly Buffer[];
  readonly #connections: LoadConnection[] = [];
  #latencies: number[] = [];
  #next = 0;
  #turn = 0;
  #sent = 0;
  #acked = 0;
  #failed = 0;
  #failure = '';
  #startedAt: number | undefined;
  #stopping = false;
  #cpu = process.cpuUsage();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#pool = options.stamped ? [] : requests(options);
  }

  async run(): Promise<void> {
    const { port, connections, rate } = this.#options;
    createInterface({ input: process.stdin })
      .on('line', (line) => this.#onLine(line))
      .on('close', () => process.exit(0));
    for (let i = 0; i < connections; i++) this.#connections.push(await LoadConnection.open(port, this));
    this.#startedAt = performance.now();
    if (rate > 0) setInterval(() => this.#tick(), TICK_MS);
    else for (const connection of this.#connections) this.onRoom(connection);
  }

  onAck(ms: number, events: number): void {
    this.#acked += events;
    this.#latencies.push(ms);
  }

  onFailure(reason: string): void {
    this.#failed++;
    this.#failure ||= reason;
  }

  onRoom(connection: LoadConnection): void {
    if (this.#startedAt === undefined || this.#options.rate > 0) return;
    while (this.#mayUse(connection)) this.#send(connection);
  }

  get #over(): boolean {
    const { total } = this.#options;
    return this.#stopping || (total > 0 && this.#sent >= total);
  }

  #mayUse(connection: LoadConnection): boolean {
    return !this.#over && connection.writable && connection.inFlight < this.#options.window;
  }

  /** Sends what the rate has made due, by turns, as far as there is room. */
  #tick(): void {
    const { rate, rampSeconds, batch } = this.#options;
    const seconds = (performance.now() - (this.#startedAt ?? 0)) / 1000;
    const due = rate * (seconds < rampSeconds ? seconds ** 2 / (2 * rampSeconds) : seconds - rampSeconds / 2);
    for (let tried = 0; this.#sent + batch <= due && tried < this.#connections.length; ) {
      const connection = this.#connections[this.#turn++ % this.#connections.length] as LoadConnection;
      if (!this.#mayUse(connection)) tried++;
      else this.#send(connection);
    }
  }

  #send(connection: LoadConnection): void {
    const { batch, stamped } = this.#options;
    const frame = stamped ? this.#stamped() : (this.#pool[this.#next++ % this.#pool.length] as Buffer);
    this.#sent += batch;
    connection.send(frame, batch);
  }

  #stamped(): Buffer {
    const now = Buffer.from(String(Date.now()));
    return request(Array.from({ length: this.#options.batch }, () => now));
  }

  #onLine(line: string): void {
    if (line === 'mark') {
      this.#latencies = [];
      this.#cpu = process.cpuUsage();
    }
    if (line === 'report') this.#report(false);
    if (line === 'stop') void this.#stop();
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    const deadline = performance.now() + LAST_ANSWERS_MS;
    while (
      this.#connections.some(({ inFlight }) => inFlight > 0) &&
      performance.now() < deadline &&
      this.#failed === 0
    ) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const connection of this.#connections) connection.end();
    this.#report(true);
    process.exit(0);
  }

  #report(stopped: boolean): void {
    const { user, system } = process.cpuUsage(this.#cpu);
    const report: LoadReport = {
      stopped,
      sent: this.#sent,
      acked: this.#acked,
      failed: this.#failed,
      failure: this.#failure,
      p50Ms: percentile(this.#latencies, 0.5),
      p99Ms: percentile(this.#latencies, 0.99),
      cpuSeconds: (user + system) / 1e6,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
}

await new Load(JSON.parse(process.argv[2] ?? '{}') as LoadOptions).run();
