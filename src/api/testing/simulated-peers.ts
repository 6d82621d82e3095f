/** The peers of a simulated job: Flumes with Avro sinks and Spark sinks, each on a host of its own, and the events that come to them. */
import { StreamjobError } from '../../core/errors.ts';
import { type EventInit, plainEvent } from '../../core/event.ts';
import { misfit } from '../../core/options.ts';
import type { Host, Simulation } from '../../simulation/machine/index.ts';
import { Events, type Made } from '../../simulation/world/events.ts';
import { Feed } from '../../simulation/world/feed.ts';
import { runFlumeSink } from '../../simulation/world/flume-sink.ts';
import { runSparkSink } from '../../simulation/world/spark-sink.ts';
import type { Supervisor } from '../../simulation/world/supervisor.ts';
import { EXPECTED_EVENT, readEvent, type SeedSettings } from './simulate-table.ts';
import type { SimulatedEvent } from './simulated-run.ts';

const SPARK_PORT = 41_415;
/** Transactions that a Spark sink may have open, as by default. */
const SPARK_THREADS = 10;

interface Sent {
  readonly event: EventInit;
  readonly peer: string;
  /** Undefined until its peer has it. */
  made: Made | undefined;
}

/** All peers of a job. */
export class SimulatedPeers {
  readonly hosts: Host[] = [];
  /** The addresses of the Spark sinks. */
  readonly sinks: string[] = [];
  readonly #simulation: Simulation;
  readonly #supervisor: Supervisor;
  readonly #events: Events;
  readonly #feeds: Feed[] = [];
  readonly #sent: Sent[] = [];

  constructor(simulation: Simulation, supervisor: Supervisor) {
    this.#simulation = simulation;
    this.#supervisor = supervisor;
    this.#events = new Events(
      () => simulation.now,
      () => {},
    );
  }

  /** Whether each was told of all that it has and gets. */
  get areTold(): boolean {
    return this.#events.acknowledged >= this.#sent.length;
  }

  /** All events, by their numbers. */
  get events(): readonly SimulatedEvent[] {
    return this.#sent.map(({ event, made, peer }, number) => {
      return { number, event, peer, sent: made?.sent ?? 0, deliveredAt: made?.acknowledgedAt };
    });
  }

  /** Starts them. @param job where the Avro sinks send to @throws what the function of the events throws; StreamjobError CONFIG_INVALID */
  start(job: Host, settings: SeedSettings): void {
    const { batchSize, flumeSinks, peerRequestTimeout, port, sinkTimeout, sparkSinks } = settings;
    const flume = { host: job.address, port, batchSize, timeout: peerRequestTimeout };
    for (let i = 0; i < flumeSinks; i++) this.#keepUp(`flume${i}`, (feed) => runFlumeSink(feed, this.#events, flume));
    const spark = { port: SPARK_PORT, timeout: sinkTimeout, threads: SPARK_THREADS };
    for (let i = 0; i < sparkSinks; i++) {
      const host = this.#keepUp(`spark${i}`, (feed) => runSparkSink(feed, this.#events, spark));
      this.sinks.push(`${host.address}:${SPARK_PORT}`);
    }
    this.#feed(settings);
  }

  #keepUp(name: string, main: (feed: Feed) => Promise<void>): Host {
    const host = this.#simulation.host(name);
    const feed = new Feed(name, this.#events);
    this.hosts.push(host);
    this.#feeds.push(feed);
    this.#supervisor.keepUp(host, 'sink', () => main(feed));
    return host;
  }

  /** Each event comes to its peer at some time of the seed. */
  #feed({ duration, events, numEvents }: SeedSettings): void {
    const random = this.#simulation.random.fork('feeds');
    const count = typeof events === 'function' ? numEvents : Math.min(numEvents, events.length);
    for (let number = 0; number < count; number++) {
      const feed = this.#feeds[number % this.#feeds.length];
      if (feed === undefined) throw nobodySends();
      const given = typeof events === 'function' ? events(number) : events[number];
      const event = readEvent(given);
      if (event === undefined) throw misfit(`event ${number}`, given, { expected: EXPECTED_EVENT }, 'simulate, events');
      const sent: Sent = { event, peer: feed.name, made: undefined };
      this.#sent.push(sent);
      this.#simulation.world.after(random.between(0, duration), 'event', () => {
        sent.made = feed.add(plainEvent(event));
      });
    }
  }
}

function nobodySends(): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', 'there are events, and nobody who sends them', {
    where: 'simulate',
    hint: 'give flumeSinks or sparkSinks, or events: []',
  });
}
