/**
 * What the parts of a job and of an agent can be watched by: counters, gauges and spans, behind a port. Parts register what they have;
 * who shows it (Flume's names as JSON, Prometheus, a web page) is another view of the same. Nothing is pushed: a gauge is read when
 * somebody asks, so that it is never stale.
 */

/** What tells measurements of one name apart: `{ receiver: '0' }`. */
export type Labels = Readonly<Record<string, string>>;

/** What is said of a measurement when it is registered. */
export interface Measure {
  /** What it is, in a sentence, for people. */
  readonly help: string;
  /** Of its value; left out: it is a plain number. */
  readonly unit?: 'ms' | 'bytes' | 'events' | undefined;
  /** What tells measurements of one name apart, such as the input. */
  readonly labels?: Labels | undefined;
}

/** Something that took time. */
export interface Span {
  /** 'batch', 'stage', 'task', 'output' or 'commit'. */
  readonly name: string;
  /** ms since the epoch */
  readonly startedAt: number;
  /** How long it took, in ms. */
  readonly durationMs: number;
  /** Whose it is, such as the time of the batch. */
  readonly labels: Labels;
  /** Why it failed; undefined: it did not. */
  readonly error?: string | undefined;
  /** What took the time in it, in order. */
  readonly parts: readonly Span[];
  /** Of a stage: how many values operators gave in it, by their numbers in the graph, as far as that was counted. */
  readonly gave?: readonly (readonly [operator: number, values: number])[] | undefined;
}

/** The port. */
export interface Telemetry {
  /** Something that only grows. @param name in snake case, as Prometheus has it; registered again, the same goes on */
  counter(name: string, measure: Measure): Counter;
  /** Something that only grows and is counted elsewhere. @param read asked whenever somebody looks @returns takes it back */
  observableCounter(name: string, measure: Measure, read: () => number): () => void;
  /** Something that goes up and down. @param read asked whenever somebody looks @returns takes it back */
  gauge(name: string, measure: Measure, read: () => number): () => void;
  /** Something is over; spans within it come with it. */
  span(span: Span): void;
  /** Whether somebody looks at how many values go from operator to operator. Left out: nobody does. */
  readonly isCounting?: boolean;
  /** Something long begins whose end is known: what was kept is read, say. Left out: nobody wants to know. */
  work?(work: Pick<Work, 'what' | 'total' | 'unit'>): WorkProgress;
}

/** Something long that goes on. */
export interface Work {
  /** For people: `reading the checkpoint`. */
  readonly what: string;
  /** How much there is to do. */
  readonly total: number;
  readonly unit: 'bytes' | 'events';
  /** How much is done. */
  readonly done: number;
  /** Whether it is over, done or not. */
  readonly isOver: boolean;
}

/** Tells how far it is. */
export interface WorkProgress {
  /** So much more is done. */
  add(amount: number): void;
  /** It is over, done or not. */
  end(): void;
}

/** Something long begins. @returns tells how far it is, to nobody where nobody wants to know */
export function beginWork(telemetry: Telemetry | undefined, work: Pick<Work, 'what' | 'total' | 'unit'>): WorkProgress {
  return telemetry?.work?.(work) ?? { add: () => {}, end: () => {} };
}

/** Something that only grows. */
export interface Counter {
  /**
   * Counts.
   * @param by at least 0; default 1
   */
  add(by?: number): void;
}

/** A measurement as it is now. */
export interface Sample extends Measure {
  /** Its name, in snake case and without a unit or `_total`. */
  readonly name: string;
  /** A counter only rises, a gauge goes down, too. */
  readonly kind: 'counter' | 'gauge';
  /** The number, in the unit of its measure. */
  readonly value: number;
}

/** Nobody watches. */
export const noTelemetry: Telemetry = {
  counter: () => ({ add: () => {} }),
  observableCounter: () => () => {},
  gauge: () => () => {},
  span: () => {},
};

interface Registered extends Measure {
  readonly name: string;
  readonly kind: Sample['kind'];
  readonly read: () => number;
}

/**
 * Keeps what parts register, and hands spans to listeners.
 *
 * @example
 * const telemetry = new TelemetryRegistry();
 * telemetry.gauge('waiting_events', { help: 'events in no batch yet', unit: 'events' }, () => queue.events);
 * telemetry.samples(); // [{ name: 'waiting_events', kind: 'gauge', value: 12, … }]
 */
export class TelemetryRegistry implements Telemetry {
  readonly #registered = new Map<string, Registered>();
  readonly #counters = new Map<string, Counter>();
  readonly #listeners = new Set<(span: Span) => void>();
  /** Asked before each batch; see {@link isCounting}. */
  counting: () => boolean = () => false;

  /** Whether somebody looks at how many values go from operator to operator, as {@link counting} says. */
  get isCounting(): boolean {
    return this.counting();
  }
  readonly #workListeners = new Set<(work: Work) => void>();

  /** A number that its owner adds to. */
  counter(name: string, measure: Measure): Counter {
    const key = keyOf(name, measure);
    const present = this.#counters.get(key);
    if (present !== undefined) return present;
    let value = 0;
    const counter: Counter = {
      add: (by = 1) => {
        value += by;
      },
    };
    this.#counters.set(key, counter);
    this.#registered.set(key, { ...measure, name, kind: 'counter', read: () => value });
    return counter;
  }

  /**
   * A counter that is read when somebody asks.
   * @returns takes the measurement back
   */
  observableCounter(name: string, measure: Measure, read: () => number): () => void {
    return this.#register({ ...measure, name, kind: 'counter', read });
  }

  /**
   * A number that goes up and down, read when somebody asks.
   * @returns takes the measurement back
   */
  gauge(name: string, measure: Measure, read: () => number): () => void {
    return this.#register({ ...measure, name, kind: 'gauge', read });
  }

  #register(own: Registered): () => void {
    const key = keyOf(own.name, own);
    this.#registered.set(key, own);
    return () => {
      if (this.#registered.get(key) === own) this.#registered.delete(key);
    };
  }

  /** Told of what took time; it goes to those who listen. */
  span(span: Span): void {
    for (const listen of this.#listeners) listen(span);
  }

  /** Called with each span that is no part of another one. @returns ends it */
  onSpan(listen: (span: Span) => void): () => void {
    this.#listeners.add(listen);
    return () => this.#listeners.delete(listen);
  }

  /** As of {@link Telemetry.work}: it is told to who listens by {@link TelemetryRegistry.onWork}. */
  work(work: Pick<Work, 'what' | 'total' | 'unit'>): WorkProgress {
    let done = 0;
    let isOver = false;
    const tell = (): void => {
      for (const listen of this.#workListeners) listen({ ...work, done, isOver });
    };
    tell();
    return {
      add: (amount) => {
        done += amount;
        tell();
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        tell();
      },
    };
  }

  /** Called whenever long work begins, goes on, or is over. @returns ends it */
  onWork(listen: (work: Work) => void): () => void {
    this.#workListeners.add(listen);
    return () => this.#workListeners.delete(listen);
  }

  /** All counters and gauges as they are now, in the order of their registration. */
  samples(): Sample[] {
    return [...this.#registered.values()].map(({ read, ...measure }) => ({ ...measure, value: read() }));
  }
}

function keyOf(name: string, { labels = {} }: Measure): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
