/** The http sink: posts each event, and does with it what the configuration says of the status that is answered. */
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { defineComponent } from '../component/component.ts';
import { bool, int, map, text, type Values } from '../component/fields.ts';
import {
  type Batch,
  giveBack,
  type Sink,
  type SinkContext,
  type SinkStatus,
  type SinkType,
  takeBatch,
} from './sink.ts';

const ofStatus = (doc: string) => map(bool({ doc: 'true or false' }), { doc });

const fields = {
  endpoint: text({ doc: 'URL that events are posted to', required: true }),
  connectTimeout: int({ unit: 'ms', doc: 'how long a connection may take', default: 5000, min: 1 }),
  requestTimeout: int({ unit: 'ms', doc: 'how long an answer may take', default: 5000, min: 1 }),
  contentTypeHeader: text({ doc: 'Content-Type of the requests', default: 'text/plain' }),
  acceptHeader: text({ doc: 'Accept of the requests', default: 'text/plain' }),
  defaultBackoff: bool({ doc: 'wait after an answer whose status has no backoff of its own', default: true }),
  defaultRollback: bool({
    doc: 'send the event again after an answer whose status has no rollback of its own',
    default: true,
  }),
  defaultIncrementMetrics: bool({
    doc: 'count the event as delivered after an answer whose status has no incrementMetrics of its own',
    default: false,
  }),
  'backoff.*': ofStatus('whether to wait, by status: `backoff.503`, `backoff.5XX`; the more exact one counts'),
  'rollback.*': ofStatus('whether to send the event again, by status'),
  'incrementMetrics.*': ofStatus('whether to count the event as delivered, by status'),
};

/** As Flume's runner waits: longer each time, in ms. */
const WAIT_STEP_MS = 1000;
const LONGEST_WAIT_MS = 5000;
const FIRST_STATUS = 100;

class HttpSink implements Sink {
  readonly #values: Values<typeof fields>;
  readonly #context: SinkContext;
  readonly #url: URL;
  readonly #agent: http.Agent;
  /** How often it has waited since the last answer after which it did not. */
  #waits = 0;

  constructor(values: Values<typeof fields>, context: SinkContext) {
    this.#values = values;
    this.#context = context;
    this.#url = new URL(values.endpoint);
    const keep = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === 'https:' ? new https.Agent(keep) : new http.Agent(keep);
  }

  async start(): Promise<void> {
    const { log, name } = this.#context;
    if (this.#what(200, 'rollback', this.#values.defaultRollback))
      log.warn(
        {},
        `sink ${name}: an event that is answered 200 is sent again for ever; set rollback.2XX = false and backoff.2XX = false`,
      );
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
  }

  async process(signal: AbortSignal): Promise<SinkStatus> {
    const { channel, counters, log, name } = this.#context;
    const batch = takeBatch(channel, 1, counters);
    if (batch === undefined) return 'backoff';
    const body = batch.events[0]?.body ?? new Uint8Array();
    if (body.length === 0) {
      counters.EventDrainAttemptCount--;
      await commit(batch);
      log.warn({}, `sink ${name}: an event without a body is not sent`);
      return 'backoff';
    }
    let status: number;
    try {
      status = await this.#post(body, signal);
      if (status < FIRST_STATUS) throw new RangeError(`the status is ${status}`);
    } catch (error) {
      giveBack(batch.transaction);
      counters.EventWriteFail++;
      log.error({ cause: messageOf(error) }, `sink ${name} cannot send to ${this.#url.href}: ${messageOf(error)}`);
      return await this.#wait(signal);
    }
    return await this.#settle(batch, status, signal);
  }

  async #settle(batch: Batch, status: number, signal: AbortSignal): Promise<SinkStatus> {
    const { counters, log, name } = this.#context;
    const { defaultBackoff, defaultIncrementMetrics, defaultRollback } = this.#values;
    const again = this.#what(status, 'rollback', defaultRollback);
    const wait = this.#what(status, 'backoff', defaultBackoff);
    if (again) giveBack(batch.transaction);
    else await commit(batch);
    if (this.#what(status, 'incrementMetrics', defaultIncrementMetrics)) counters.EventDrainSuccessCount++;
    if (again)
      log.info({ status }, `sink ${name}: an event was answered ${status} and is sent again${wait ? ' later' : ''}`);
    if (wait) return await this.#wait(signal);
    this.#waits = 0;
    return 'ready';
  }

  async #wait(signal: AbortSignal): Promise<SinkStatus> {
    this.#waits++;
    await sleep(this.#context.clock, Math.min(this.#waits * WAIT_STEP_MS, LONGEST_WAIT_MS), signal);
    return 'backoff';
  }

  /** What is said of a status: of it alone, of its hundred, of all. */
  #what(status: number, what: 'backoff' | 'rollback' | 'incrementMetrics', otherwise: boolean): boolean {
    const own = this.#values[`${what}.*`];
    return own.get(String(status)) ?? own.get(`${Math.floor(status / 100)}XX`) ?? otherwise;
  }

  /** @returns the status of the answer */
  #post(body: Uint8Array, signal: AbortSignal): Promise<number> {
    const { acceptHeader, connectTimeout, contentTypeHeader, requestTimeout } = this.#values;
    const { clock } = this.#context;
    const headers = { 'content-type': contentTypeHeader, accept: acceptHeader, 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.#agent, headers, signal };
      const request: ClientRequest = (this.#url.protocol === 'https:' ? https : http).request(this.#url, options);
      let timer = clock.after(connectTimeout, () =>
        request.destroy(new Error(`no connection within ${connectTimeout} ms`)),
      );
      const connected = (): void => {
        timer.cancel();
        timer = clock.after(requestTimeout, () => request.destroy(new Error(`no answer within ${requestTimeout} ms`)));
      };
      request.once('socket', (socket) => {
        if (socket.connecting) socket.once('connect', connected);
        else connected();
      });
      request.once('response', (response: IncomingMessage) => {
        // The answer is read to its end: only then is the connection free for the next event.
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', reject);
      });
      request.once('error', reject);
      request.once('close', () => {
        timer.cancel();
        reject(new Error('the connection ended before the answer'));
      });
      request.end(body);
    });
  }
}

async function commit({ transaction }: Batch): Promise<void> {
  try {
    await transaction.commit();
  } catch (error) {
    giveBack(transaction);
    throw error;
  }
  transaction.close();
}

/** The http sink. */
export const httpSink: SinkType = defineComponent({
  type: 'http',
  aliases: ['org.apache.flume.sink.http.HttpSink'],
  doc: 'posts each event to a URL, its body as the body of the request',
  delivery:
    'At least once, where rollback is true for every status that does not mean that the event was taken: an answer that is lost brings it again.',
  differences: [
    'A start with a configuration that sends an event again after 200, which is the default, is warned of.',
    'Redirections are answers like others, and are not followed.',
  ],
  fields,
  check({ endpoint, ...values }, complain) {
    const protocol = URL.canParse(endpoint) ? new URL(endpoint).protocol : '';
    if (protocol !== 'http:' && protocol !== 'https:')
      complain('endpoint', `is ${JSON.stringify(endpoint)}, expected a URL (http:, https:)`);
    for (const what of ['backoff.*', 'rollback.*', 'incrementMetrics.*'] as const)
      for (const status of values[what].keys())
        if (!/^[1-9](?:\d\d|XX)$/.test(status))
          complain(what.replace('*', status), 'names no status, expected one such as 503, or 5XX for all of these');
  },
  create: (values, context: SinkContext): Sink => new HttpSink(values, context),
});
