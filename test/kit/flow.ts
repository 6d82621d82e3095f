/** A context with a push receiver under a manual clock, and raw Flume clients to send to it. */

import type { StreamingContextOptions } from '../../src/api/context-options.ts';
import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import type { BatchSummary, StreamEvent } from '../../src/core/events.ts';
import type { FlumePushOptions } from '../../src/flow/receive/flume-push.ts';
import type { RDD } from '../../src/graph/rdd.ts';
import { collectingLogger } from './log.ts';
import { until } from './until.ts';
import { call, event, events, frame, handshake, RawClient, varint } from './wire.ts';

export interface PushRig {
  readonly clock: ManualClock;
  readonly ssc: StreamingContext;
  readonly seen: StreamEvent[];
  readonly batches: BatchSummary[];
  readonly lines: ReturnType<typeof collectingLogger>['lines'];
  readonly connect: () => Promise<FlumePeer>;
  /** Turns the clock to the next multiple of the interval and waits until a batch has completed or been given up. */
  readonly tick: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A connected client that sends batches as Flume does. */
export class FlumePeer {
  readonly client: RawClient;
  #serial = 0;

  constructor(client: RawClient) {
    this.client = client;
  }

  /** Sends a batch; the serial of the request. */
  send(...bodies: string[]): number {
    const serial = ++this.#serial;
    const request = call('appendBatch', events(bodies));
    this.client.write(serial === 1 ? frame(serial, handshake(), request) : frame(serial, request));
    return serial;
  }

  /** Sends a batch whose events have their bodies as ids, in the header `id`; the serial of the request. */
  sendIds(...ids: string[]): number {
    const serial = ++this.#serial;
    const array = [varint(ids.length), ...ids.map((id) => event(id, { id })), varint(0)];
    const request = call('appendBatch', Buffer.concat(array));
    this.client.write(serial === 1 ? frame(serial, handshake(), request) : frame(serial, request));
    return serial;
  }

  /** The status that was answered to `serial`: OK, FAILED, or undefined while none was. */
  status(serial: number): 'OK' | 'FAILED' | 'other' | undefined {
    const reply = this.client.replies.find((each) => each.serial === serial);
    if (reply === undefined) return undefined;
    const last = reply.payload.at(-1);
    return last === 0 ? 'OK' : last === 2 ? 'FAILED' : 'other';
  }
}

/** Opens the rig on a free port. @param output what the job does with each batch of texts */
export async function pushRig(
  output: (rdd: RDD<string>, time: number) => void | Promise<void>,
  options: Partial<StreamingContextOptions> & { readonly push?: Partial<FlumePushOptions> } = {},
): Promise<PushRig> {
  const clock = options.clock instanceof ManualClock ? options.clock : new ManualClock(0);
  const { log, lines } = collectingLogger();
  const { push, ...context } = options;
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {}, ...context });
  const stream = ssc.flumeStream({ host: '127.0.0.1', port: 0, ...push });
  stream.map((event) => event.text()).foreachRDD(output);
  const seen: StreamEvent[] = [];
  const batches: BatchSummary[] = [];
  ssc.events$.subscribe((event) => {
    seen.push(event);
    if (event.type === 'batchCompleted') batches.push(event.batch);
  });
  await ssc.start();
  const name = seen.map((event) => (event.type === 'receiverStarted' ? event.name : '')).join('');
  const port = Number(/:(\d+)$/.exec(name)?.[1]);
  const ended = (): number => seen.filter(({ type }) => type === 'batchCompleted' || type === 'batchGivenUp').length;
  return {
    clock,
    ssc,
    seen,
    batches,
    lines,
    connect: async () => new FlumePeer(await RawClient.connect(port)),
    tick: async () => {
      const before = ended();
      clock.advanceTo((Math.floor(clock.now() / ssc.batchInterval) + 1) * ssc.batchInterval);
      await until(() => ended() > before);
    },
    stop: () => ssc.stop({ graceful: false }),
  };
}

/** Resolves when the receiver has seen that many events that wait for a batch: their requests are held. */
export async function arrived(rig: PushRig, events: number): Promise<void> {
  await until(() => rig.ssc.waitingEvents >= events);
}
