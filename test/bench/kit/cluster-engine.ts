/** streamjob's engine on a cluster without what is around it: batches are handed to it, and what an output would read is read. */
import { fileURLToPath } from 'node:url';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { EventBlock } from '../../../src/avro/event-block.ts';
import type { StoredEvents } from '../../../src/avro/stored-events.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { moduleUrl } from '../../../src/core/module-url.ts';
import { isInS3 } from '../../../src/core/storage/places.ts';
import { noTelemetry } from '../../../src/core/telemetry.ts';
import { readWhole } from '../../../src/durable/checked-bytes.ts';
import type { Engine, EngineSettings } from '../../../src/engine/engine.ts';
import { sparkEngine } from '../../../src/engine/spark/kind.ts';
import type { Node } from '../../../src/graph/node.ts';
import { programOf } from '../../../src/load/program.ts';
import build, { type ClusterJob } from '../jobs/cluster.ts';

const MODULE = fileURLToPath(new URL('../jobs/cluster.ts', import.meta.url));
const INTERVAL_MS = 1000;

/** What runs where. */
export interface ClusterRun {
  readonly job: ClusterJob;
  readonly master: string;
  readonly numPartitions: number;
  /** What the driver and all executors see: a directory, or a place in S3. Undefined: all goes through the driver. */
  readonly storage?: string | undefined;
  /** What earlier runs left. Undefined: nothing. */
  readonly recovery?: EngineSettings['recovery'];
}

/** The engine with a job. */
export class ClusterEngine {
  readonly #engine: Engine;
  readonly #out: Node<unknown>;
  readonly #inStorage: boolean;
  #time = 0;

  private constructor(engine: Engine, out: Node<unknown>, inStorage: boolean) {
    this.#engine = engine;
    this.#out = out;
    this.#inStorage = inStorage;
  }

  static async open({ job, master, numPartitions, recovery, storage }: ClusterRun): Promise<ClusterEngine> {
    const context = { batchInterval: INTERVAL_MS };
    const ssc = new StreamingContext({ ...context, log: silentLogger });
    build(ssc, job);
    const { accumulators, graph, openStore } = StreamingContext.graphOf(ssc);
    const usesS3 = storage !== undefined && isInS3(storage);
    const settings: EngineSettings = {
      ...{ graph, accumulators, openStore, numPartitions, master, storage },
      names: graph.identities(),
      signal: new AbortController().signal,
      log: silentLogger,
      telemetry: noTelemetry,
      job: {
        ...{ module: MODULE, data: job, context, entry: moduleUrl('worker').href },
        program: () => programOf({ module: MODULE, context, data: job, env: {}, usesS3 }),
      },
      recovery,
    };
    return new ClusterEngine(
      await sparkEngine.open(settings),
      graph.outputs[0]?.node as Node<unknown>,
      storage !== undefined,
    );
  }

  /** Runs a batch to its commit. @returns what its output read */
  async batch<T>(blocks: readonly StoredEvents[]): Promise<readonly T[]> {
    const [values = []] = await this.batches<T>(1, blocks);
    return values;
  }

  /**
   * Runs batches of the same data to their commits, one after the other; with `inFlight` 2, the stages of the next one meanwhile, as the flow
   * does it where order allows it.
   *
   * @returns what their outputs read
   */
  async batches<T>(
    count: number,
    blocks: readonly StoredEvents[],
    inFlight = count,
  ): Promise<readonly (readonly T[])[]> {
    const running: { readonly time: number; readonly done: Promise<unknown> }[] = [];
    const begin = (): void => {
      this.#time += INTERVAL_MS;
      const time = this.#time;
      const pieces = blocks.map((stored) => ({ events: this.#inStorage ? stored : read(stored) }));
      const done = this.#engine.run({ time, blocks: new Map([[0, pieces]]) }, 1);
      // Waited for in its turn.
      done.catch(() => {});
      running.push({ time, done });
    };
    const found: (readonly T[])[] = [];
    for (let begun = 0; found.length < count; ) {
      while (begun < count && running.length < inFlight) {
        begin();
        begun++;
      }
      const { done, time } = running[0] as (typeof running)[number];
      await done;
      found.push((await this.#engine.read<T>(this.#out as Node<T>, time)?.collect()) ?? []);
      await this.#engine.complete(time);
      running.shift();
    }
    return found;
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** Events as the driver has received them. */
function read({ place }: StoredEvents): EventBlock {
  return EventBlock.fromItems(place.count, [readWhole(place)]);
}
