/** The metrics that docs/monitoring.md names are those that there are. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../kit/until.ts';
import { Rig } from '../observe/rig.ts';

const SRC = path.join(import.meta.dirname, '../../../src');
const page = readFileSync(path.join(import.meta.dirname, '../../../docs/monitoring.md'), 'utf8');
/** Names and kinds, as the page has them. */
const told = new Map(
  [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|/gm)].map(([, name = '', kind]) => [name, kind]),
);

/** What parts of a job register, in the sources: name and kind. */
function registered(): [string, string][] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.startsWith('agent/') && !name.startsWith('core/'),
  );
  return files.flatMap((name) => {
    const text = readFileSync(path.join(SRC, name), 'utf8');
    return [...text.matchAll(/elemetry\.(counter|observableCounter|gauge)\(\s*'(\w+)'/g)].map(
      ([, kind, metric = '']): [string, string] =>
        kind === 'gauge' ? [metric, 'gauge'] : [`${metric}_total`, 'counter'],
    );
  });
}

test('each metric that a part registers is on the page, with its kind', () => {
  const found = registered();
  expect(found.length).toBeGreaterThan(12);
  expect(found.filter(([name, kind]) => told.get(name) !== kind)).toEqual([]);
});

test('each metric of a job is on the page, and the page names no others', async () => {
  let fails = true;
  const rig = await Rig.start((numbers, ssc) => {
    numbers.window('10s', '10s', { eventTime: (n) => n }).print();
    numbers.foreachRDD(() => {
      if (!fails) return;
      fails = false;
      throw new Error('not yet');
    });
    numbers
      .map((n): [number, number] => [n, 1])
      .reduceByKey((a, b) => a + b)
      .updateStateByKey(([n = 0], state = 0) => n + state)
      .print();
    ssc.flumeStream({ host: '127.0.0.1', port: 0 }).count().print();
  });
  rig.push([1]);
  rig.clock.advance(1000);
  await until(() => rig.observer.history.totals.failedAttempts === 1);
  rig.clock.advance(100);
  await until(() => rig.observer.history.totals.batches === 1);
  const text = await (await rig.ask('/metrics')).text();
  const served = new Map(
    [...text.matchAll(/^# TYPE streamjob_(\w+) (\w+)$/gm)].map(([, name = '', kind]) => [name, kind]),
  );
  for (const [name, kind] of served) expect([name, told.get(name)]).toEqual([name, kind]);
  const inSources = new Set(registered().map(([name]) => name));
  // Of peers that wait, and of what only other jobs have.
  const others = [...told.keys()].filter(
    (name) => !served.has(name) && !inSources.has(name) && !name.startsWith('peer_'),
  );
  expect(others).toEqual([]);
});
