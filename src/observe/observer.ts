/** Watches one job: keeps its history, and works out what the page, REST and metrics show. */
import type { AgentInspection } from '../core/agent-inspection.ts';
import type { Held } from '../flow/receive/on-the-way.ts';
import type { BatchRecord } from './batch-record.ts';
import { History } from './history.ts';
import type { LogTail } from './log-tail.ts';
import { Minutes } from './minutes.ts';
import type { Observed } from './observed.ts';
import type { Profiler } from './profile/profiler.ts';
import { NO_REDACTION, type Redaction } from './redaction.ts';
import { NO_RUN, type RunSettings } from './settings.ts';
import { StateGrowth, StateScales } from './states.ts';
import { TapBoard } from './taps.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** A step of the way of an event. */
export type StepName = 'receive' | 'block' | 'batch' | 'stage' | 'output' | 'commit' | 'acknowledge';

/** What is at a step now. */
export interface Step {
  readonly step: StepName;
  readonly events: number;
  /** The age of the oldest event there, in ms; undefined: there is none, or nobody knows. */
  readonly oldestMs: number | undefined;
}

/** What a peer waits for. */
export interface WaitingPeer {
  /** The number of the stream that it feeds. */
  readonly receiver: number;
  readonly name: string;
  /** Its address. */
  readonly peer: string;
  readonly requests: number;
  readonly events: number;
  readonly oldestMs: number;
  /** Until the peer gives up, in ms; negative: it has. */
  readonly leftMs: number;
  readonly timeoutMs: number;
}

/** What there is of a run beside its job. */
export interface Beside {
  /** Keeps the lines of the job's log. */
  readonly log?: LogTail | undefined;
  readonly agent?: (() => AgentInspection) | undefined;
  /** Where the values of settings came from, and settings of the run that are no options of the job. */
  readonly run?: RunSettings | undefined;
  /** What of values is not shown. Default: all is. */
  readonly redaction?: Redaction | undefined;
  /** How many batches that are over are kept. Default: as Spark. */
  readonly retained?: number | undefined;
}

/** Watches a job. */
export class Observer {
  readonly observed: Observed;
  readonly history: History;
  /** The batches of the last day, minute by minute. */
  readonly minutes: Minutes = new Minutes();
  readonly log: LogTail | undefined;
  /** What the components of the embedded agent are at; undefined: there is none in this process. */
  readonly agent: (() => AgentInspection) | undefined;
  readonly run: RunSettings;
  /** What of values is not shown. */
  readonly redaction: Redaction;
  readonly taps: TapBoard;
  readonly growth: StateGrowth;
  readonly scales: StateScales;
  #profiler: Promise<Profiler> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(observed: Observed, { agent, log, redaction = NO_REDACTION, retained, run = NO_RUN }: Beside = {}) {
    this.observed = observed;
    this.history = new History(observed, retained, undefined, (message) => redaction.ofMessage(message));
    this.log = log;
    this.agent = agent;
    this.run = run;
    this.redaction = redaction;
    this.taps = new TapBoard(observed, redaction);
    this.scales = new StateScales(observed, redaction);
    this.growth = new StateGrowth(observed);
    this.history.onOver((record) => {
      this.minutes.add(record);
      this.growth.sample();
    });
    // While somebody looks at the graph, the values that go from operator to operator are counted.
    observed.telemetry.counting = () => observed.clock.now() - this.#lookedAt < COUNTING_MS;
  }

  /** Somebody looks at the graph: for a while, the values that operators give are counted. */
  lookAtGraph(): void {
    this.#lookedAt = this.observed.clock.now();
  }

  get batchIntervalMs(): number {
    return this.observed.batchIntervalMs;
  }

  /** Where the events are that are on their way, in the order of the way. */
  steps(): Step[] {
    const flow = this.observed.flow();
    const now = this.observed.clock.now();
    const age = (since: number | undefined): number | undefined =>
      since === undefined ? undefined : Math.max(0, now - since);
    const running = flow?.running;
    const at = (step: StepName): Held => (running?.step === step ? running : NOTHING);
    const held: readonly [StepName, Held][] = [
      ['receive', flow?.receiving ?? NOTHING],
      ['block', flow?.waiting ?? NOTHING],
      ['batch', flow?.cut ?? NOTHING],
      ['stage', at('stage')],
      ['output', at('output')],
      ['commit', at('commit')],
      ['acknowledge', flow?.settling ?? NOTHING],
    ];
    return held.map(([step, { events, since }]) => ({ step, events, oldestMs: events > 0 ? age(since) : undefined }));
  }

  /** What each peer waits for, the one that has waited longest first. */
  peers(): WaitingPeer[] {
    const now = this.observed.clock.now();
    return this.observed
      .peers()
      .flatMap(({ name, peers, receiver, timeoutMs }) =>
        peers.map(({ events, peer, requests, since }) => {
          const oldestMs = Math.max(0, now - since);
          return { receiver, name, peer, requests, events, oldestMs, leftMs: timeoutMs - oldestMs, timeoutMs };
        }),
      )
      .sort((a, b) => b.oldestMs - a.oldestMs);
  }

  /** Events that peers wait for an answer of. */
  get heldEvents(): number {
    return this.peers().reduce((sum, { events }) => sum + events, 0);
  }

  /** Loaded when somebody asks for it. */
  profiler(): Promise<Profiler> {
    this.#profiler ??= import('./profile/profiler.ts').then(({ Profiler: Loaded }) => new Loaded());
    return this.#profiler;
  }

  verdict(): Verdict {
    return verdictOf({
      state: this.observed.state(),
      batches: this.history.batches,
      batchIntervalMs: this.batchIntervalMs,
      now: this.observed.clock.now(),
      failedAttempts: this.observed.flow()?.running?.failedAttempts ?? 0,
    });
  }

  /** Called whenever a batch is over. @returns ends it */
  onBatch(listener: (record: BatchRecord) => void): () => void {
    return this.history.onOver(listener);
  }

  close(): void {
    this.history.close();
  }
}

/** How long values are counted after somebody has looked at the graph, in ms. */
const COUNTING_MS = 15_000;

const NOTHING: Held = { events: 0, since: undefined };
