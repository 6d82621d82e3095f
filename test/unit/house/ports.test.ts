/** Two runs of vitest at the same time do not take each other's ports: each process has a pool of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';

const COUNT = 50;
const ASK = `
const { freePort } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../kit/ports.ts'))});
const ports = [];
while (ports.length < ${COUNT}) ports.push(await freePort());
process.stdout.write(JSON.stringify(ports));
await new Promise((resolve) => process.stdin.on('end', resolve).resume());`;

/** Asks for ports in a process of its own, which goes on until `end`. */
async function askInAnotherProcess(): Promise<{ readonly ports: readonly number[]; readonly end: () => unknown }> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', ASK], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  return { ports: JSON.parse(text.toString()) as number[], end: () => child.stdin.end() };
}

test('processes that run at the same time have ports of their own', async () => {
  const asked = await Promise.all([askInAnotherProcess(), askInAnotherProcess(), askInAnotherProcess()]);
  for (const { end } of asked) end();
  expect(new Set(asked.flatMap(({ ports }) => ports)).size).toBe(3 * COUNT);
  // Not by chance: what they were given does not lie among each other's.
  const ranges = asked.map(({ ports }) => [Math.min(...ports), Math.max(...ports)] as const);
  ranges.sort(([a], [b]) => a - b);
  for (const [i, [, last]] of ranges.entries())
    expect(last).toBeLessThan(ranges[i + 1]?.[0] ?? Number.POSITIVE_INFINITY);
});
