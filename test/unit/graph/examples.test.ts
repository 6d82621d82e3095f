/** The examples in the docstrings of DStream: each compiles and builds; those that say what comes out give just that. */
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/context.ts';
import { DStream } from '../../../src/graph/dstream.ts';
import { StateSpec } from '../../../src/graph/state/state-spec.ts';
import { runBatches } from '../../../src/testing.ts';

const SOURCE = readFileSync(new URL('../../../src/graph/dstream.ts', import.meta.url), 'utf8');

interface Documented {
  readonly method: string;
  readonly doc: string;
  readonly examples: readonly string[];
}

/** The public methods with the docstring before their first signature. */
function documented(): Documented[] {
  const classBody = SOURCE.slice(
    SOURCE.indexOf('export class DStream<T>'),
    SOURCE.indexOf('/** How event-time windows get'),
  );
  const found = [...classBody.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}(?:get )?([a-zA-Z]+)[<(]/g)];
  return found.map(([, doc = '', method = '']) => {
    const text = doc.replace(/^\s*\* ?/gm, '');
    const examples = [...text.matchAll(/@example ([\s\S]*?)(?=\n@|\n*$(?![\s\S]))/g)].map(([, example = '']) =>
      example.trim(),
    );
    return { method, doc: text, examples };
  });
}

/** Runs the example's expression on streams with the names that examples use. */
function evaluate(code: string, streams: Readonly<Record<string, unknown>>): unknown {
  const script = transformSync(`(${code.replace(/;\s*$/, '')})`, { loader: 'ts' }).code;
  return new Function(...Object.keys(streams), `return ${script}`)(...Object.values(streams));
}

const METHODS = documented();
const INTERNAL = ['constructor', 'nodeOf'];

test('every public method has a docstring with an example, or says that it is as another', () => {
  const names = Object.getOwnPropertyNames(DStream.prototype).filter((name) => !INTERNAL.includes(name));
  const without = names.filter((name) => {
    const of = METHODS.filter(({ method }) => method === name);
    return !of.some(
      ({ doc, examples }) =>
        examples.length > 0 ||
        /\bas (saveAs|join|cache|foreach)/i.test(doc) ||
        /^\s*(What|The stream|Worked)/.test(doc),
    );
  });
  expect(without).toEqual([]);
});

describe.each(METHODS.filter(({ examples }) => examples.length > 0))('$method', ({ examples }) => {
  test.each(examples)('%s', async (example) => {
    const [code = '', comment] = example.split(/ \/\/ (?=.*->)/);
    const [inputText, output] = comment?.replace(/^[a-z ]+: /, '').split(' -> ') ?? [];
    if (output === undefined) {
      const ssc = new StreamingContext({ batchInterval: 1000 });
      const stream = () => ssc.valuesStream<never>().stream;
      const streams = Object.fromEntries(
        ['numbers', 'words', 'lines', 'pairs', 'events', 'users', 'counts', 'a', 'b'].map((name) => [name, stream()]),
      );
      const extra = {
        ssc,
        StateSpec,
        now: 0,
        lookUp: async () => 1,
        save: async () => {},
        sum: () => 1,
        windows: streams['words']?.window(1000, 1000, { eventTime: () => 0 }),
      };
      const run = () => evaluate(code.replace(/ \/\/ .*$/, ''), { ...streams, ...extra });
      // slice is for a job that runs; before its start it says so.
      if (code.includes('slice(')) expect(run).toThrowError(expect.objectContaining({ code: 'CONTEXT_STATE' }));
      else if (code.includes('stateSnapshots')) expect(run).toThrow();
      else expect(run).not.toThrow();
      return;
    }
    const [first, second] = evaluate(`[${inputText}]`, {}) as unknown[][];
    const out = await runBatches(
      { batchInterval: 1000, inputs: [first ?? []], inputs2: [second ?? []], numPartitions: 2 },
      (_, a, b) => evaluate(code, { numbers: a, words: a, lines: a, pairs: a, a, b }) as DStream<unknown>,
    );
    const sorted = (values: unknown): unknown =>
      [...(values as unknown[])].sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));
    expect(sorted(out[0]?.values)).toEqual(sorted(evaluate(output.trim(), {})));
  });
});

test("the README's list of DStream operators is the code's", () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const row = /^\| DStream \| (.+) \|$/m.exec(readme)?.[1] ?? '';
  const listed = [...row.matchAll(/`([a-zA-Z]+)`/g)].map(([, name]) => name).sort();
  const inCode = Object.getOwnPropertyNames(DStream.prototype)
    .filter((name) => !INTERNAL.includes(name))
    .concat('stateSnapshots', 'lateValues')
    .sort();
  expect(listed).toEqual(inCode);
});
