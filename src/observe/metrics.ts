/**
 * A job's measurements as Prometheus reads them (text exposition format 0.0.4). Counters and gauges are those that the parts of the job
 * register; histograms are of its batches.
 */
import type { Sample } from '../core/telemetry.ts';
import { type BatchRecord, processingTimeOf, schedulingDelayOf, totalDelayOf } from './batch-record.ts';
import type { Observer } from './observer.ts';

/** What is sent as their type. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Upper bounds of the buckets, in seconds. */
export const BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Durations of batches that are over, counted in buckets. */
class Histogram {
  readonly #counts = BUCKETS.map(() => 0);
  #sum = 0;
  #count = 0;

  add(ms: number): void {
    const seconds = ms / 1000;
    this.#count++;
    this.#sum += seconds;
    for (let i = BUCKETS.length - 1; i >= 0 && seconds <= (BUCKETS[i] ?? 0); i--)
      this.#counts[i] = (this.#counts[i] ?? 0) + 1;
  }

  lines(name: string): string[] {
    return [
      ...BUCKETS.map((bound, i) => `${name}_bucket{le="${bound}"} ${this.#counts[i]}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** Histograms with their help, by name. */
export const HISTOGRAMS: readonly {
  readonly name: string;
  readonly help: string;
  /** Of a batch that is over, in ms. */
  readonly of: (batch: BatchRecord) => number | undefined;
}[] = [
  { name: 'batch_scheduling_delay_seconds', help: 'how long batches waited for their turn', of: schedulingDelayOf },
  { name: 'batch_processing_seconds', help: 'from the turn of a batch to its commit', of: processingTimeOf },
  { name: 'batch_total_delay_seconds', help: 'from the time of a batch to its commit', of: totalDelayOf },
];

/** Makes the text. */
export class Metrics {
  readonly #observer: Observer;
  readonly #histograms = HISTOGRAMS.map((each) => ({ ...each, histogram: new Histogram() }));

  constructor(observer: Observer) {
    this.#observer = observer;
    observer.onBatch((batch) => {
      for (const { histogram, of } of this.#histograms) {
        const ms = of(batch);
        if (ms !== undefined) histogram.add(ms);
      }
    });
  }

  /** @example metrics.text() // '# HELP streamjob_batches_committed_total …' */
  text(): string {
    const samples = this.samples();
    const names = [...new Set(samples.map(({ name }) => name))];
    const lines = names.flatMap((name) => familyLines(samples.filter((sample) => sample.name === name)));
    for (const { help, histogram, name } of this.#histograms) {
      const full = `streamjob_${name}`;
      lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} histogram`, ...histogram.lines(full));
    }
    return `${lines.join('\n')}\n`;
  }

  /** All counters and gauges, as they are now. */
  samples(): Sample[] {
    return [...this.#observer.observed.telemetry.samples(), ...this.#own()];
  }

  /** What nobody registers, since only who looks at the job works it out. */
  #own(): Sample[] {
    const { history } = this.#observer;
    const { acknowledgedEvents, failedAttempts, skippedValues } = history.totals;
    const counter = (name: string, help: string, value: number): Sample => ({ name, help, kind: 'counter', value });
    const errors = history.errors.map(({ code, errors: value, of }): Sample => {
      return {
        name: 'errors',
        help: 'errors of batches and receivers, by code',
        kind: 'counter',
        labels: { of, code },
        value,
      };
    });
    const running = history.batches.filter(({ status }) => status !== 'COMPLETED').length;
    return [
      counter('events_acknowledged', 'events that were acknowledged to where they came from', acknowledgedEvents),
      counter('batch_attempts_failed', 'attempts at a batch that failed', failedAttempts),
      counter('values_skipped', 'values that functions threw on, and that are in the dead-letter file', skippedValues),
      ...errors,
      { name: 'batches_active', help: 'batches that wait or run', kind: 'gauge', value: running },
      ...this.#observer.steps().flatMap(({ events, oldestMs, step }): Sample[] => [
        { name: 'step_events', help: 'events that are at a step now', kind: 'gauge', labels: { step }, value: events },
        {
          name: 'step_oldest_age_seconds',
          help: 'the age of the oldest event at a step',
          kind: 'gauge',
          labels: { step },
          value: (oldestMs ?? 0) / 1000,
        },
      ]),
      ...this.#observer.peers().flatMap(({ events, name, oldestMs, peer, requests }): Sample[] => {
        const labels = { name, peer };
        return [
          {
            name: 'peer_held_requests',
            help: 'requests that a peer waits for the answer of',
            kind: 'gauge',
            labels,
            value: requests,
          },
          {
            name: 'peer_held_events',
            help: 'events that a peer waits for the answer of',
            kind: 'gauge',
            labels,
            value: events,
          },
          {
            name: 'peer_oldest_wait_seconds',
            help: 'how long a peer has waited for the oldest of its answers',
            kind: 'gauge',
            labels,
            value: oldestMs / 1000,
          },
        ];
      }),
    ];
  }
}

/** All measurements of one name. */
function familyLines(samples: readonly Sample[]): string[] {
  const [first] = samples;
  if (first === undefined) return [];
  const { kind, unit } = first;
  const scale = unit === 'ms' ? 1000 : 1;
  const named = unit === 'ms' ? `${first.name.replace(/_ms$/, '')}_seconds` : first.name;
  const name = `streamjob_${named}${kind === 'counter' ? '_total' : ''}`;
  return [
    `# HELP ${name} ${first.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${kind}`,
    ...samples.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value / scale}`),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
