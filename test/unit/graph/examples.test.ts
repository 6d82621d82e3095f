/** The examples in the docstrings of DStream and RDD: each compiles and runs; those that say what comes out give just that. */
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { runBatches } from '../../../src/api/testing/run-batches.ts';
import { DStream } from '../../../src/graph/dstream.ts';
import { RDD } from '../../../src/graph/rdd.ts';
import { StateSpec } from '../../../src/graph/state/state-spec.ts';

interface Documented {
  readonly method: string;
  readonly doc: string;
  readonly examples: readonly string[];
}

/** The public methods of a class with the docstring before their first signature. */
function documented(file: string, begin: string, end: string): Documented[] {
  const source = readFileSync(new URL(`../../../src/graph/${file}`, import.meta.url), 'utf8');
  const body = source.slice(source.indexOf(begin), source.indexOf(end));
  const found = [...body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}(?:get |async \*?)?([a-zA-Z]+)[<(]/g)];
  return found.map(([, doc = '', method = '']) => {
    const text = doc.replace(/^\s*\* ?/gm, '');
    const examples = [...text.matchAll(/@example ([\s\S]*?)(?=\n@|\n*$(?![\s\S]))/g)].map(([, example = '']) =>
      example.trim(),
    );
    return { method, doc: text, examples };
  });
}

const STREAMS = documented('dstream.ts', 'export class DStream<T>', '/** How event-time windows get');
const RDDS = documented('rdd.ts', 'export class RDD<T>', '/** An RDD of values that are there already');
const INTERNAL = ['constructor', 'nodeOf', 'runnerOf'];

/** Evaluates the example's expression with the names that examples use. */
async function evaluate(code: string, names: Readonly<Record<string, unknown>>): Promise<unknown> {
  const script = transformSync(`async () => (${code.replace(/;\s*$/, '')})`, { loader: 'ts' }).code;
  return new Function(...Object.keys(names), `return (${script.trim().replace(/;$/, '')})()`)(...Object.values(names));
}

/** An example in its parts: the code, the inputs that it is run on, and what comes out. */
async function parts(example: string): Promise<{ code: string; inputs?: unknown[][]; output?: unknown }> {
  const [code = '', comment] = example.split(/ \/\/ (?=.*->)/);
  const [inputs, output] = comment?.replace(/^[a-z ]+: /, '').split(' -> ') ?? [];
  if (output === undefined) return { code: code.replace(/ \/\/ .*$/, '') };
  return { code, inputs: (await evaluate(`[${inputs}]`, {})) as unknown[][], output: await evaluate(output, {}) };
}

const named = (a: unknown, b: unknown) => ({ numbers: a, words: a, lines: a, pairs: a, a, b });

/** Batches are multisets: the order of keys is that of their hashes. */
function asSet(values: unknown): unknown {
  if (!Array.isArray(values)) return values;
  return [...values].sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));
}

/** Says that it is as another method, which has an example, or is a plain property. */
const REFERS =
  /\b[Aa]s (saveAs|join|cache|reduce|aggregate|foreach|persist)|^\s*(What|The stream|Worked|Writes|Calls|All values, one|How many values there are: exactly|Takes back|The values split|The (variance|standard deviation) of a sample)/;

test.each([
  ['DStream', DStream.prototype, STREAMS],
  ['RDD', RDD.prototype, RDDS],
] as const)(
  'every public method of %s has a docstring with an example, or says that it is as another',
  (_, prototype, docs) => {
    const names = Object.getOwnPropertyNames(prototype).filter((name) => !INTERNAL.includes(name));
    const without = names.filter(
      (name) => !docs.some(({ method, doc, examples }) => method === name && (examples.length > 0 || REFERS.test(doc))),
    );
    expect(without).toEqual([]);
  },
);

describe.each(STREAMS.filter(({ examples }) => examples.length > 0))('DStream.$method', ({ examples }) => {
  test.each(examples)('%s', async (example) => {
    const { code, inputs, output } = await parts(example);
    if (inputs === undefined) return expectToBuild(code);
    const out = await runBatches(
      { batchInterval: 1000, inputs: [inputs[0] ?? []], inputs2: [inputs[1] ?? []], numPartitions: 2 },
      async (_, a, b) => {
        return (await evaluate(code, named(a, b))) as DStream<unknown>;
      },
    );
    expect(asSet(out[0]?.values)).toEqual(asSet(output));
  });
});

async function expectToBuild(code: string): Promise<void> {
  const ssc = new StreamingContext({ batchInterval: 1000 });
  const names = ['numbers', 'words', 'lines', 'pairs', 'events', 'users', 'counts', 'a', 'b'];
  const streams = Object.fromEntries(names.map((name) => [name, ssc.valuesStream<never>().stream]));
  const windows = streams['words']?.window(1000, 1000, { eventTime: () => 0 });
  const extra = { ssc, StateSpec, now: 0, lookUp: async () => 1, save: async () => {}, sum: () => 1, windows };
  const building = evaluate(code, { ...streams, ...extra });
  // slice is for a job that runs, and says so before its start.
  if (code.includes('slice(')) await expect(building).rejects.toMatchObject({ code: 'CONTEXT_STATE' });
  else if (code.includes('stateSnapshots')) await expect(building).rejects.toThrow();
  else await expect(building.then(() => 'built')).resolves.toBe('built');
}

describe.each(RDDS.filter(({ examples }) => examples.length > 0))('RDD.$method', ({ examples }) => {
  test.each(examples)('%s', async (example) => {
    const { code, inputs, output } = await parts(example);
    let result: unknown;
    await runBatches(
      { batchInterval: 1000, inputs: [inputs?.[0] ?? []], inputs2: [inputs?.[1] ?? []], numPartitions: 2 },
      (_, a, b) => {
        const both: RDD<unknown>[] = [];
        b.foreachRDD((rdd) => {
          both[1] = rdd;
        });
        a.foreachRDD(async (rdd) => {
          const value = await evaluate(code, named(rdd, both[1]));
          result = value instanceof RDD ? await value.collect() : value;
        });
        return a;
      },
    );
    expect(asSet(result)).toEqual(asSet(output));
  });
});

test("the documentation's list of DStream operators is the code's", () => {
  const readme = readFileSync(new URL('../../../docs/operators.md', import.meta.url), 'utf8');
  const row = /^\| DStream \| (.+) \|$/m.exec(readme)?.[1] ?? '';
  const listed = [...row.matchAll(/`([a-zA-Z]+)`/g)].map(([, name]) => name).sort();
  const inCode = Object.getOwnPropertyNames(DStream.prototype)
    .filter((name) => !INTERNAL.includes(name))
    .concat('stateSnapshots', 'lateValues')
    .sort();
  expect(listed).toEqual(inCode);
});
