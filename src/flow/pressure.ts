/**
 * What keeps a job from being given more than it can process: the backlog (memory, disk and the peers' time limits, over all inputs)
 * and the rate of each input. Both pause receivers, and both learn from each batch how long others will take.
 */
import { Backlog, type BacklogState } from './batch/backlog.ts';
import { BacklogWatch } from './batch/backlog-watch.ts';
import { type Batch, delaysOf, eventsByInput } from './batch/batch.ts';
import { RateControl } from './batch/rate-control.ts';
import { SummedBatches } from './batch/summed-batches.ts';
import { ReadingGate } from './receive/reading-gate.ts';
import type { FlowSettings } from './settings.ts';

/** What keeps a job from being given more than it can process. */
export class Pressure {
  readonly #settings: FlowSettings;
  readonly #learned: SummedBatches;
  readonly #backlog: Backlog;
  readonly #watch: BacklogWatch;
  readonly #rates: RateControl | undefined;
  /** Each takes a gauge back. */
  readonly #gauges: readonly (() => void)[];

  /** @param state what waits and what runs, as of now */
  constructor(settings: FlowSettings, state: () => BacklogState) {
    this.#settings = settings;
    const { clock, cut, events, graph, inputs, log, maxBacklogBytes, maxDelayMs, maxLogBytes, rates } = settings;
    this.#learned = new SummedBatches(cut === 'eager' ? graph.batchMs : 0);
    this.#backlog = new Backlog(maxDelayMs, maxBacklogBytes, maxLogBytes);
    const reading = new ReadingGate(inputs.flatMap(({ receivers }) => receivers));
    this.#watch = new BacklogWatch({ backlog: this.#backlog, state, reading, clock, log, events });
    if (rates !== undefined) {
      const { batchMs } = graph;
      this.#rates = new RateControl({ ...settings, rates, reading, batchMs, longestPauseMs: maxDelayMs });
    }
    this.#gauges = this.#registerGauges(state);
  }

  /** A delivery has come. */
  received(input: number, events: number): void {
    this.#rates?.received(input, events);
  }

  /** Something that waits or runs is another: looks whether receivers may read. */
  look(): void {
    this.#watch.look();
  }

  /** Outputs of the batch are done: that tells how long others will take. */
  learn(batch: Batch): void {
    const endedAt = this.#settings.clock.now();
    const { events } = batch;
    const of = { events, eventsByInput: eventsByInput(batch), endedAt, ...delaysOf(batch, endedAt) };
    const summed = this.#learned.add(of);
    if (summed === undefined) return;
    this.#backlog.learn(summed.events, summed.processingMs);
    this.#rates?.processed(summed);
  }

  stop(): void {
    this.#rates?.stop();
    this.#watch.stop();
    for (const takeBack of this.#gauges) takeBack();
  }

  #registerGauges(state: () => BacklogState): (() => void)[] {
    const { inputs, telemetry } = this.#settings;
    const held = { help: 'received data that waits or is processed, in memory', unit: 'bytes' } as const;
    const logged = { help: 'received data on disk', unit: 'bytes' } as const;
    const rated = inputs.filter(({ id }) => this.#rates?.rateOf(id) !== undefined);
    return [
      telemetry.gauge(
        'waiting_events',
        { help: 'events in no batch yet', unit: 'events' },
        () => state().waitingEvents,
      ),
      telemetry.gauge('held_bytes', held, () => state().heldBytes),
      telemetry.gauge('log_bytes', logged, () => state().logBytes ?? 0),
      ...rated.map(({ id, name }) =>
        telemetry.gauge(
          'input_rate',
          { help: 'events per second that an input may give now', labels: { input: `${id}`, name } },
          () => this.#rates?.rateOf(id) ?? 0,
        ),
      ),
    ];
  }
}
