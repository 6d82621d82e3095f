/** The endpoints that answer with JSON: one table, from which the server and the OpenAPI document are made. */
import type { Observer } from '../observer.ts';
import { versions } from '../versions.ts';
import { agent } from './agent.ts';
import { cluster } from './cluster.ts';
import { graphLoad } from './load.ts';
import * as own from './own.ts';
import type { Schema } from './schema-kinds.ts';
import * as schemas from './schemas.ts';
import * as spark from './spark.ts';
import * as sparkSchemas from './spark-schemas.ts';
import * as states from './states.ts';

/** What a request asks for. */
export interface Asked {
  /** A part of the path, `time` say. */
  readonly part: (name: string) => string;
  /** All values of a parameter behind the `?`. */
  readonly values: (name: string) => readonly string[];
}

/** An endpoint below `/api/v1`. */
export interface Endpoint {
  /** Its parts are written as `{time}`. */
  readonly path: string;
  readonly summary: string;
  /** Parameters behind the `?`, with what they mean. */
  readonly query?: Readonly<Record<string, string>>;
  readonly schema: Schema;
  /**
   * Whether its answer is in a recording: `once`, without parameters; `by-batch`, one for each batch, whose time is a part of the path;
   * or `by-batch-parameter`, which is `once`, too. Left out: it is not, and the page says so where it would ask for it.
   */
  readonly recorded?: 'once' | 'by-batch' | 'by-batch-parameter';
  /** @throws NotFound, BadRequest */
  readonly answer: (observer: Observer, asked: Asked) => object | Promise<object>;
}

const STREAMING = '/applications/{name}/streaming';
const JOB = '/applications/{name}';

/** All endpoints: those of Spark, then our own. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/applications',
    summary: 'the job',
    schema: sparkSchemas.APPLICATIONS,
    answer: ({ history, observed }) => [
      {
        id: observed.name,
        name: observed.name,
        attempts: [
          {
            startTime: spark.sparkTime(history.startedAt ?? observed.clock.now()),
            completed: observed.state() === 'stopped',
          },
        ],
      },
    ],
  },
  {
    path: `${STREAMING}/statistics`,
    recorded: 'once',
    summary: 'counts and means of the job',
    schema: sparkSchemas.STATISTICS,
    answer: spark.statistics,
  },
  {
    path: `${STREAMING}/receivers`,
    recorded: 'once',
    summary: 'what each stream has received',
    schema: sparkSchemas.RECEIVERS,
    answer: spark.receivers,
  },
  {
    path: `${STREAMING}/receivers/{stream}`,
    summary: 'what one stream has received',
    schema: sparkSchemas.RECEIVER,
    answer: (observer, { part }) => spark.receiver(observer, numberOf(part('stream'), 'receiver')),
  },
  {
    path: `${STREAMING}/batches`,
    summary: 'batches, newest first',
    query: { status: 'COMPLETED, QUEUED or PROCESSING; it may come several times' },
    schema: sparkSchemas.BATCHES,
    answer: (observer, { values }) => spark.batches(observer, values('status')),
  },
  {
    path: `${STREAMING}/batches/{time}`,
    summary: 'one batch',
    schema: sparkSchemas.BATCH,
    answer: (observer, { part }) => spark.batch(observer, numberOf(part('time'), 'batch')),
  },
  {
    path: `${STREAMING}/batches/{time}/operations`,
    summary: 'the outputs of a batch',
    schema: sparkSchemas.OPERATIONS,
    answer: (observer, { part }) => spark.operations(observer, numberOf(part('time'), 'batch')),
  },
  {
    path: `${STREAMING}/batches/{time}/operations/{operation}`,
    summary: 'one output of a batch, by its number or its name',
    schema: sparkSchemas.OPERATION,
    answer: (observer, { part }) => spark.operation(observer, numberOf(part('time'), 'batch'), part('operation')),
  },
  {
    path: `${JOB}/overview`,
    recorded: 'once',
    summary: 'whether the job keeps up, and where events are that are on their way',
    schema: schemas.OVERVIEW,
    answer: own.overview,
  },
  {
    path: `${JOB}/peers`,
    recorded: 'once',
    summary: 'what each peer waits for',
    schema: schemas.PEERS,
    answer: own.peers,
  },
  {
    path: `${JOB}/timeline`,
    recorded: 'once',
    summary: 'batches with what their time was spent on, oldest first',
    query: { since: 'only batches after this time, in ms since the epoch' },
    schema: schemas.TIMELINE,
    answer: (observer, { values }) => own.timeline(observer, numberOf(values('since')[0] ?? '-1', 'time')),
  },
  {
    path: `${JOB}/minutes`,
    recorded: 'once',
    summary: 'batches of the last day, minute by minute, oldest first',
    query: { since: 'only minutes that begin after this time, in ms since the epoch' },
    schema: schemas.MINUTES,
    answer: ({ minutes }, { values }) => {
      const since = numberOf(values('since')[0] ?? '-1', 'time');
      return minutes.all.filter(({ time }) => time > since);
    },
  },
  {
    path: `${JOB}/batches/{time}`,
    recorded: 'by-batch',
    summary: 'all that is known of a batch: inputs, stages, tasks, outputs, errors',
    schema: schemas.DETAIL,
    answer: (observer, { part }) => own.detail(observer, numberOf(part('time'), 'batch')),
  },
  {
    path: `${JOB}/graph`,
    recorded: 'once',
    summary: 'operators and outputs',
    schema: schemas.GRAPH,
    answer: own.graph,
  },
  {
    path: `${JOB}/graph/load`,
    recorded: 'by-batch-parameter',
    summary: 'what operators and outputs are occupied with, how many values they gave, and what holds the job up',
    query: { batch: 'the time of a batch, in ms since the epoch; without it: the last seconds' },
    schema: schemas.LOAD,
    answer: (observer, { values }) => {
      const [time] = values('batch');
      return graphLoad(observer, time === undefined ? undefined : numberOf(time, 'batch'));
    },
  },
  {
    path: `${JOB}/receivers`,
    recorded: 'once',
    summary: 'where receivers are, what they gave and may give',
    schema: schemas.INPUTS,
    answer: own.inputs,
  },
  {
    path: `${JOB}/cluster`,
    recorded: 'once',
    summary: 'executors with their tasks, and hosts that receive for the job',
    schema: schemas.CLUSTER,
    answer: cluster,
  },
  {
    path: `${JOB}/states`,
    recorded: 'once',
    summary: 'operators that keep states: how many keys, how they grew, where watermarks stand',
    schema: schemas.STATES,
    answer: states.states,
  },
  {
    path: `${JOB}/states/{state}/largest`,
    summary: 'the bytes of a state and its largest keys; all of it is read, with pauses',
    schema: schemas.LARGEST,
    answer: (observer, { part }) => states.largest(observer, part('state')),
  },
  {
    path: `${JOB}/states/{state}/key`,
    summary: 'what a state has of one key',
    query: {
      key: 'the key: as it is where it is a text, else as JSON, or as it is shown (1n, NaN, a time as ISO 8601)',
    },
    schema: schemas.SHOWN_KEY,
    answer: (observer, { part, values }) => states.key(observer, part('state'), values('key')[0]),
  },
  {
    path: `${JOB}/windows`,
    recorded: 'once',
    summary: 'operators with a window by arrival, and of how many batches they remember values',
    schema: schemas.WINDOWS,
    answer: states.windows,
  },
  {
    path: `${JOB}/profile`,
    summary: 'what each thread spends its time on, watched from now on for some seconds: the answer comes then',
    query: { seconds: 'from 1 to 60; left out: 5' },
    schema: schemas.PROFILE,
    answer: (observer, { values }) => own.profile(observer, values('seconds')[0]),
  },
  {
    path: `${JOB}/deadletters`,
    recorded: 'once',
    summary: 'values that functions threw on, by error, the newest first',
    schema: schemas.DEAD_LETTERS,
    answer: own.deadLetters,
  },
  {
    path: `${JOB}/agent`,
    recorded: 'once',
    summary: 'the components of the embedded agent: counters, how full channels are, files that are read',
    schema: schemas.AGENT,
    answer: agent,
  },
  {
    path: `${JOB}/log`,
    recorded: 'once',
    summary: "the last lines of the job's log",
    query: { since: 'only lines behind this number' },
    schema: schemas.LOG,
    answer: (observer, { values }) => own.log(observer, numberOf(values('since')[0] ?? '-1', 'line')),
  },
  {
    path: `${JOB}/settings`,
    recorded: 'once',
    summary: "the job's options and those of its run, with where each value came from; secrets are not shown",
    schema: schemas.SETTINGS,
    answer: own.settings,
  },
  {
    path: `${JOB}/versions`,
    recorded: 'once',
    summary: 'versions of streamjob, Node and packages, and the machine',
    schema: schemas.VERSIONS,
    answer: versions,
  },
];

/** @throws NotFound */
function numberOf(text: string, what: string): number {
  if (!/^-?\d{1,16}$/.test(text)) throw new spark.NotFound(`unknown ${what}: ${text}`);
  return Number(text);
}
