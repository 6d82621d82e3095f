/** The worked numbers of docs/sizing.md, from the formulas: each table stands between two comments of the page. */
import {
  coresOf,
  idBytes,
  journalBytes,
  KEY_BYTES,
  keysMemory,
  type Load,
  limitOf,
  logBytes,
  memoryOf,
  type Remembering,
} from '../../docs/site/sizing.ts';

const COMMON: Load = {
  ...{ sinks: 1, inFlight: 1, batchSize: 100, batchInterval: 1000, eager: false, level: 'end-to-end' },
  ...{ eventBytes: 200, ownMicros: 0, threads: 1, rate: Number.POSITIVE_INFINITY },
};

/** Two digits that count, and separators. */
export function rounded(value: number): string {
  if (value === 0) return '0';
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return (Math.round(value / step) * step).toLocaleString('en', { maximumFractionDigits: 2 });
}

const megabytes = (bytes: number): string => `${rounded(bytes / 1e6)} MB`;
/** As Markdown has it. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function throughput(): string {
  const loads: readonly (readonly [string, Partial<Load>])[] = [
    ["one Flume sink with Flume's defaults", {}],
    ['the same, a batch-size of 10,000', { batchSize: 10_000 }],
    ['the same, an interval of 200 ms', { batchSize: 10_000, batchInterval: 200 }],
    ["one Flume sink with Flume's defaults, cut: 'eager'", { eager: true }],
    ["the same, a batch-size of 1,000, cut: 'eager'", { eager: true, batchSize: 1000 }],
    ['four sinks, a batch-size of 1,000', { sinks: 4, batchSize: 1000 }],
    ['one Spark sink, five fetches of 1,000', { inFlight: 5, batchSize: 1000 }],
    ["the embedded agent's sink, 1,000 requests of 100", { inFlight: 1000 }],
    ['the same with requests of 1,000', { inFlight: 1000, batchSize: 1000 }],
    ['the same, two threads', { inFlight: 1000, batchSize: 1000, threads: 2 }],
    ['the same, events of 2,000 bytes, one thread', { inFlight: 1000, batchSize: 1000, eventBytes: 2000 }],
    ['the same, functions that take 20 µs for an event', { inFlight: 1000, batchSize: 1000, ownMicros: 20 }],
  ];
  const rows = loads.map(([what, load]) => {
    const { eventsPerSecond, by } = limitOf({ ...COMMON, ...load });
    return [what, rounded(eventsPerSecond), by];
  });
  return table(['Load, events of 200 bytes', 'events/s at most', 'bounded by the'], rows);
}

function memory(): string {
  const operators = Object.keys(KEY_BYTES) as Remembering[];
  const rows = operators.map((operator) => [
    operator,
    ...[10_000, 100_000, 1_000_000].map((keys) =>
      megabytes(memoryOf({ ...COMMON, rate: 0 }, keysMemory(operator, keys, true))),
    ),
  ]);
  return table(['With a checkpoint', '10,000 keys', '100,000 keys', '1,000,000 keys'], rows);
}

function perRate(): string {
  const rows = [1000, 10_000, 100_000].map((rate) => {
    const load: Load = { ...COMMON, level: 'store-on-failure', batchSize: 1000, rate };
    const cores = coresOf(load);
    return [
      rate.toLocaleString('en'),
      cores < 0.01 ? 'below 0.01' : rounded(cores),
      megabytes(memoryOf(load, 0)),
      `${megabytes(logBytes(load) * rate)}/s`,
    ];
  });
  return table(['events/s of 200 bytes', 'cores, beside 0.02 to 0.1 for timers', 'memory', 'write-ahead log'], rows);
}

function disk(): string {
  return table(
    ['What', 'bytes'],
    [
      ['an event of 200 bytes in the write-ahead log', rounded(logBytes({ eventBytes: 200, batchSize: 1000 }))],
      ['a change of a state, key and state of 20 bytes', rounded(journalBytes(20))],
      ['an id of 36 characters (a UUID)', rounded(idBytes(36))],
    ],
  );
}

const TABLES: Readonly<Record<string, () => string>> = { throughput, memory, rate: perRate, disk };

/** The page with its tables made anew. */
export function sizingPage(page: string): string {
  return filled(page, TABLES);
}

/** A page with other tables between its comments. @param tables by the names in the comments */
export function filled(page: string, tables: Readonly<Record<string, () => string>>): string {
  return Object.entries(tables).reduce(
    (text, [name, made]) =>
      text.replace(
        new RegExp(`(<!-- ${name}: npm run docs:sizing -->)[\\s\\S]*?(<!-- end -->)`),
        (_, begin: string, end: string) => `${begin}\n\n${made()}\n\n${end}`,
      ),
    page,
  );
}
