/** The tables that check what `simulate` and `simulateSeeds` take. */
import { StreamjobError } from '../../core/errors.ts';
import type { EventInit } from '../../core/event.ts';
import { computed, count, duration, fn, type OptionTable, oneOf, option, type Resolved } from '../../core/options.ts';
import { didYouMean } from '../../core/registry.ts';
import { CONTEXT_OPTIONS } from '../options.ts';
import type { SimulateOptions, SimulateSeedsOptions, SimulationOptions } from './simulate-options.ts';
import { SIMULATED_FAULTS, type SimulatedFault } from './simulated-faults.ts';
import type { SimulatedRun } from './simulated-run.ts';

/** Those of a context that a simulation takes as they are; a job that is simulated may have them, too. */
export const SIMULATED_CONTEXT_OPTIONS = {
  batchInterval: duration({
    absent: "the job's own; a function has none, and needs it",
    doc: "from one batch to the next, e.g. '250ms' or '1s'",
    more: 'At most half of `peerRequestTimeout` and of `sinkTimeout`.',
  }),
  cut: CONTEXT_OPTIONS.cut,
  linger: CONTEXT_OPTIONS.linger,
  batchesInFlight: CONTEXT_OPTIONS.batchesInFlight,
  onFailure: CONTEXT_OPTIONS.onFailure,
  maxRetries: CONTEXT_OPTIONS.maxRetries,
  onPoison: CONTEXT_OPTIONS.onPoison,
  backpressure: CONTEXT_OPTIONS.backpressure,
  parallelism: count({
    min: 1,
    max: 1024,
    default: 2,
    unit: 'partitions',
    doc: 'partitions of batches and shuffles, unless an operator says otherwise',
  }),
  reliability: CONTEXT_OPTIONS.reliability,
} as const;

/** The names of options that a simulation takes of a job. */
export const OPTION_NAMES_OF_JOB: readonly string[] = Object.keys(SIMULATED_CONTEXT_OPTIONS);

/** @returns undefined: it is no event */
export function readEvent(value: unknown): EventInit | undefined {
  if (typeof value === 'string') return { body: value };
  if (typeof value !== 'object' || value === null || !('body' in value)) return undefined;
  const { body, headers = {} } = value as { readonly body: unknown; readonly headers?: unknown };
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return undefined;
  if (typeof headers !== 'object' || headers === null) return undefined;
  if (!Object.values(headers).every((each) => typeof each === 'string')) return undefined;
  return { body, headers: headers as Readonly<Record<string, string>> };
}

export const EXPECTED_EVENT = "an event: { headers: { id: '17' }, body: 'a line' }, or its body as a text";

const MOST_PEERS = 16;

/** A table for what both functions take. */
export const SIMULATION_OPTIONS = {
  ...SIMULATED_CONTEXT_OPTIONS,
  maxBacklogBytes: CONTEXT_OPTIONS.maxBacklogBytes,
  events: option(
    {
      required: true,
      doc: 'what the peers send: a list of events, or a function from the number of an event (from 0) to it',
      more: 'An event is `{ headers, body }`, or its body as a text. Each is of one peer; all have theirs in turn.',
    },
    {
      kind: 'list or function',
      expected: `a list of events, or a function from a number to one; each ${EXPECTED_EVENT}`,
      read: (value): SimulationOptions['events'] | undefined => {
        if (typeof value === 'function') return value as (number: number) => EventInit;
        if (!Array.isArray(value)) return undefined;
        const events = value.map(readEvent);
        return events.every((each) => each !== undefined) ? events : undefined;
      },
    },
  ),
  numEvents: count({
    default: computed('100; of a list, as many as it has', ({ events }) =>
      Array.isArray(events) ? events.length : 100,
    ),
    unit: 'events',
    doc: 'how many events there are in all',
  }),
  duration: duration({
    default: '20s',
    doc: 'how long events come and faults happen, in simulated time',
    more: 'Then the world gets well, and all that was sent has to come through.',
  }),
  flumeSinks: count({
    max: MOST_PEERS,
    default: 1,
    unit: 'peers',
    doc: "how many Flumes with an Avro sink send to the job's flumeStream",
  }),
  sparkSinks: count({
    max: MOST_PEERS,
    default: 0,
    unit: 'peers',
    doc: "how many Flumes with a Spark sink the job's flumePollingStream asks",
  }),
  batchSize: count({ min: 1, default: 10, unit: 'events', doc: 'the most events in one request of an Avro sink' }),
  port: count({
    min: 1,
    max: 65_535,
    default: 41_414,
    doc: 'the port of the job that Avro sinks send to',
  }),
  peerRequestTimeout: duration({
    default: '20s',
    doc: 'the `request-timeout` of the Avro sinks: what flumeStream has as its own `peerRequestTimeout`',
  }),
  sinkTimeout: duration({
    default: '60s',
    doc: 'the `timeout` of the Spark sinks: what flumePollingStream has as its own `sinkTimeout`',
  }),
  faults: option(
    {
      absent: 'all, of which each seed leaves out about half',
      doc: 'which kinds of fault may come; an empty list: nothing goes wrong',
      more: `They are ${SIMULATED_FAULTS.map((fault) => `\`${fault}\``).join(', ')}.`,
    },
    { kind: 'list', expected: `a list of ${SIMULATED_FAULTS.join(', ')}`, read: readFaults },
  ),
  faultInterval: duration({
    absent: '1s, 3s or 8s, as the seed says',
    doc: 'from one fault to the next on average, in simulated time',
  }),
  check: fn<(run: SimulatedRun) => void | Promise<void>>({
    expected: 'a function of the run that throws where something does not hold',
    doc: 'what must hold at the end: it gets the run, and throws',
    more: 'What it throws is told with the seed, and with what happened.',
  }),
  onBroken: oneOf(['throw', 'return'], {
    default: 'throw',
    doc: "what to do with a run that broke a promise, or whose check threw: 'throw' it as an error, or 'return' it, with `broken`",
  }),
} satisfies OptionTable<SimulationOptions>;

export const SIMULATE_OPTIONS = {
  seed: count({ default: 1, doc: 'everything that happens follows from it' }),
  ...SIMULATION_OPTIONS,
} satisfies OptionTable<SimulateOptions>;

/** Options of one simulation, checked, with the interval of the job. */
export type SimulationSettings = Resolved<typeof SIMULATION_OPTIONS> & { readonly batchInterval: number };

/** What a seed is run with; what is done with the run is another's. */
export type SeedSettings = Omit<SimulationSettings, 'check' | 'onBroken'>;

/** What `simulateSeeds` takes besides. */
export const SEEDS_OPTIONS = {
  seeds: count({ min: 1, required: true, unit: 'seeds', doc: 'how many seeds are run, one after the other' }),
  from: count({ default: 1, doc: 'the first seed' }),
} as const;

export const SIMULATE_SEEDS_OPTIONS = {
  ...SEEDS_OPTIONS,
  ...SIMULATION_OPTIONS,
} satisfies OptionTable<SimulateSeedsOptions>;

/** @throws StreamjobError CONFIG_UNKNOWN with the nearest known name */
function readFaults(value: unknown, where: string): readonly SimulatedFault[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const names: readonly string[] = SIMULATED_FAULTS;
  for (const name of value as readonly unknown[]) {
    if (typeof name !== 'string') return undefined;
    if (names.includes(name)) continue;
    throw new StreamjobError('CONFIG_UNKNOWN', `there is no fault ${JSON.stringify(name)}`, {
      where,
      hint: `${didYouMean(name, names)}faults are ${names.join(', ')}`,
    });
  }
  return [...new Set(value as readonly SimulatedFault[])];
}
