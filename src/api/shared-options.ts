/** The options that jobs and contexts have in common; each is declared once, here. */

import { availableParallelism } from 'node:os';
import { StreamjobError } from '../core/errors.ts';
import { anyOf, computed, count, duration, exactly, flag, object, oneOf, option, text } from '../core/options.ts';
import { didYouMean } from '../core/registry.ts';
import { RELIABILITY_LEVELS, type Reliability, reliabilityOf } from '../core/reliability.ts';
import { engines } from '../engine/index.ts';
import { BACKPRESSURE_OPTIONS } from '../flow/batch/rate-control.ts';

const RATES = anyOf([exactly(false), object(BACKPRESSURE_OPTIONS, { expected: '' })], {
  expected: 'false, or rates above 0 such as {"initialRate": 5000, "maxRate": 20000}',
  default: {},
  doc: 'how fast each input is read: rates such as {"maxRate": 5000}, as a flag in JSON; or false: as fast as it gives',
  more:
    'Each input is read at the rate that its batches show the job can process, between `minRate` and `maxRate`; the first batch after ' +
    'a start is bounded by `initialRate`. Files and queues, which are ' +
    'looked at when a batch is cut, are not limited.',
});

/** A flag or variable has JSON. */
const backpressure = {
  ...RATES,
  kind: 'rates or `false`',
  show: () => 'those of the rates',
  read: ((value, where, isText) =>
    RATES.read(isText && typeof value === 'string' ? parsed(value) : value, where, isText)) satisfies typeof RATES.read,
};

/** Of jobs and of contexts. */
export const SHARED_OPTIONS = {
  batchInterval: duration({
    required: true,
    forWorkers: true,
    doc: "from one batch to the next, e.g. '250ms' or '1s'",
    more: 'With peers that wait for the commit, half of their time limit at most.',
  }),
  cut: oneOf(['interval', 'eager'], {
    default: 'interval',
    doc: "when batches are cut: 'interval', at its multiples, or 'eager', as soon as something waits and the engine is idle",
    more:
      'With the latter a peer with one request in flight waits for the processing, not for the interval. Windows slide on multiples of the ' +
      'interval in both. See docs/speed.md.',
  }),
  linger: duration({
    default: 2,
    doc: "with cut 'eager', from one cut to the next at least",
    more: 'It bounds the batches per second.',
  }),
  batchesInFlight: oneOf([2, 1], {
    default: 2,
    doc: '2: stages of the next batch run while outputs are waited for; 1: one batch after the other',
    more:
      'With 2 they run where order allows it: not with state, accumulators, ids, dead letters, or inputs that read by themselves. Nothing ' +
      'of the next batch is put out before its turn; stages whose deliveries are taken back meanwhile run again. With 1 functions see a ' +
      'batch only when the one before has committed. See docs/speed.md.',
  }),
  onFailure: oneOf(['retry', 'stop'], {
    default: 'retry',
    doc: 'what to do when a batch fails: run it again with backoff, or stop',
    more: '`streamjob run` then ends with exit code 3.',
  }),
  maxRetries: count({
    orInfinity: true,
    default: Number.POSITIVE_INFINITY,
    unit: 'tries',
    doc: 'how often a failed batch is run again before the job stops',
  }),
  onPoison: oneOf(['fail', 'skip'], {
    default: 'fail',
    doc: 'what to do when a function of an operator throws on a value: fail the batch, or leave the value out',
    more:
      'A value that is left out is in `deadLetterFile`, synced, before the batch commits. Outputs, functions over a whole partition or over ' +
      'all values of a key, and the combining of partial results fail the batch in any case.',
  }),
  deadLetterFile: text({
    default: 'dead-letters.jsonl',
    expected: 'the path of a file',
    doc: 'where values that were left out are written, a line of JSON each',
    more: 'Relative to the working directory: `{"time", "operator", "where", "error", "event"}`.',
  }),
  backpressure,
  engine: option(
    {
      default: 'inline',
      doc: "who computes: 'inline', the main thread; 'threads', a worker thread per partition, at most one per core; or 'spark', the executors of a Spark cluster",
      more:
        'Each worker thread builds the job again: what its functions capture is then a variable of each thread. A program names the module ' +
        'of the job with `job`. See docs/speed.md.',
    },
    {
      kind: engines.names.map((name) => `\`${name}\``).join(' or '),
      expected: `one of ${engines.names.map((name) => `'${name}'`).join(', ')}`,
      read: (value, where) => {
        if (typeof value !== 'string') return undefined;
        const kind = engines.find(value);
        if (kind !== undefined) return kind.type;
        throw new StreamjobError('CONFIG_UNKNOWN', `there is no engine ${JSON.stringify(value)}`, {
          where,
          hint: `${didYouMean(value, engines.names)}engines are ${engines.names.join(', ')}`,
        });
      },
    },
  ),
  master: text({
    expected: 'sc://HOST:PORT',
    doc: "with engine 'spark', where the Spark Connect server of the cluster is",
  }),
  storage: text({
    expected: 'the path of a directory that the driver and all executors see, or s3://BUCKET/PREFIX',
    absent: 'all data goes through the driver, and states are in it',
    doc: "with engine 'spark', where executors read and write data and states themselves",
    more: 'A directory, or `s3://BUCKET/PREFIX`. What is in it is of use while the job runs only: what outlives a crash is the checkpoint.',
  }),
  receiversAt: text({
    expected: 'HOST:PORT',
    absent: 'this process receives',
    doc: 'where `streamjob receive` on other hosts reaches this driver; then Flume streams are received there, and not by this process',
    more: 'It needs a `storage`, which those hosts see too.',
  }),
  secretFile: text({
    expected: 'the path of a file with 16 characters or more',
    absent: 'none: only this machine is talked to',
    doc: 'a secret by which this driver and the hosts that receive for it encrypt what they say, and know each other',
  }),
  tlsCertFile: text({
    expected: 'the path of a PEM file',
    absent: 'no certificates; see `secretFile`',
    doc: 'in place of a secret, the certificate that this driver, or this host that receives, shows the other side',
    more: "The driver's names the host by which it is reached. It is read again when it is renewed.",
  }),
  tlsKeyFile: text({
    expected: 'the path of a PEM file',
    doc: 'the key of that certificate, without a passphrase',
  }),
  tlsCaFile: text({
    expected: 'the path of a PEM file',
    doc: 'the authorities whose certificates the other side may show: who shows none of them is not talked to',
  }),
  shipNode: flag({
    default: false,
    doc: "with engine 'spark', whether this process's Node is brought to executors that have none",
    more: 'They must be of the same kind: operating system, C library, processor.',
  }),
  executorEnv: text({
    expected: 'names with commas between',
    doc: "with engine 'spark', variables of the environment that executors get as they are here",
    more: 'Functions of the job find no others of this machine there. Their values are in the program that is shipped.',
  }),
  parallelism: count({
    min: 1,
    max: 65_536,
    forWorkers: true,
    default: computed("1 with engine 'inline'; as many as there are cores with 'threads'", ({ engine }) =>
      engine === 'inline' ? 1 : availableParallelism(),
    ),
    unit: 'partitions',
    doc: 'partitions of batches and shuffles, unless an operator says otherwise',
  }),
  stateStore: oneOf(['memory', 'lmdb'], {
    default: 'memory',
    forWorkers: true,
    doc: "where states are kept while the job runs: in memory, or with 'lmdb' in an embedded database, for more than memory holds",
    more: 'What outlives a crash is the checkpoint in both cases. When the disk of the states is full, batches wait for room and then go on.',
  }),
  stateCache: count({
    min: 1,
    default: 100_000,
    forWorkers: true,
    unit: 'keys',
    doc: "with stateStore 'lmdb', how many keys of each operator are kept in memory beside what a batch changes",
  }),
  reliability: option(
    {
      default: 'end-to-end',
      forWorkers: true,
      doc: `what peers are told, and when: ${RELIABILITY_LEVELS.join(', ')}`,
      more: 'At `end-to-end` they are told "delivered" after the commit. See docs/reliability.md.',
    },
    {
      kind: RELIABILITY_LEVELS.map((level) => `\`${level}\``).join(', '),
      expected: RELIABILITY_LEVELS.map((level) => `'${level}'`).join(', '),
      read: (value): Reliability | undefined => (typeof value === 'string' ? reliabilityOf(value) : undefined),
    },
  ),
  allowIntervalChange: option(
    {
      default: false,
      doc: 'take over windows of a checkpoint with a smaller batch interval, although there is no way back',
      more:
        'The interval must be a divisor of the old one. Once a batch has committed there is no way back to the old interval with what the ' +
        'windows remember, so that it has to be asked for.',
    },
    {
      kind: 'true or false',
      expected: 'true or false',
      // A flag stands alone; a variable of the environment has true or false.
      read: (value, _, isText): boolean | undefined => {
        if (typeof value === 'boolean') return value;
        if (!isText) return undefined;
        return value === '' || value === 'true' ? true : value === 'false' ? false : undefined;
      },
    },
  ),
} as const;

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
