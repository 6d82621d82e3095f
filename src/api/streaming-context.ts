/**
 * StreamingContext: makes streams, joins the steps of the way of an event, and runs them from start to stop. The only
 * file that knows all of them.
 */

import path from 'node:path';
import type { Observable } from 'rxjs';
import type { FlumeEvent } from '../avro/event-block.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { type DurationLike, durationMs } from '../core/duration.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { EventBus, type StreamEvent } from '../core/events.ts';
import { type Logger, loggerOf } from '../core/log.ts';
import { moduleUrl } from '../core/module-url.ts';
import { count, misfit, optionsForWorkers, type Resolved, resolveOptions, settingTexts } from '../core/options.ts';
import { isInS3 } from '../core/storage/places.ts';
import type { Telemetry, TelemetryRegistry } from '../core/telemetry.ts';
import type { Engine, EngineKind, EngineSettings, JobElsewhere, JobProgram } from '../engine/engine.ts';
import { engines } from '../engine/index.ts';
import { Taps } from '../engine/taps.ts';
import { EagerCutting } from '../flow/batch/eager-cutting.ts';
import { type Rates, resolveRates } from '../flow/batch/rate-control.ts';
import { Ticker } from '../flow/batch/ticker.ts';
import type { Blocks } from '../flow/block/block-queue.ts';
import { openDurability } from '../flow/commit/open.ts';
import { Flow } from '../flow/flow.ts';
import { DeadLetters } from '../flow/output/dead-letters.ts';
import { type FileStreamOptions, FilesInput, fixedRecords, textLines } from '../flow/receive/files.ts';
import { type FlumePullOptions, FlumePullReceiver } from '../flow/receive/flume-pull.ts';
import { type FlumePushOptions, FlumePushReceiver, type ReceiverSettings } from '../flow/receive/flume-push.ts';
import { type Input, inputOf } from '../flow/receive/input.ts';
import {
  type FromObservableOptions,
  type ObservableSource,
  type OpenValues,
  observableReceiver,
} from '../flow/receive/observable.ts';
import { QueueInput } from '../flow/receive/queue.ts';
import { type ReceiverInfo, ReceiverStates } from '../flow/receive/receiver-states.ts';
import { ReplayedReceiver } from '../flow/receive/replayed.ts';
import { socketReceiver } from '../flow/receive/socket.ts';
import { UserReceiverHost } from '../flow/receive/user.ts';
import type { UserReceiver } from '../flow/receive/user-receiver.ts';
import { ValuesReceiver } from '../flow/receive/values.ts';
import { DStream, transformStreams, unionStreams } from '../graph/dstream.ts';
import { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import { Broadcast, CollectionAccumulator, NumberAccumulator } from '../graph/shared.ts';
import { bundleForWorkers } from '../load/bundles.ts';
import { programOf } from '../load/program.ts';
import type { Observed } from '../observe/observed.ts';
import { unpackChanges } from '../state/durable-state.ts';
import type { StopOptions, StreamingContextOptions } from './context-options.ts';
import { ContextRun, type ContextState } from './context-run.ts';
import { ElsewhereReceived } from './elsewhere-received.ts';
import { ObservedGraph, tuningOf } from './observed-graph.ts';
import { CONTEXT_OPTIONS, STOP_OPTIONS } from './options.ts';
import { StatePlace } from './state-place.ts';

/** Takes what a batch held. @internal */
export type Recorded = (time: number, blocks: Blocks, nameOf: (input: number) => string) => void;

/**
 * Makes streams and runs them: what a job is written against.
 *
 * @example
 * const ssc = new StreamingContext({ batchInterval: '1s' });
 * ssc.flumeStream({ port: 41414 }).count().print();
 * await ssc.start();
 * await ssc.awaitTermination();
 */
export class StreamingContext {
  readonly #options: Resolved<typeof CONTEXT_OPTIONS>;
  readonly #graph: Graph;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #events = new EventBus();
  readonly #listened: Observable<StreamEvent>;
  readonly #engine: EngineKind;
  readonly #parallelism: number;
  readonly #rates: Rates | undefined;
  readonly #taps = new Taps();
  /** Undefined before the start. */
  #running: Engine | undefined;
  readonly #inputs: Input[] = [];
  readonly #receiverStates: ReceiverStates;
  readonly #hosts: ElsewhereReceived;
  readonly #unreplayable: string[] = [];
  /** How many inputs there are: each has the next number, in the order of their making. */
  #inputIds = 0;
  readonly #states: StatePlace;
  readonly #run: ContextRun;
  #checkpointDir: string | undefined;
  #record: Recorded | undefined;
  /** In a replay, what stands in the place of the inputs' receivers. */
  #replayed: Map<number, ReplayedReceiver> | undefined;

  /** @throws StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN (engine) */
  constructor(options: StreamingContextOptions) {
    const own = resolveOptions('StreamingContext', CONTEXT_OPTIONS, options);
    this.#options = own;
    this.#graph = new Graph(own.batchInterval, () => this.#run.flow);
    this.#clock = own.clock;
    this.#log = loggerOf(own.log).child({ job: own.name });
    this.#listened = this.#events.listenable((error) => {
      this.#log.error({ err: error }, `a listener of events$ threw: ${messageOf(error)}`);
    });
    this.#engine = engines.get(own.engine);
    this.#parallelism = own.parallelism;
    this.#states = new StatePlace({
      kind: own.stateStore,
      cachedKeys: own.stateCache,
      directory: own.stateDir,
      checkpointDir: () => this.#checkpointDir ?? own.checkpointDir ?? own.standardCheckpointDir,
      threads: this.#parallelism,
      log: this.#log,
    });
    this.#receiverStates = new ReceiverStates(this.#clock, this.#events);
    this.#hosts = new ElsewhereReceived({ ...this.#options, clock: this.#clock, log: this.#log });
    this.#run = new ContextRun({
      clock: this.#clock,
      log: this.#log,
      events: this.#events,
      receiverStates: this.#receiverStates,
      inputs: this.#inputs,
      openFlow: () => this.#openFlow(),
      onStarted: () => this.#tellRemarks(),
    });
    this.#run.scope.defer(() => this.#states.close());
    this.#rates = resolveRates(own.backpressure);
  }

  /** The batch interval in ms. */
  get batchInterval(): number {
    return this.#graph.batchMs;
  }

  /** What happens, as it happens: batches, receivers, pauses. It completes when the context has stopped. */
  get events$(): Observable<StreamEvent> {
    return this.#listened;
  }

  /** How many events have been received and are in no batch yet. */
  get waitingEvents(): number {
    return this.#run.flow?.waitingEvents ?? 0;
  }

  /**
   * All receivers with their states and last errors, as of now.
   * @example ssc.receivers // [{ id: 0, name: 'receiver stream [0]', state: 'restarting', lastError: { time: 1722, message: 'away' } }]
   */
  get receivers(): ReceiverInfo[] {
    return this.#receiverStates.list;
  }

  /** Where the context is in its life: before its start, running, or stopped. */
  getState(): ContextState {
    return this.#run.state;
  }

  /**
   * A stream of what Flume's Avro sinks and RPC clients send to this port. A request is acknowledged after the batch that
   * holds its events has committed.
   * @throws StreamjobError CONFIG_INVALID when the batch interval is over half of peerRequestTimeout
   * @example ssc.flumeStream({ host: '127.0.0.1', port: 41414 }).map((event) => event.text())
   */
  flumeStream(options: FlumePushOptions): DStream<FlumeEvent> {
    const settings = this.#receiverSettings();
    const receiver = new FlumePushReceiver(options, settings);
    return this.#inputStream(inputOf(settings.id, receiver, { dedupe: receiver.dedupe }));
  }

  /**
   * A stream of what the Spark sinks of Flume agents hold ready. A sink's batch is acknowledged after the batch that holds
   * its events has committed.
   * @throws StreamjobError CONFIG_INVALID
   * @example ssc.flumePollingStream({ addresses: ['127.0.0.1:41415'] }).map((event) => event.text())
   */
  flumePollingStream(options: FlumePullOptions): DStream<FlumeEvent> {
    const settings = this.#receiverSettings();
    const receiver = new FlumePullReceiver(options, settings);
    return this.#inputStream(inputOf(settings.id, receiver, { dedupe: receiver.dedupe }));
  }

  /** The values of all streams. @throws StreamjobError CONFIG_INVALID */
  union<T>(streams: readonly DStream<T>[]): DStream<T> {
    return unionStreams(streams);
  }

  /**
   * Any function from the streams' RDDs to one, called once per batch.
   * @param fn synchronous; gets the RDDs in the order of the streams, and the batch time in ms since the epoch
   * @throws StreamjobError CONFIG_INVALID when the slide durations differ
   * @example ssc.transform([a, b], (rdds) => rdds.reduce((x, y) => x.union(y)))
   */
  transform<T, U>(streams: readonly DStream<T>[], fn: (rdds: readonly RDD<T>[], time: number) => RDD<U>): DStream<U> {
    return transformStreams<U>(streams as readonly DStream<unknown>[], 'transform', (rdds, time) =>
      fn(rdds as readonly RDD<T>[], time),
    );
  }

  /**
   * A stream of values that the program queues: each array is one batch's data.
   * @param queue arrays of values; more may be pushed while the job runs
   * @param oneAtATime one array per batch (the default), or all that are queued
   * @param defaultValues what a batch has when nothing is queued; none when left out
   * @example ssc.queueStream([[1, 2], [3]])
   */
  queueStream<T>(queue: (readonly T[])[], oneAtATime = true, defaultValues: readonly T[] = []): DStream<T> {
    const { id } = this.#receiverSettings();
    return this.#inputStream(new QueueInput<T>(id, queue, oneAtATime, defaultValues));
  }

  /**
   * A stream of a user's own receiver.
   * @param receiver onStart gets a handle with store, storeMany, room, restart and reportError
   * @example ssc.receiverStream<number>({ onStart: (handle) => { handle.storeMany([1, 2], (outcome) => acknowledge(outcome)); } })
   */
  receiverStream<T>(receiver: UserReceiver<T>, name = 'receiver stream'): DStream<T> {
    const { id, clock, log } = this.#receiverSettings();
    return this.#inputStream(inputOf(id, new UserReceiverHost<T>(`${name} [${id}]`, receiver, clock, log)));
  }

  /**
   * Lines of UTF-8 text from a TCP server. A connection that fails or ends is made again after 2 s, without limit.
   * @example ssc.socketTextStream('localhost', 9999)
   */
  socketTextStream(host: string, port: number): DStream<string> {
    return this.receiverStream(socketReceiver(host, port), `socket stream of ${host}:${port}`);
  }

  /**
   * Lines of the text files that are moved into a directory, each file once, in the batch of its modification time.
   * @example ssc.textFileStream('/var/spool/in')
   */
  textFileStream(directory: string, options: FileStreamOptions = {}): DStream<string> {
    const settings = this.#receiverSettings();
    return this.#inputStream(new FilesInput(settings.id, directory, options, textLines, settings));
  }

  /** Records of a fixed length, in bytes, of the files that are moved into a directory. */
  binaryRecordsStream(directory: string, recordLength: number, options: FileStreamOptions = {}): DStream<Uint8Array> {
    if (!Number.isSafeInteger(recordLength) || recordLength < 1) {
      throw misfit('recordLength', recordLength, count({ min: 1 }), 'binaryRecordsStream');
    }
    const read = (content: Buffer): readonly Uint8Array[] => fixedRecords(content, recordLength);
    const settings = this.#receiverSettings();
    return this.#inputStream(new FilesInput(settings.id, directory, options, read, settings));
  }

  /**
   * A stream of the values of an Observable (rxjs or any other) or an async iterable. Neither can be replayed: what has
   * not committed is lost in a crash.
   * @param options buffer: values that may wait for their commit; overflow: what an Observable that gives more leads to
   * @throws StreamjobError CONFIG_INVALID
   * @example ssc.fromObservable(interval(100), { buffer: 1000, overflow: 'drop' })
   */
  fromObservable<T>(source: ObservableSource<T> | AsyncIterable<T>, options: FromObservableOptions = {}): DStream<T> {
    const { id, clock, log } = this.#receiverSettings();
    const open = (): OpenValues => host.open;
    const host: UserReceiverHost<T> = new UserReceiverHost<T>(
      `observable stream [${id}]`,
      observableReceiver(source, options, open),
      clock,
      log,
    );
    this.#unreplayable.push(host.name);
    return this.#inputStream(inputOf(id, host));
  }

  /** A value that all functions read. */
  broadcast<T>(value: T): Broadcast<T> {
    return new Broadcast(value);
  }

  /**
   * Adds up numbers that functions give it. In a function that is run again a number counts again: exact only in outputs.
   * @example const lines = ssc.accumulator(); stream.foreachRDD(async (rdd) => lines.add(await rdd.count()));
   */
  accumulator(): NumberAccumulator {
    return this.#graph.accumulators.register(new NumberAccumulator());
  }

  /** Gathers values that functions give it. */
  collectionAccumulator<T>(): CollectionAccumulator<T> {
    return this.#graph.accumulators.register(new CollectionAccumulator<T>());
  }

  /**
   * Makes a function of outputs known to the executors of a Spark cluster: `rdd.foreachPartition` (and `rdd.foreach`) with it then runs there, and
   * nothing of the data comes to the driver. With other engines it is called in the driver, as any function is.
   *
   * The job is built on each executor, too: the function is there with what it finds around it then. What is known only in the driver, in a
   * batch, it gets as arguments of foreachPartition. What is written by a batch that is run again, or by two attempts of Spark, is written twice,
   * unless the function is made by `exactlyOncePartition`.
   * @param fn as foreachPartition (or foreach) takes it; it may be async
   * @returns the function
   * @throws StreamjobError CONTEXT_STATE after start: executors could not have it
   * @example
   * const count = ssc.accumulator();
   * const write = ssc.onExecutors(async (lines: Iterable<string>, part: OutputPartition, table: string) => {
   *   for (const line of lines) count.add(line.length + table.length);
   * });
   * stream.foreachRDD((rdd) => rdd.foreachPartition(write, 'lines'));
   */
  onExecutors<F extends (...args: never[]) => unknown>(fn: F): F {
    this.#graph.addFunction(fn);
    return fn;
  }

  /**
   * How long all data is remembered at least, so that `slice` finds it.
   * @throws StreamjobError CONFIG_INVALID, CONTEXT_STATE after start
   */
  remember(duration: DurationLike): void {
    if (this.#run.state !== 'initialized') {
      throw new StreamjobError('CONTEXT_STATE', 'remember was called after start()', { hint: 'call it before' });
    }
    this.#graph.remember = durationMs(duration, 'remember');
  }

  /**
   * Keeps state, windows and received data in a directory, so that they outlive a crash. As Spark's `checkpoint`.
   * @param directory made when there is none
   * @throws StreamjobError CONTEXT_STATE after start
   */
  checkpoint(directory: string): void {
    if (this.#run.state !== 'initialized') {
      throw new StreamjobError('CONTEXT_STATE', 'checkpoint was called after start()', { hint: 'call it before' });
    }
    this.#checkpointDir = directory;
  }

  /**
   * A context with what an earlier run left in a directory; empty the first time. Unlike in Spark `build` is always called: a
   * checkpoint holds data, never code, so that the code and all settings are those of now.
   * @param directory the checkpoint's
   * @param build makes the context with its streams and outputs
   * @example
   * const ssc = await StreamingContext.getOrCreate('/var/lib/streamjob/counts', () => makeContext());
   * await ssc.start();
   */
  static async getOrCreate(
    directory: string,
    build: () => StreamingContext | Promise<StreamingContext>,
  ): Promise<StreamingContext> {
    const ssc = await build();
    ssc.checkpoint(directory);
    return ssc;
  }

  /** @internal What an engine needs of a context that another thread builds. */
  static graphOf(ssc: StreamingContext): Pick<EngineSettings, 'graph' | 'accumulators' | 'openStore'> {
    return { graph: ssc.#graph, accumulators: ssc.#graph.accumulators, openStore: ssc.#states.open };
  }

  /** @internal A stream of an input that is made elsewhere. @param make gets the stream's number */
  inputStream<T>(make: (id: number) => Input): DStream<T> {
    return this.#inputStream<T>(make(this.#receiverSettings().id));
  }

  /** @internal A stream of values that the caller hands over: the test kit's input. */
  valuesStream<T>(): { readonly stream: DStream<T>; readonly push: ValuesReceiver<T>['push'] } {
    const { id } = this.#receiverSettings();
    const receiver = new ValuesReceiver<T>(`values stream [${id}]`);
    return {
      stream: this.#inputStream<T>(inputOf(id, receiver)),
      push: (values, onSettled) => receiver.push(values, onSettled),
    };
  }

  /** @internal Resolves when the batches that are due have ended, or the context has: what the test kit waits for. */
  static async caughtUp(ssc: StreamingContext): Promise<void> {
    await ssc.#run.flow?.caughtUp();
  }

  /** @internal What an observer sees of it. @param telemetry what the context was given as its option */
  static observe(ssc: StreamingContext, telemetry: TelemetryRegistry): Observed {
    const graph = ssc.#graph;
    const observed = new ObservedGraph(graph);
    const options = ssc.#options;
    return {
      name: options.name,
      batchIntervalMs: graph.batchMs,
      settings: settingTexts(CONTEXT_OPTIONS, options),
      tuning: tuningOf(options, ssc.#rates),
      deadLetterFile: options.onPoison === 'skip' ? path.resolve(options.deadLetterFile) : undefined,
      clock: ssc.#clock,
      events$: ssc.events$,
      telemetry,
      get operators() {
        return observed.operators;
      },
      get outputs() {
        return observed.outputs;
      },
      state: () => ssc.#run.state,
      receivers: () => ssc.receivers,
      peers: () =>
        ssc.#inputs.flatMap(({ id, receivers }) =>
          receivers.flatMap(({ name, peers }) =>
            peers === undefined ? [] : [{ receiver: id, name, timeoutMs: peers.timeoutMs, peers: peers.held() }],
          ),
        ),
      flow: () => ssc.#run.flow?.inspect(),
      taps: ssc.#taps,
      states: () =>
        [...graph.identities()].flatMap(([{ id, state }, name]) =>
          state === undefined ? [] : [{ name, operator: id, kind: state.form.kind }],
        ),
      readState: async (name, bucket) => {
        const engine = ssc.#running;
        if (engine === undefined)
          throw new StreamjobError('CONTEXT_STATE', 'the job does not run: nobody has its states');
        const packed = await engine.bucket(name, bucket);
        return { entries: unpackChanges(packed)[0]?.set ?? [], bytes: packed.bytes.length };
      },
      remembered: () => {
        const now = ssc.#clock.now();
        return graph.nodes
          .filter(({ windowMs }) => windowMs > 0)
          .map(({ id, parents, windowMs }) => {
            const times = parents.flatMap((parent) => ssc.#running?.timesOf(parent, now - 2 * windowMs, now) ?? []);
            return { operator: id, batches: new Set(times).size };
          });
      },
    };
  }

  /** @internal From the start on, what each batch held that has committed is told. */
  static record(ssc: StreamingContext, take: Recorded): void {
    ssc.#record = take;
  }

  /** @internal Inputs that are made from now on receive nothing by themselves: what was recorded is handed to them. */
  static replay(ssc: StreamingContext): void {
    ssc.#replayed = new Map();
  }

  /** @internal All inputs, for a host that receives for a driver elsewhere. */
  static inputs(ssc: StreamingContext): readonly Input[] {
    return ssc.#inputs;
  }

  /** @internal The receivers of a replay, by the names of their inputs. */
  static replayed(ssc: StreamingContext): ReadonlyMap<string, ReplayedReceiver> {
    const byName = new Map<string, ReplayedReceiver>();
    for (const [{ input }, name] of ssc.#graph.identities()) {
      const receiver = input === undefined ? undefined : ssc.#replayed?.get(input);
      if (receiver !== undefined) byName.set(name, receiver);
    }
    return byName;
  }

  /** @internal What a start checks before it starts anything. @throws StreamjobError NO_OUTPUT, CONFIG_INVALID */
  static validate(ssc: StreamingContext): void {
    ssc.#graph.validate();
    if (ssc.#options.cut === 'eager') requireUnmixed(ssc.#graph);
  }

  /**
   * Starts the receivers and the batches. It may be left without await, as in Spark: `stop` and `awaitTermination` know of it.
   * @throws StreamjobError NO_OUTPUT, PORT_IN_USE, LISTEN_FAILED, TLS_INVALID, CHECKPOINT_LOCKED, CHECKPOINT_INCOMPATIBLE, LOG_CORRUPT,
   *   FILE_ACCESS; CONTEXT_STATE (stopped before, or while it started)
   */
  start(): Promise<void> {
    if (this.#run.state === 'stopped') {
      return Promise.reject(
        new StreamjobError('CONTEXT_STATE', 'a context that has stopped cannot be started again', {
          hint: 'make a new StreamingContext',
        }),
      );
    }
    if (this.#run.starting !== undefined) {
      // As Spark: a second start is a slip, not a reason to end a job that runs.
      this.#log.warn({}, 'start() was called on a context that has started: nothing is done');
      return this.#run.starting;
    }
    try {
      StreamingContext.validate(this);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#graph.freeze('started');
    this.#warnOfLosses();
    return this.#run.start();
  }

  /**
   * Stops. On a context that is starting, a graceful stop waits for the start; one that is not ends it. It may be called again with
   * `graceful: false` to cut a graceful stop short.
   * @throws StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN: then nothing has happened
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const { batchInterval } = this.#options;
    const { graceful, timeout } = resolveOptions('stop', STOP_OPTIONS, options, { batchInterval });
    if (this.#run.starting === undefined) this.#graph.freeze('stopped');
    return this.#run.stop(graceful, timeout);
  }

  /**
   * As awaitTermination, but no longer than `timeout`.
   * @returns whether the context has stopped
   * @throws StreamjobError BATCH_FAILED when a failed batch stopped it; what made its start fail
   */
  async awaitTerminationOrTimeout(timeout: DurationLike): Promise<boolean> {
    const ms = durationMs(timeout, 'timeout');
    let timer: Timer | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = this.#clock.after(ms, () => resolve(false));
    });
    try {
      return await Promise.race([this.awaitTermination().then(() => true), late]);
    } finally {
      timer?.cancel();
    }
  }

  /**
   * Resolves when the context has stopped; waits for its start, too.
   * @throws StreamjobError BATCH_FAILED when a failed batch stopped it; what made its start fail
   */
  awaitTermination(): Promise<void> {
    return this.#run.awaitEnd();
  }

  async #openFlow(): Promise<Flow> {
    const { cut, linger, onFailure, maxRetries, maxBatches, maxBacklogBytes, maxLogBytes, write } = this.#options;
    const { batchesInFlight, reliability, telemetry, name } = this.#options;
    const skipPolicy = this.#openDeadLetters();
    const names = this.#graph.identities();
    const { durability, inputNames } = await openDurability({
      graph: this.#graph,
      names,
      inputs: this.#inputs,
      level: reliability,
      takesInput: this.#engine.takesInput,
      checkpointDir: this.#checkpointDir ?? this.#options.checkpointDir,
      standard: this.#options.standardCheckpointDir,
      allowIntervalChange: this.#options.allowIntervalChange,
      maxLogBytes,
      log: this.#log,
      telemetry,
      files: this.#options.files,
    });
    // On a context that was stopped meanwhile these run at once.
    this.#run.scope.defer(() => durability.close());
    this.#run.requireNotStopped();
    const engine = await this.#engine.open({
      graph: this.#graph,
      names,
      numPartitions: this.#parallelism,
      accumulators: this.#graph.accumulators,
      openStore: this.#states.open,
      signal: AbortSignal.any([this.#run.scope.signal, this.#run.halt.signal]),
      skipPolicy,
      taps: this.#taps,
      log: this.#log,
      telemetry: this.#options.telemetry,
      job: await this.#jobElsewhere(),
      recovery: durability.recovery,
      master: this.#options.master,
      storage: this.#options.storage,
      shipNode: this.#options.shipNode,
    });
    this.#running = engine;
    const measures = registerMeasures(this.#graph, names, this.#options.telemetry);
    this.#run.scope.defer(() => {
      for (const takeBack of measures) takeBack();
      this.#running = undefined;
      return engine.close();
    });
    this.#run.requireNotStopped();
    this.#run.scope.defer(() => this.#hosts.close());
    const { batchMs } = this.#graph;
    const record = this.#record;
    return new Flow({
      cut,
      cutting:
        cut === 'eager'
          ? new EagerCutting(this.#clock, batchMs, linger, durability.lastTime)
          : new Ticker(this.#clock, batchMs, durability.lastTime),
      graph: this.#graph,
      engine,
      inputs: this.#inputs,
      clock: this.#clock,
      log: this.#log,
      events: this.#events,
      onFailure,
      maxRetries,
      maxBatches,
      // Only at end-to-end do peers wait for the commit.
      maxDelayMs:
        reliability === 'end-to-end'
          ? Math.min(
              ...this.#inputs
                .flatMap(({ receivers }) => receivers)
                .map(({ peers }) => (peers?.timeoutMs ?? Number.POSITIVE_INFINITY) / 2),
            )
          : Number.POSITIVE_INFINITY,
      maxBacklogBytes,
      maxLogBytes,
      reliability,
      durability,
      inputNames,
      job: name,
      parallelism: this.#parallelism,
      rates: this.#rates,
      batchesInFlight,
      telemetry,
      deadLetters: skipPolicy,
      halt: this.#run.halt,
      record: record && ((time, blocks) => record(time, blocks, (input) => inputNames.get(input) ?? `input-${input}`)),
      write,
    });
  }

  /** Where workers find the job, and the options that its graph may depend on. */
  async #jobElsewhere(): Promise<JobElsewhere | undefined> {
    const { job } = this.#options;
    if (job === undefined) return undefined;
    // By now it is known where the states are, if they are in a database.
    const stateDir = this.#states.directory;
    const context = optionsForWorkers(CONTEXT_OPTIONS, { ...this.#options, stateDir });
    const entry = moduleUrl('worker').href;
    // Only other threads load it.
    const isElsewhere = this.#engine.takesInput === 'shared-memory';
    const bundle = isElsewhere ? await bundleForWorkers(job.source ?? job.module, this.#log) : undefined;
    const { data, module, source } = job;
    const usesS3 = this.#options.storage !== undefined && isInS3(this.#options.storage);
    const program = (): Promise<JobProgram> =>
      programOf({ module, source, context, data, env: environmentOf(this.#options.executorEnv), usesS3 });
    return isElsewhere ? { ...job, context, entry, bundle } : { ...job, context, entry, program };
  }

  #openDeadLetters(): DeadLetters | undefined {
    const { onPoison, deadLetterFile } = this.#options;
    if (onPoison !== 'skip') return undefined;
    const letters = new DeadLetters(deadLetterFile, this.#log, this.#events);
    this.#run.scope.defer(() => letters.close());
    return letters;
  }

  #receiverSettings(): ReceiverSettings {
    const id = this.#inputIds++;
    const { reliability, embeddedAgent, telemetry } = this.#options;
    const log = this.#log.child({ receiver: id });
    const eager = this.#options.cut === 'eager';
    const { takesInput } = this.#engine;
    const { batchMs } = this.#graph;
    return { id, clock: this.#clock, log, telemetry, batchMs, reliability, eager, takesInput, embeddedAgent };
  }

  #inputStream<T>(made: Input): DStream<T> {
    const input = this.#replayed === undefined ? this.#hosts.inputOf(made) : inputInReplay(made, this.#replayed);
    const { id, name, atCut } = input;
    const pending = atCut?.pending;
    const node = this.#graph.add<T>({
      name,
      parents: [],
      slideMs: this.#graph.batchMs,
      windowMs: 0,
      input: id,
      ...(pending === undefined ? {} : { pending: () => pending() }),
      lineage: (_, batch) => batch.input<T>(id),
    });
    this.#inputs.push(input);
    this.#receiverStates.add(input);
    return new DStream(this.#graph, node);
  }

  /** After each batch, what operators have counted for the log. */
  #tellRemarks(): void {
    const { remarks } = this.#graph;
    if (remarks.length === 0) return;
    const told = new Map<string, number>();
    this.#events.subscribe(({ type }) => {
      if (type !== 'batchCompleted') return;
      for (const { operator, text, counter } of remarks) {
        const values = counter.sum - (told.get(operator) ?? 0);
        if (values > 0) this.#log.warn({ operator, values, inAll: counter.sum }, `${values} ${text}`);
        told.set(operator, counter.sum);
      }
    });
  }

  #warnOfLosses(): void {
    for (const name of this.#unreplayable) {
      this.#log.warn({}, `${name} cannot be replayed: values that have not committed are lost in a crash`);
    }
  }
}

/** The variables of these names that there are. @param names with commas between */
function environmentOf(names = ''): Record<string, string> {
  const given = names.split(',').map((name) => name.trim());
  return Object.fromEntries(
    given.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** @param names of operators across restarts @returns each takes a measure back */
function registerMeasures(
  { measures, nodes }: Graph,
  names: ReadonlyMap<Node<unknown>, string>,
  telemetry: Telemetry,
): (() => void)[] {
  return measures.map(({ help, kind, name, operator, read }) => {
    const node = nodes.find(({ state }) => state?.operator === operator);
    const labels = { operator: (node && names.get(node)) ?? operator };
    return kind === 'gauge'
      ? telemetry.gauge(name, { help, labels }, read)
      : telemetry.observableCounter(name, { help, labels }, read);
  });
}

/** @throws StreamjobError CONFIG_INVALID */
function requireUnmixed(graph: Graph): void {
  const mixed = graph.mixed;
  if (mixed === undefined) return;
  const parents = mixed.parents.map(
    (parent) => `${parent.name} (${graph.isGridded(parent) ? 'windowed' : 'every batch'})`,
  );
  throw new StreamjobError(
    'CONFIG_INVALID',
    `cut: 'eager' cannot run a graph that reads windowed and unwindowed streams together: batches between two slides have the one without the other`,
    { where: `${mixed.name} of ${parents.join(' and ')}`, hint: "window both streams, or use cut: 'interval'" },
  );
}

/** An input that is known by the same number and drops the same events, and receives nothing by itself. */
function inputInReplay({ id, name, dedupe }: Input, replayed: Map<number, ReplayedReceiver>): Input {
  const receiver = new ReplayedReceiver(`${name}, replayed`);
  replayed.set(id, receiver);
  return inputOf(id, receiver, dedupe === undefined ? {} : { dedupe });
}
