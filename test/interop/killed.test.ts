/** streamjob is killed (SIGKILL) with events of real Flume received and not yet committed; it starts again, and none is lost. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { startFlume } from './kit/flume.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith, repository } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';
import { startStreamjob } from './kit/streamjob.ts';
import { Tally } from './kit/tally.ts';

const PEER_TIMEOUT_S = 5;

describeWith(['flume'], 'streamjob is killed between receipt and commit', () => {
  for (const mode of ['push', 'pull'] as const) {
    it(`${mode}: after its restart every event is counted, none is lost`, ({ scene }) => killAndRestart(scene, mode));
  }
});

async function killAndRestart(scene: Scene, mode: 'push' | 'pull'): Promise<void> {
  const port = String(await freePort());
  const flume = await startFlume(scene, {
    name: 'flume',
    confs: [`${mode}.conf`],
    env: {
      JOB_PORT: port,
      FLUME_REQUEST_TIMEOUT: String(PEER_TIMEOUT_S * 1000),
      FLUME_SINK_PORT: port,
      FLUME_SINK_TIMEOUT: String(PEER_TIMEOUT_S),
    },
  });
  const file = (name: string): string => path.join(scene.directory, name);
  const idsIn = (name: string): Tally => {
    const tally = new Tally();
    if (existsSync(file(name))) tally.add(readFileSync(file(name), 'utf8').split('\n').slice(0, -1));
    return tally;
  };
  const run = () =>
    startStreamjob(scene, ['run', path.join(repository, 'test/interop/fixtures/ids.ts'), '--no-ui'], {
      IDS_PORT: port,
      IDS_PULL: mode === 'pull' ? '1' : '0',
      IDS_PEER_TIMEOUT: String(PEER_TIMEOUT_S * 1000),
      IDS_BEGUN: file('begun'),
      IDS_COMMITTED: file('committed'),
      IDS_HOLD: file('hold'),
    });
  const delivered = () => flume.metric('CHANNEL.c1', 'EventTakeSuccessCount');

  const doomed = run();
  const first = makeLines('first', 2500);
  spool(flume.work, 'first.txt', first);
  await scene.until(async () => (await delivered()) === first.ids.length, 'the first file has been delivered');
  writeFileSync(file('hold'), '');
  const second = makeLines('second', 2500);
  spool(flume.work, 'second.txt', second);
  await scene.until(() => idsIn('begun').size > first.ids.length, 'events of the second file are in a batch');
  await doomed.kill();

  idsIn('committed').expectExactlyOnce(first.ids);
  expect(await delivered(), "events that left Flume's channel").toBe(first.ids.length);

  rmSync(file('hold'));
  run();
  const all = [...first.ids, ...second.ids];
  await scene.until(async () => (await flume.metric('CHANNEL.c1', 'ChannelSize')) === 0, 'Flume has delivered all');
  idsIn('committed').expectNoneLost(all);
  expect(await delivered()).toBe(all.length);
}
