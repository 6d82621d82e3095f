/**
 * Who may import whom: test/layers.json says it for each folder of src/, and this test follows every import, static and dynamic, and
 * every module that is started by its URL. A file belongs to the longest entry that its path begins with.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

type Layers = Readonly<Record<string, readonly string[]>>;

interface Edge {
  readonly from: string;
  readonly to: string;
  /** The module is started by its URL, in a thread of its own, and not a part of the same program. */
  readonly isStart: boolean;
}

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));
const layers = JSON.parse(readFileSync(new URL('../../layers.json', import.meta.url), 'utf8')) as Layers;
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(path.sep).join('/'));

/** Comments, and texts for people (which hold an apostrophe or a quotation, and so stand in double quotes), may show imports. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

function edgesOf(from: string, text: string): Edge[] {
  const code = codeOf(text);
  const relative = (specifier: string): string => path.posix.join(path.posix.dirname(from), specifier);
  const imports = [...code.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map(([, specifier = '']) => ({
    from,
    to: relative(specifier),
    isStart: false,
  }));
  const urls = [...code.matchAll(/new URL\(\s*'(\.[^']*\.[jt]s)'/g)].map(([, specifier = '']) => ({
    from,
    to: relative(specifier),
    isStart: true,
  }));
  const doors = [...code.matchAll(/\bmoduleUrl\(\s*'([\w-]+)'/g)].map(([, name = '']) => ({
    from,
    to: `${name}.ts`,
    isStart: true,
  }));
  return [...imports, ...urls, ...doors];
}

function layerOf(file: string, table: Layers): string | undefined {
  return Object.keys(table)
    .filter((layer) => file === layer || file.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** What the table does not allow, as sentences. */
function broken(edges: readonly Edge[], table: Layers): string[] {
  return edges.flatMap(({ from, to }) => {
    const own = layerOf(from, table);
    const other = layerOf(to, table);
    if (own === undefined) return [`${from} is in no layer`];
    if (other === undefined) return [`${from} imports ${to}, which is in no layer`];
    return own === other || table[own]?.includes(other) === true ? [] : [`${from} (${own}) imports ${to} (${other})`];
  });
}

/** Circles among names, each once. */
function circles(edges: readonly { readonly from: string; readonly to: string }[]): string[][] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    if (from === to) continue;
    next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const reaches = (start: string): Set<string> => {
    const seen = new Set<string>();
    const left = [...(next.get(start) ?? [])];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      left.push(...(next.get(at) ?? []));
    }
    return seen;
  };
  const reached = new Map([...next.keys()].map((name) => [name, reaches(name)]));
  const found = new Map<string, string[]>();
  for (const [name, all] of reached) {
    if (!all.has(name)) continue;
    const circle = [...all].filter((other) => reached.get(other)?.has(name) === true).sort();
    found.set(circle.join(' '), circle);
  }
  return [...found.values()];
}

const edges = files.flatMap((file) => edgesOf(file, readFileSync(path.join(SRC, file), 'utf8')));

describe('the layers of src/', () => {
  test('every import is one that test/layers.json allows', () => {
    expect(edges.length).toBeGreaterThan(1000);
    expect(broken(edges, layers)).toEqual([]);
  });

  test('every import leads to a file', () => {
    expect(edges.filter(({ to }) => !files.includes(to))).toEqual([]);
  });

  test('no file imports itself by way of others', () => {
    expect(circles(edges.filter(({ isStart }) => !isStart))).toEqual([]);
  });

  test('the table has no circle, but for modules that are started by their URL', () => {
    const started = new Set(edges.filter(({ isStart }) => isStart).map(({ to }) => to));
    const allowed = Object.entries(layers).flatMap(([from, all]) => all.map((to) => ({ from, to })));
    expect(circles(allowed.filter(({ to }) => !started.has(to)))).toEqual([]);
  });

  test('the table says nothing that no import needs', () => {
    const used = new Set(edges.map(({ from, to }) => `${layerOf(from, layers)} ${layerOf(to, layers)}`));
    const unused = Object.entries(layers).flatMap(([from, all]) =>
      all.filter((to) => !used.has(`${from} ${to}`)).map((to) => `${from}: ${to}`),
    );
    expect(unused).toEqual([]);
  });

  test('doors have no logic: exports, or one call', () => {
    for (const door of ['index.ts', 'agent.ts', 'testing.ts', 'testing-job.ts', 'worker.ts', 'cli.ts']) {
      const code = codeOf(readFileSync(path.join(SRC, door), 'utf8'));
      expect(code, door).not.toMatch(/\b(?:if|for|while|function|class|const|let)\b/);
    }
  });
});

describe('the test itself', () => {
  const table = { low: [], high: ['low'] };
  const text = "import { a } from '../low/a.ts';\nconst b = await import('../low/b.ts');";

  test('finds static and dynamic imports, and modules that are started', () => {
    expect(edgesOf('high/x.ts', text).map(({ to }) => to)).toEqual(['low/a.ts', 'low/b.ts']);
    expect(edgesOf('low/x.ts', "new Worker(moduleUrl('worker'))")).toEqual([
      { from: 'low/x.ts', to: 'worker.ts', isStart: true },
    ]);
    expect(edgesOf('low/x.ts', "/** import { a } from './no.ts' */")).toEqual([]);
  });

  test('finds what the table does not allow, and circles', () => {
    expect(broken(edgesOf('high/x.ts', text), table)).toEqual([]);
    expect(broken(edgesOf('low/x.ts', "import '../high/x.ts';"), table)).toHaveLength(1);
    const around = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
      { from: 'b', to: 'c' },
    ];
    expect(circles(around)).toEqual([['a', 'b']]);
  });
});
