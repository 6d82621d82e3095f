/** What our own endpoints answer, as JSON schemas (OpenAPI 3.1 uses JSON Schema 2020-12). */
import { BOOLEAN, INTEGER, list, MS, NUMBER, orNull, record, type Schema, TEXT, TIME_MS } from './schema-kinds.ts';

const SEGMENTS = record({ waited: MS, stages: MS, outputs: MS, commit: MS, other: MS, acknowledged: MS });
const STEPS = ['receive', 'block', 'batch', 'stage', 'output', 'commit', 'acknowledge'];
const VERDICTS = ['starting', 'keeping-up', 'falling-behind', 'catching-up', 'failing', 'idle', 'stopped'];

const SHARE = { ...NUMBER, minimum: 0, maximum: 1 };
const SHARES = { busy: SHARE, backPressured: SHARE, idle: SHARE };
const CAUSES = [
  ...['nothing', 'failing', 'rate-limit', 'one-thread', 'skew', 'few-workers', 'states', 'function'],
  ...['output', 'commit', 'pauses'],
];
const BOTTLENECK = record({
  cause: { enum: CAUSES },
  isHolding: BOOLEAN,
  text: TEXT,
  advice: TEXT,
  settings: list(TEXT),
  operator: orNull(INTEGER),
  output: orNull(TEXT),
  share: SHARE,
});

export const OVERVIEW: Schema = record({
  name: TEXT,
  state: { enum: ['initialized', 'active', 'stopped'] },
  now: TIME_MS,
  startedAt: orNull(TIME_MS),
  batchIntervalMs: MS,
  verdict: record({ kind: { enum: VERDICTS }, text: TEXT, delayPerMinuteMs: MS }),
  steps: list(record({ step: { enum: STEPS }, events: INTEGER, oldestMs: orNull(MS) })),
  bottleneck: orNull(BOTTLENECK),
  heldEvents: INTEGER,
  totals: record({
    batches: INTEGER,
    receivedEvents: INTEGER,
    processedEvents: INTEGER,
    acknowledgedEvents: INTEGER,
    givenUpBatches: INTEGER,
    failedAttempts: INTEGER,
    skippedValues: INTEGER,
  }),
});

export const PEERS: Schema = list(
  record({
    receiver: INTEGER,
    name: TEXT,
    peer: TEXT,
    requests: INTEGER,
    events: INTEGER,
    oldestMs: MS,
    leftMs: MS,
    timeoutMs: MS,
  }),
);

export const TIMELINE: Schema = list(
  record({
    time: TIME_MS,
    status: TEXT,
    events: INTEGER,
    failures: INTEGER,
    givenUp: BOOLEAN,
    acknowledged: orNull(INTEGER),
    schedulingDelayMs: orNull(MS),
    processingMs: orNull(MS),
    totalDelayMs: orNull(MS),
    outputs: record({ total: INTEGER, succeeded: INTEGER, failed: INTEGER }),
    error: orNull(TEXT),
    segments: SEGMENTS,
  }),
);

const SPREAD = record({ min: MS, mean: MS, max: MS });
export const MINUTES: Schema = list(
  record({
    time: TIME_MS,
    batches: INTEGER,
    events: INTEGER,
    failures: INTEGER,
    givenUp: INTEGER,
    schedulingDelayMs: SPREAD,
    processingMs: SPREAD,
    totalDelayMs: SPREAD,
    slowest: record({ time: TIME_MS, events: INTEGER, segments: SEGMENTS }),
  }),
);

export const DETAIL: Schema = record({
  time: TIME_MS,
  status: TEXT,
  events: INTEGER,
  submittedAt: TIME_MS,
  startedAt: orNull(TIME_MS),
  endedAt: orNull(TIME_MS),
  acknowledgedAt: orNull(TIME_MS),
  acknowledged: orNull(INTEGER),
  givenUp: orNull(TEXT),
  schedulingDelayMs: orNull(MS),
  processingMs: orNull(MS),
  totalDelayMs: orNull(MS),
  segments: SEGMENTS,
  inputs: list(record({ id: INTEGER, name: TEXT, events: INTEGER })),
  stages: list(
    record({
      operator: TEXT,
      site: orNull(TEXT),
      startedAt: NUMBER,
      durationMs: MS,
      tasks: list(record({ partition: INTEGER, member: INTEGER, durationMs: MS })),
    }),
  ),
  outputs: list(
    record({
      id: TEXT,
      kind: TEXT,
      site: orNull(TEXT),
      startedAt: TIME_MS,
      durationMs: orNull(MS),
      failureReason: orNull(TEXT),
    }),
  ),
  failures: list(
    record({
      attempt: INTEGER,
      time: TIME_MS,
      code: orNull(TEXT),
      message: TEXT,
      where: orNull(TEXT),
      hint: orNull(TEXT),
    }),
  ),
  previous: orNull(TIME_MS),
  next: orNull(TIME_MS),
});

export const GRAPH: Schema = record({
  operators: list(
    record({
      id: INTEGER,
      name: TEXT,
      site: orNull(TEXT),
      parents: list(INTEGER),
      windowMs: MS,
      slideMs: MS,
      input: orNull(INTEGER),
      isStateful: BOOLEAN,
      isKept: BOOLEAN,
    }),
  ),
  outputs: list(record({ id: TEXT, kind: TEXT, operator: INTEGER, site: orNull(TEXT) })),
});

export const LOAD: Schema = record({
  batch: orNull(TIME_MS),
  from: NUMBER,
  to: NUMBER,
  batches: INTEGER,
  events: INTEGER,
  operators: list(
    record({
      id: INTEGER,
      stage: orNull(INTEGER),
      stageMs: MS,
      gave: orNull(INTEGER),
      gaveFrom: orNull(NUMBER),
      ...SHARES,
    }),
  ),
  outputs: list(record({ id: TEXT, runMs: MS, took: orNull(INTEGER), tookFrom: orNull(NUMBER), ...SHARES })),
  bottleneck: orNull(BOTTLENECK),
});

export const INPUTS: Schema = list(
  record({
    id: INTEGER,
    name: TEXT,
    state: { enum: ['starting', 'running', 'restarting', 'stopped'] },
    lastError: orNull(record({ time: TIME_MS, message: TEXT })),
    events: orNull(INTEGER),
    bytes: orNull(INTEGER),
    rateLimit: orNull({ ...NUMBER, description: 'events per second' }),
    openDeliveries: orNull(INTEGER),
    connections: orNull(INTEGER),
  }),
);

export const STATES: Schema = list(
  record({
    operator: { ...TEXT, description: 'what names the state across restarts' },
    id: INTEGER,
    kind: TEXT,
    site: orNull(TEXT),
    keys: INTEGER,
    keysPerMinute: orNull(NUMBER),
    growth: list({ type: 'array', prefixItems: [TIME_MS, INTEGER], minItems: 2, items: false }),
    watermark: orNull(TIME_MS),
    watermarkGapMs: orNull(MS),
    lateValues: orNull(INTEGER),
    wrongTimes: orNull(INTEGER),
  }),
);
const ANYTHING: Schema = { description: 'any value, shortened, with what is not to be seen left out' };
export const SHOWN_KEY: Schema = record({ key: ANYTHING, bytes: INTEGER, updated: TIME_MS, state: ANYTHING });
export const LARGEST: Schema = record({
  keys: INTEGER,
  bytes: INTEGER,
  oldest: orNull(TIME_MS),
  largest: list(SHOWN_KEY),
});
export const WINDOWS: Schema = list(
  record({ id: INTEGER, name: TEXT, site: orNull(TEXT), windowMs: MS, slideMs: MS, batches: INTEGER }),
);
export const CLUSTER: Schema = record({
  executors: list(record({ name: TEXT, tasks: INTEGER, busyMs: MS })),
  hosts: list(record({ name: TEXT, peer: TEXT, directory: TEXT, deliveries: INTEGER })),
});

const FLAME_NODE: Schema = record({
  name: TEXT,
  place: { ...TEXT, description: 'file:line; empty: of the machine itself' },
  selfMs: MS,
  totalMs: MS,
  children: list({ type: 'object', description: 'the same again' }),
});
export const PROFILE: Schema = list(record({ thread: TEXT, durationMs: MS, idleMs: MS, root: FLAME_NODE }));

export const AGENT: Schema = record({
  name: orNull(TEXT),
  components: list(
    record({
      kind: { enum: ['source', 'channel', 'sink', 'processor'] },
      name: TEXT,
      type: TEXT,
      state: { enum: ['starting', 'running', 'failing'] },
      problem: orNull(TEXT),
      place: orNull(TEXT),
      channels: list(TEXT),
      group: orNull(TEXT),
      interceptors: list(TEXT),
      selector: orNull(TEXT),
      counters: { type: 'object', additionalProperties: NUMBER, description: "under Flume's names" },
      files: list(record({ file: TEXT, position: INTEGER, size: INTEGER })),
      filesInAll: INTEGER,
      bytes: orNull(record({ held: INTEGER, capacity: orNull(INTEGER) })),
    }),
  ),
});

export const DEAD_LETTERS: Schema = record({
  file: orNull(TEXT),
  isCut: BOOLEAN,
  groups: list(
    record({
      id: TEXT,
      operator: TEXT,
      site: orNull(TEXT),
      code: orNull(TEXT),
      message: TEXT,
      values: INTEGER,
      firstTime: TIME_MS,
      lastTime: TIME_MS,
      examples: list(
        record({
          time: TIME_MS,
          headers: orNull({ type: 'object', additionalProperties: TEXT }),
          text: orNull(TEXT),
          hex: orNull(TEXT),
          bytes: orNull(INTEGER),
          isCut: BOOLEAN,
        }),
      ),
    }),
  ),
});

export const LOG: Schema = list(
  record({ number: INTEGER, time: TIME_MS, level: { enum: ['debug', 'info', 'warn', 'error'] }, message: TEXT }),
);

export const SETTINGS: Schema = list(
  record({
    name: TEXT,
    value: TEXT,
    from: { enum: ['flag', 'environment', 'job file', 'command', 'program', 'default'] },
    by: orNull(TEXT),
    doc: TEXT,
    byDefault: orNull(TEXT),
  }),
);

const VERSION = record({ name: TEXT, version: TEXT });
export const VERSIONS: Schema = record({ runtime: list(VERSION), packages: list(VERSION) });

export const READINESS: Schema = record({ ready: BOOLEAN, problems: list(TEXT) });

export const PROBLEM: Schema = record({ error: TEXT });
