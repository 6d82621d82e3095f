/** Cases of Flume's own tests of a file that changes while its agent runs, each under its id. */
import { utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Agent } from '../../../../src/agent.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { collectingLogger } from '../../../kit/log.ts';
import { until } from '../../../kit/until.ts';

const LINES = [
  'a1.sources = r1',
  'a1.channels = c1',
  'a1.sinks = k1',
  'a1.sources.r1.type = seq',
  'a1.sources.r1.totalEvents = 1',
  'a1.sources.r1.channels = c1',
  'a1.channels.c1.type = memory',
  'a1.sinks.k1.type = null',
  'a1.sinks.k1.channel = c1',
];

// Flume takes a file that was only touched for another one and starts everything anew; here that is nothing new.
it('testpollingpropertiesfileconfigurationprovider/testpolling#267: a file that changes is used once, within two seconds of an interval of one', async () => {
  const file = path.join(ownDirectory(), 'flume.conf');
  writeFileSync(file, LINES.join('\n'));
  const { log, lines } = collectingLogger();
  const clock = new ManualClock();
  const agent = await Agent.fromFile(file, { log, clock, pollInterval: '1s' });
  onTestFinished(() => agent.stop());
  await agent.start();
  const used = (): number => lines.filter(({ message }) => message.includes('has gone over')).length;
  utimesSync(file, new Date(), new Date(Date.now() + 5000));
  const counters = Object.keys(agent.counters());
  const turn = async (ms: number): Promise<void> => {
    const end = clock.now() + ms;
    await until(() => {
      clock.advance(50);
      return clock.now() >= end;
    });
  };
  await turn(5000);
  expect(used()).toBe(0);
  writeFileSync(file, [...LINES, 'a1.sinks.k1.batchSize = 10'].join('\n'));
  await until(() => {
    clock.advance(50);
    return used() > 0;
  });
  await turn(5000);
  expect(used()).toBe(1);
  expect(Object.keys(agent.counters())).toEqual(counters);
  expect(lines.findLast(({ message }) => message.includes('has gone over'))?.message).toContain(
    'sources r1; channels c1; sinks k1',
  );
});
