/**
 * A context's run, from start to stop: opens the flow, starts the receivers, stops all of it gracefully or at once, and tells those who
 * wait how it ended. Whatever the system never comes to an end of, nobody here waits for it for ever.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../core/clock.ts';
import { errorLine, messageOf, StreamjobError } from '../core/errors.ts';
import type { EventBus } from '../core/events.ts';
import type { Logger } from '../core/log.ts';
import { Scope, untilAborted } from '../core/scope.ts';
import type { Flow } from '../flow/flow.ts';
import type { Input } from '../flow/receive/input.ts';
import type { Receiver } from '../flow/receive/receiver.ts';
import type { ReceiverStates } from '../flow/receive/receiver-states.ts';

/** Where a context is in its life: as in Spark. */
export type ContextState = 'initialized' | 'active' | 'stopped';

/** The longest that closing may take, in ms. */
const LONGEST_CLOSE_MS = 30_000;
/** After this a stop says what it waits for. */
const STOP_HINT_MS = 3000;

/** What a run works with. */
export interface ContextRunParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventBus;
  readonly receiverStates: ReceiverStates;
  /** Those that were made until the start. */
  readonly inputs: readonly Input[];
  /** Opens all that the flow is made of, and hands what must be closed to the run's scope. @throws StreamjobError */
  readonly openFlow: () => Promise<Flow>;
  /** Receivers and batches have started. */
  readonly onStarted: () => void;
}

/** A context's run, from start to stop. */
export class ContextRun {
  /** What is closed at the end. */
  readonly scope: Scope = new Scope();
  /** Aborts when what is running is to stop. */
  readonly halt: AbortController = new AbortController();
  readonly #parts: ContextRunParts;
  #state: ContextState = 'initialized';
  #flow: Flow | undefined;
  #starting: Promise<void> | undefined;
  /** Ends when the flow has; how it ended is told by `#ended`. */
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #isOver = false;
  /** Whether somebody hears how the context ends. */
  #isAwaited = false;
  readonly #ended = deferred();

  constructor(parts: ContextRunParts) {
    this.#parts = parts;
    // As many deliveries may wait for a full disk as there are; Node takes more than ten listeners for a leak, and says so on stderr.
    setMaxListeners(0, this.halt.signal);
  }

  get state(): ContextState {
    return this.#state;
  }

  /** Undefined until it was opened. */
  get flow(): Flow | undefined {
    return this.#flow;
  }

  /** The start, once it was begun. */
  get starting(): Promise<void> | undefined {
    return this.#starting;
  }

  /** Starts receivers and batches. @throws what opening the flow and starting a receiver throw; StreamjobError CONTEXT_STATE */
  start(): Promise<void> {
    this.#state = 'active';
    this.#starting = this.#start();
    return this.#starting;
  }

  /**
   * Stops what has started, or ends what has not. More calls wait for the first, and cut it short when they are not graceful.
   * @param graceMs after this a graceful stop gives the rest back, in ms
   */
  async stop(graceful: boolean, graceMs: number): Promise<void> {
    if (this.#starting === undefined) return this.#end(undefined);
    this.#stopping ??= this.#stop(this.#starting, graceMs);
    if (!graceful) this.#abort('the context was stopped at once');
    return this.#stopping;
  }

  /** Resolves when all is over; waits for the start, too. @throws what made the start or the flow fail */
  awaitEnd(): Promise<void> {
    this.#isAwaited = true;
    return this.#ended.promise;
  }

  /** @throws StreamjobError CONTEXT_STATE when the start has been stopped meanwhile */
  requireNotStopped(): void {
    if (this.halt.signal.aborted) {
      throw new StreamjobError('CONTEXT_STATE', 'the context was stopped while it started');
    }
  }

  async #start(): Promise<void> {
    const { clock, events, inputs, onStarted, openFlow } = this.#parts;
    try {
      const flow = await this.#unlessStopped(
        openFlow().then((opened) => {
          this.#flow = opened;
          return opened;
        }),
      );
      for (const { id, receivers } of inputs) {
        for (const [place, receiver] of receivers.entries()) await this.#startReceiver(flow, id, place, receiver);
      }
      events.next({ type: 'streamingStarted', time: clock.now() });
      onStarted();
      this.#running = this.#run(flow);
    } catch (error) {
      // A stop that ends the start is no failure of it.
      await this.#end(this.halt.signal.aborted ? undefined : error);
      throw error;
    }
  }

  async #startReceiver(flow: Flow, input: number, place: number, receiver: Receiver): Promise<void> {
    const { events, log, receiverStates } = this.#parts;
    this.scope.defer(() => receiver.close());
    receiverStates.set(receiver, 'starting');
    await this.#unlessStopped(receiver.start(flow.attach(input, place, receiver)));
    if (receiver.restarts === undefined) receiverStates.set(receiver, 'running');
    log.info({ receiver: input }, `${receiver.name} started`);
    events.next({ type: 'receiverStarted', receiver: input, name: receiver.name });
  }

  /** Waits no longer once the context is to stop at once: the system may never come to an end of `work`. */
  async #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const result = await untilAborted(
      work.then((value) => ({ value })),
      this.halt.signal,
    );
    this.requireNotStopped();
    return (result as { readonly value: T }).value;
  }

  #abort(reason: string): void {
    if (this.#flow === undefined) this.halt.abort();
    else this.#flow.abort(reason);
  }

  async #stop(starting: Promise<void>, graceMs: number): Promise<void> {
    const { clock, inputs, log } = this.#parts;
    const deadline = clock.after(graceMs, () => {
      log.warn({ timeoutMs: graceMs }, 'graceful stop timed out: what has not committed is given back');
      this.#abort(`the graceful stop took longer than ${graceMs} ms`);
    });
    const hint = clock.after(Math.min(STOP_HINT_MS, graceMs / 2), () => this.#tellWhatStopWaitsFor());
    try {
      // The failure of a start is told by its own promise, and by awaitEnd. Of a start that is over nobody waits even for a moment:
      // a receiver that is not stopped before the flow gives its values back would hand them over again.
      if (this.#running === undefined) await starting.catch(() => {});
      const flow = this.#flow;
      if (this.#running === undefined || flow === undefined) return;
      // A user's receiver that does not come to its end must not hold the stop for longer than anything else may.
      const receivers = inputs.flatMap((input) => input.receivers);
      await untilAborted(Promise.all(receivers.map((receiver) => receiver.stopReceiving())), this.halt.signal);
      flow.drain();
      await this.#running;
      if (!this.halt.signal.aborted) log.info({}, 'the context has stopped: all that was received has committed');
    } finally {
      deadline.cancel();
      hint.cancel();
    }
  }

  #tellWhatStopWaitsFor(): void {
    const what = this.#flow?.waitsFor;
    if (what !== undefined) this.#parts.log.warn({}, `the stop waits for ${what}`);
  }

  async #run(flow: Flow): Promise<void> {
    const { log } = this.#parts;
    let failure: unknown;
    try {
      await flow.run();
    } catch (error) {
      failure = error;
    }
    if (failure !== undefined && !this.#isAwaited) {
      log.error({ err: failure }, `the context stops, and nobody awaits its termination: ${errorLine(failure)}`);
    }
    await this.#end(failure);
  }

  /** All is over: closes it, tells listeners and those who wait. @param failure undefined: it was stopped */
  async #end(failure: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#state = 'stopped';
    const { clock, events, inputs, receiverStates } = this.#parts;
    const hasRun = this.#starting !== undefined;
    await this.#closeAll();
    if (hasRun) {
      for (const { id, receivers } of inputs) {
        for (const receiver of receivers) {
          receiverStates.set(receiver, 'stopped');
          events.next({ type: 'receiverStopped', receiver: id, name: receiver.name });
        }
      }
      events.next({ type: 'streamingStopped', time: clock.now() });
    }
    events.complete();
    if (failure === undefined) this.#ended.resolve();
    else this.#ended.reject(failure);
  }

  /** Something of the system may never come to its end: nobody waits for it for longer than for a graceful stop. */
  async #closeAll(): Promise<void> {
    const { clock, log } = this.#parts;
    const over = new AbortController();
    const deadline = clock.after(LONGEST_CLOSE_MS, () => {
      log.error({}, `closing takes longer than ${LONGEST_CLOSE_MS} ms: it is not waited for`);
      over.abort();
    });
    try {
      await untilAborted(this.scope.close(), over.signal);
    } catch (error) {
      log.error({ err: error }, messageOf(error));
    } finally {
      deadline.cancel();
    }
  }
}

/** A promise and what settles it; nobody needs to listen to it. */
function deferred(): { promise: Promise<void>; resolve(): void; reject(reason: unknown): void } {
  let resolve = (): void => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<void>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
