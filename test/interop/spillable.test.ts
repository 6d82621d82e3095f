/** Flume's spillable memory channel and ours, of the same flume.conf: both give every event once, in the order in which they came. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { agentWork, startAgent } from './kit/agent.ts';
import { collectedLines, startFlume } from './kit/flume.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it } from './kit/scene.ts';

const CONF = 'spillable.conf';
const given = makeLines('e', 20_000);

describeWith(['flume'], 'a spillable memory channel that most events overflow', () => {
  it('of real Flume: the file holds the lines in their order', async ({ scene }) => {
    spool(path.join(scene.directory, 'flume'), 'lines.txt', given);
    const flume = await startFlume(scene, { name: 'flume', confs: [CONF] });
    const taken = () => flume.metric('CHANNEL.c1', 'EventTakeSuccessCount');
    await scene.until(async () => (await taken()) === given.lines.length, 'file_roll has written all');
    expect(collectedLines(flume)).toEqual(given.lines);
  });

  it('of the embedded agent: the file holds the same lines in the same order', async ({ scene }) => {
    const work = agentWork(scene);
    mkdirSync(path.join(work, 'out'));
    spool(work, 'lines.txt', given);
    const agent = await startAgent(scene, CONF, { FLUME_WORK: work });
    const channel = () => agent.counters()['CHANNEL.c1'];
    await scene.until(() => (channel()?.['OverflowSize'] ?? 0) > 0, 'memory is full');
    await scene.until(() => channel()?.['EventTakeSuccessCount'] === given.lines.length, 'file_roll has written all');
    expect(collectedLines({ work })).toEqual(given.lines);
    expect(channel()).toMatchObject({ ChannelSize: 0, OverflowSize: 0 });
  });
});
