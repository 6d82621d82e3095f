/** What the TAILDIR source has on disk at a kill -9, and what a start after it finds: here the position files are put back as they were then. */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { until } from '../../../kit/until.ts';
import { settle } from '../channels/use.ts';
import { Scene, type Tailed } from './taildir-rig.ts';

/** Ends a source as a kill would: nothing that its stop writes stays. */
async function kill(scene: Scene, tailed: Tailed): Promise<void> {
  const left = fs.readdirSync(scene.own).map((name) => [name, fs.readFileSync(`${scene.own}/${name}`)] as const);
  await tailed.stop();
  for (const name of fs.readdirSync(scene.own)) fs.rmSync(`${scene.own}/${name}`);
  for (const [name, bytes] of left) fs.writeFileSync(`${scene.own}/${name}`, bytes);
}

it('finds a file again that came before the kill, and has a name of no group since', async () => {
  const scene = new Scene();
  scene.write('file1', '0\n');
  const tailed = await scene.start({ writePosInterval: 3000 });
  expect(await tailed.lines()).toEqual(['0']);
  scene.write('file2', '1\n');
  expect(await tailed.lines()).toEqual(['1']);
  await kill(scene, tailed);
  scene.append('file2', '2\n');
  scene.rename('file2', 'old');
  const again = await scene.start();
  // Of the second file nothing was noted but that it is there.
  expect(await again.lines()).toEqual(['1', '2']);
});

it('finds a file again that was empty, and never changed, before the kill', async () => {
  const scene = new Scene();
  scene.write('file1', '');
  const tailed = await scene.start();
  expect(await tailed.lines()).toEqual([]);
  await kill(scene, tailed);
  scene.append('file1', '1\n');
  scene.rename('file1', 'old');
  const again = await scene.start();
  expect(await again.lines()).toEqual(['1']);
});

it('with writePosInterval = 0 has noted each batch before the next', async () => {
  const scene = new Scene();
  scene.write('file1', '0\n1\n2\n3\n4\n');
  // How many events the channel had at each write of the position file.
  const noted: number[] = [];
  let tailed: Tailed | undefined;
  const back = replaceMachine({
    ...realMachine,
    fs: {
      ...realMachine.fs,
      rename: async (from, to) => {
        // Time in which a source that does not wait would read on.
        await settle();
        if (to === scene.positionFile) noted.push(tailed?.rig.counters.EventAcceptedCount ?? 0);
        await realMachine.fs.rename(from, to);
      },
    },
  });
  try {
    tailed = await scene.start({ batchSize: 1, writePosInterval: 0 });
    expect(await tailed.lines()).toEqual(['0', '1', '2', '3', '4']);
    expect(noted).toEqual([0, 1, 2, 3, 4, 5]);
  } finally {
    back();
  }
});

it('with skipToEnd reads nothing while it cannot note which files there are: the next start would skip it', async () => {
  const scene = new Scene();
  scene.write('file1', '0\n');
  let full = true;
  const back = replaceMachine({
    ...realMachine,
    fs: {
      ...realMachine.fs,
      rename: async (from, to) => {
        if (full) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
        await realMachine.fs.rename(from, to);
      },
    },
  });
  try {
    const killed = await scene.start({ skipToEnd: true });
    await until(() => killed.rig.errors.length > 0);
    scene.append('file1', '1\n');
    let isDrained = false;
    void killed.rig.source.whenEnded().then(() => {
      isDrained = true;
    });
    for (let i = 0; i < 20; i++) {
      scene.clock.advance(5000);
      await settle();
    }
    expect([killed.rig.counters.EventReceivedCount, isDrained]).toEqual([0, false]);
    full = false;
    await until(async () => {
      scene.clock.advance(5000);
      await settle();
      return isDrained;
    });
    expect(await killed.lines()).toEqual(['1']);
    await kill(scene, killed);
    scene.append('file1', '2\n');
    const again = await scene.start({ skipToEnd: true });
    expect((await again.lines()).at(-1)).toBe('2');
  } finally {
    back();
  }
});
