/** Times, timers, turns, random numbers, files and sockets come from core/machine.ts: nothing else asks Node for them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ManualClock, systemClock } from '../../../src/core/clock.ts';
import { nodeFiles } from '../../../src/core/files.ts';
import { fs, net, ofProcess, realMachine, replaceMachine, uuid, wallMs } from '../../../src/core/machine.ts';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));
/** The machine, and the simulated one: both stand on Node. */
const MACHINES = [path.join('core', 'machine.ts'), path.join('simulation', 'machine', '')];

/** Modules of Node that belong to the machine, but for their types. */
const MODULES = /^import (?!type\b).*from '(node:(?:fs|fs\/promises|net|tls|dgram|timers|timers\/promises))'/gm;
const CALLS = [
  /\b(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval)\(/g,
  /\bAbortSignal\.timeout\(/g,
  /\bperformance\.now\(/g,
  /\bDate\.now\(|new Date\(\)/g,
  /\bMath\.random\(/g,
  /\brandom(?:UUID|Bytes|Int)\b.*from 'node:crypto'/g,
];

/** What a file asks of Node itself. */
function asksNode(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const modules = [...code.matchAll(MODULES)].map(([, name = '']) => name);
  return [...modules, ...CALLS.flatMap((call) => code.match(call) ?? [])];
}

test('nothing else calls the machine', () => {
  const found = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !MACHINES.some((machine) => name.startsWith(machine)))
    .flatMap((name) => asksNode(readFileSync(path.join(SRC, name), 'utf8')).map((what) => `${name}: ${what}`));
  expect(found).toEqual([]);
});

test('the test finds calls', () => {
  expect(asksNode("import fs from 'node:fs';\nsetTimeout(run, Date.now());")).toHaveLength(3);
  expect(asksNode("import type { Socket } from 'node:net';\n// setTimeout(run)")).toEqual([]);
});

describe('another machine', () => {
  test('takes the place of this one as a whole, until it is put back', async () => {
    const read: string[] = [];
    const back = replaceMachine({
      ...realMachine,
      wallMs: () => 42,
      uuid: () => 'the-id',
      fs: {
        ...realMachine.fs,
        readFile: (async (file: string) => {
          read.push(file);
          return Buffer.from('simulated');
        }) as typeof realMachine.fs.readFile,
      },
      net: { ...realMachine.net, isIP: () => 4 },
    });
    try {
      expect(wallMs()).toBe(42);
      expect(uuid()).toBe('the-id');
      expect((await nodeFiles.read('/no/such/file')).toString()).toBe('simulated');
      expect(read).toEqual(['/no/such/file']);
      expect(net.isIP('no address')).toBe(4);
    } finally {
      back();
    }
    expect(net.isIP('no address')).toBe(0);
    await expect(fs.readFile('/no/such/file')).rejects.toThrow('ENOENT');
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
    expect(new ManualClock(5).now()).toBe(5);
  });

  test('has processes that each have what a module keeps, and a system clock that rises for each by itself', () => {
    const counter = ofProcess(() => ({ count: 0 }));
    const [one, other] = [{}, {}];
    const shown = new Map<object, number>([
      [one, 2000],
      [other, 1000],
    ]);
    let current = one;
    const back = replaceMachine({
      ...realMachine,
      get process() {
        return current;
      },
      wallMs: () => shown.get(current) ?? 0,
      monotonicMs: () => 0,
    });
    try {
      counter().count += 5;
      expect(systemClock.now()).toBe(2000);
      current = other;
      expect(counter().count).toBe(0);
      expect(systemClock.now()).toBe(1000);
      current = one;
      shown.set(one, 1500);
      expect(counter().count).toBe(5);
      expect(systemClock.now()).toBe(2000);
    } finally {
      back();
    }
    expect(counter().count).toBe(0);
  });

  test('gives the system clock its timers', () => {
    const asked: number[] = [];
    const back = replaceMachine({
      ...realMachine,
      after: (ms, run) => {
        asked.push(ms);
        run();
        return () => {};
      },
    });
    let fired = false;
    try {
      systemClock.after(1000, () => {
        fired = true;
      });
    } finally {
      back();
    }
    expect(asked).toEqual([1000]);
    expect(fired).toBe(true);
  });
});
