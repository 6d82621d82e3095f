/** A job's measurements as OpenTelemetry collects them: the same that Prometheus reads, read when a collection asks. */
import type { Meter, ObservableResult } from '@opentelemetry/api';
import { monotonicMs } from '../../core/machine.ts';
import type { Sample } from '../../core/telemetry.ts';
import { BUCKETS, HISTOGRAMS, type Metrics } from '../metrics.ts';
import type { Observer } from '../observer.ts';

/** How often batches look for new measurements, in ms. */
const FIND_MS = 1000;

/** In the units of UCUM, as OpenTelemetry wants them. */
const UNITS = { ms: 's', bytes: 'By', events: '{event}' } as const;

/**
 * Makes instruments of all measurements. Some come while the job runs (a peer, a component of the agent): they are collected soon after.
 */
export class Instruments {
  readonly #meter: Meter;
  readonly #metrics: Metrics;
  readonly #known = new Set<string>();

  constructor(meter: Meter, metrics: Metrics, observer: Observer) {
    this.#meter = meter;
    this.#metrics = metrics;
    // This one is always there; a collection of it looks for new ones.
    const batches = meter.createObservableGauge('streamjob.batches_retained', {
      description: 'batches whose history is kept',
      unit: '{batch}',
    });
    batches.addCallback((result) => {
      this.#findNew();
      result.observe(observer.history.batches.length);
    });
    for (const { help, name, of } of HISTOGRAMS) {
      const histogram = meter.createHistogram(`streamjob.${name.replace(/_seconds$/, '')}`, {
        description: help,
        unit: 's',
        advice: { explicitBucketBoundaries: [...BUCKETS] },
      });
      observer.onBatch((batch) => {
        const ms = of(batch);
        if (ms !== undefined) histogram.record(ms / 1000);
      });
    }
    // A job that ends soon is collected once: what its parts register at its start is found with its first batches.
    let foundAt = Number.NEGATIVE_INFINITY;
    observer.onBatch(() => {
      if (monotonicMs() - foundAt < FIND_MS) return;
      foundAt = monotonicMs();
      this.#findNew();
    });
  }

  #findNew(): void {
    for (const sample of this.#metrics.samples()) {
      if (this.#known.has(sample.name)) continue;
      this.#known.add(sample.name);
      this.#make(sample);
    }
  }

  #make({ help, kind, name, unit }: Sample): void {
    const own = `streamjob.${name.replace(/_(?:ms|seconds)$/, '')}`;
    const isSeconds = unit === 'ms' || name.endsWith('_seconds');
    const options = { description: help, unit: isSeconds ? 's' : unit === undefined ? '1' : UNITS[unit] };
    const instrument =
      kind === 'counter'
        ? this.#meter.createObservableCounter(own, options)
        : this.#meter.createObservableGauge(own, options);
    instrument.addCallback((result) => this.#observe(name, result));
  }

  #observe(name: string, result: ObservableResult): void {
    for (const { labels, name: each, unit, value } of this.#metrics.samples()) {
      if (each === name && Number.isFinite(value)) result.observe(unit === 'ms' ? value / 1000 : value, labels);
    }
  }
}
