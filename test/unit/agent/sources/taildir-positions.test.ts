/** The position file of the TAILDIR source: Flume's, read in any state, written whole, after the channel has the events. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PositionFile } from '../../../../src/agent/sources/taildir/position-file.ts';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { until } from '../../../kit/until.ts';
import { settle } from '../channels/use.ts';
import { Scene } from './taildir-rig.ts';

const text = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('');
const lines = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`);

/** Lets calls of the file system through, but for those that `change` returns something for. */
function withFs(change: Partial<typeof realMachine.fs>): () => void {
  return replaceMachine({ ...realMachine, fs: { ...realMachine.fs, ...change } });
}

describe('a restart', () => {
  it('goes on where the last run was stopped, also in the midst of a file', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 10));
    const first = await scene.start({ batchSize: 3 }, { capacity: 7 });
    await until(() => first.rig.counters.ChannelWriteFail > 0);
    await first.stop();
    expect(await first.rig.texts()).toEqual(lines(0, 6));
    scene.append('file1', text(10, 12));
    expect(await (await scene.start()).lines()).toEqual(lines(6, 12));
  });

  it('writes just what Flume writes, and takes over what Flume has written', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 5));
    const first = await scene.start();
    await first.lines();
    await first.stop();
    const entry = { inode: scene.inode('file1'), pos: 10, file: scene.path('file1') };
    expect(fs.readFileSync(scene.positionFile, 'utf8')).toBe(JSON.stringify([entry]));
    fs.rmSync(`${scene.positionFile}.fingerprints`);
    fs.writeFileSync(scene.positionFile, JSON.stringify([{ ...entry, pos: 4 }]));
    expect(await (await scene.start()).lines()).toEqual(lines(2, 5));
  });

  it('takes over a position of Flume of a file that was renamed meanwhile, where a line ends there', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 5));
    scene.write('file2', text(5, 9));
    const entries = ['file1', 'file2'].map((name, i) => ({
      inode: scene.inode(name),
      pos: 4 + i,
      file: scene.path(`${name}.log`),
    }));
    fs.writeFileSync(scene.positionFile, JSON.stringify(entries));
    expect((await (await scene.start()).lines()).toSorted()).toEqual([...lines(2, 5), ...lines(5, 9)]);
  });

  it('reads a file again whose position is past its end', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 5));
    const entry = { inode: scene.inode('file1'), pos: 1000, file: scene.path('file1') };
    fs.writeFileSync(scene.positionFile, JSON.stringify([entry]));
    expect(await (await scene.start()).lines()).toEqual(lines(0, 5));
  });

  it.each([
    ['is empty', '', 'it is empty'],
    ['is no JSON', 'garbage', 'it is no JSON array'],
    ['holds other things', '[{"a":1}, 5]', 'none of Flume'],
  ])('reads all from the start when the position file %s, and says so', async (_how, content, told) => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    fs.writeFileSync(scene.positionFile, content);
    const tailed = await scene.start();
    expect(await tailed.lines()).toEqual(lines(0, 3));
    expect(tailed.rig.warnings).toEqual([expect.stringContaining(told)]);
    await tailed.stop();
    expect(scene.pos('file1')).toBe(6);
  });

  it('repeats nothing that the whole entries of a half-written position file prove', async () => {
    const scene = new Scene();
    for (const n of [1, 2]) scene.write(`file${n}`, text(n * 10, n * 10 + 3));
    const entries = [1, 2].map((n) => ({ inode: scene.inode(`file${n}`), pos: 9, file: scene.path(`file${n}`) }));
    fs.writeFileSync(scene.positionFile, JSON.stringify(entries).slice(0, -3));
    const tailed = await scene.start();
    expect(await tailed.lines()).toEqual(lines(20, 23));
    expect(tailed.rig.warnings).toEqual([expect.stringContaining('only 1 of its entries are whole')]);
  });

  it('drops the entries of files that are gone, after idleTimeout, and keeps those of a directory that is', async () => {
    const scene = new Scene();
    fs.mkdirSync(scene.path('sub'));
    scene.write('file1', text(0, 3));
    scene.write('file2', text(0, 3));
    scene.write('sub/file3', text(0, 3));
    const tailed = await scene.start({ filegroups: 'g h', 'filegroups.h': `${scene.directory}/sub/.*` });
    await tailed.lines();
    fs.rmSync(scene.path('file1'));
    scene.rename('sub', 'elsewhere');
    for (let i = 0; i < 3; i++) {
      await tailed.lines();
      scene.clock.advance(120_000);
    }
    await tailed.lines();
    await tailed.stop();
    expect(scene.positions().map(({ file }) => file)).toEqual([scene.path('file2'), scene.path('sub/file3')]);
    expect(tailed.rig.warnings.filter((line) => line.includes('cannot read'))).toHaveLength(1);
    scene.rename('elsewhere', 'sub');
    const again = await scene.start({ filegroups: 'g h', 'filegroups.h': `${scene.directory}/sub/.*` });
    expect(await again.lines()).toEqual([]);
  });
});

it('keeps the positions of a directory that cannot be listed since the start', async () => {
  const scene = new Scene();
  const properties = { 'filegroups.g': `${scene.directory}/sub/.*` };
  fs.mkdirSync(scene.path('sub'));
  scene.write('sub/file', text(0, 3));
  const first = await scene.start(properties);
  await first.lines();
  await first.stop();
  scene.rename('sub', 'elsewhere');
  fs.mkdirSync(scene.path('sub'));
  const again = await scene.start(properties);
  await again.lines();
  fs.rmdirSync(scene.path('sub'));
  for (let i = 0; i < 3; i++) {
    scene.clock.advance(120_000);
    expect(await again.lines()).toEqual([]);
  }
  scene.rename('elsewhere', 'sub');
  scene.append('sub/file', text(3, 5));
  expect(await again.lines()).toEqual(lines(3, 5));
});

describe('the position file', () => {
  it('holds inodes that no number of JavaScript holds', async () => {
    const scene = new Scene();
    const inode = 2n ** 63n + 12_345n;
    const position = { inode, pos: 7, file: '/a "inode": 5 \\', fingerprint: `7:${'a'.repeat(32)}`, bornNs: 5n };
    const file = new PositionFile(scene.positionFile);
    await file.write([position]);
    expect(fs.readFileSync(scene.positionFile, 'utf8')).toContain('"inode":9223372036854788153,');
    expect(await new PositionFile(scene.positionFile).read()).toEqual({ positions: [position], damage: undefined });
  });

  it('is whole, with its fingerprints, wherever the writing of the next one ends', async () => {
    const scene = new Scene();
    const at = (pos: number) => ({
      inode: 1n,
      pos,
      file: '/file',
      fingerprint: `${pos}:${'a'.repeat(32)}`,
      bornNs: undefined,
    });
    const file = new PositionFile(scene.positionFile);
    await file.write([at(1)]);
    for (let calls = 0; ; calls++) {
      let left = calls;
      const failing = <A extends unknown[], R>(real: (...given: A) => Promise<R>) => {
        return async (...given: A): Promise<R> => {
          if (left-- <= 0) throw new Error('killed');
          return await real(...given);
        };
      };
      const back = withFs({
        open: failing(realMachine.fs.open) as typeof realMachine.fs.open,
        rename: failing(realMachine.fs.rename),
      });
      const done = await file.write([at(2 + calls)]).then(
        () => true,
        () => false,
      );
      back();
      const { positions, damage } = await new PositionFile(scene.positionFile).read();
      expect(damage).toBeUndefined();
      expect(positions).toEqual([at(positions[0]?.pos ?? 0)]);
      if (done) {
        expect(positions[0]?.pos).toBe(2 + calls);
        // Two files, each opened and renamed, and the directory behind each.
        expect(calls).toBe(6);
        break;
      }
    }
  });

  it('is written at once, then no more often than every writePosInterval, and when the source stops', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 1));
    let writes = 0;
    const back = withFs({
      open: (async (...given: Parameters<typeof realMachine.fs.open>) => {
        if (given[0] === `${scene.positionFile}.new`) writes++;
        return await realMachine.fs.open(...given);
      }) as typeof realMachine.fs.open,
    });
    try {
      const tailed = await scene.start({ writePosInterval: 3000 });
      await tailed.lines();
      await until(() => fs.existsSync(scene.positionFile));
      for (let i = 1; i < 5; i++) {
        scene.append('file1', text(i, i + 1));
        await tailed.lines();
        scene.clock.advance(500);
      }
      expect(writes).toBe(1);
      scene.clock.advance(1000);
      await until(() => scene.pos('file1') === 10);
      expect(writes).toBe(2);
      scene.append('file1', text(5, 6));
      await tailed.lines();
      await tailed.stop();
      expect(scene.pos('file1')).toBe(12);
      expect(writes).toBe(3);
    } finally {
      back();
    }
  });

  it('has no position of a batch that the channel has not taken', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 10));
    const tailed = await scene.start({ batchSize: 5, writePosInterval: 0 }, { capacity: 7 });
    await until(() => tailed.rig.counters.ChannelWriteFail > 0);
    await until(() => scene.pos('file1') === 10);
    for (let i = 0; i < 20; i++) {
      scene.clock.advance(5000);
      await settle();
    }
    expect(scene.pos('file1')).toBe(10);
  });

  it('that cannot be written is told once, and tried again until it can', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    let full = true;
    let tries = 0;
    const back = withFs({
      rename: async (from, to) => {
        tries++;
        if (full) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
        await realMachine.fs.rename(from, to);
      },
    });
    try {
      const tailed = await scene.start();
      expect(await tailed.lines()).toEqual(lines(0, 3));
      await until(async () => {
        scene.clock.advance(3000);
        await settle();
        return tries >= 3;
      });
      expect(tailed.rig.errors).toEqual([expect.stringContaining('cannot be written')]);
      full = false;
      await until(async () => {
        scene.clock.advance(3000);
        await settle();
        return fs.existsSync(scene.positionFile);
      });
      expect(scene.pos('file1')).toBe(6);
      expect(tailed.rig.errors).toHaveLength(1);
    } finally {
      back();
    }
  });

  it('that cannot be read, or has no place, is refused at the start', async () => {
    const scene = new Scene();
    fs.mkdirSync(scene.positionFile);
    await expect(scene.start()).rejects.toMatchObject({ code: 'FILE_ACCESS' });
    fs.rmdirSync(scene.positionFile);
    fs.writeFileSync(`${scene.own}/file`, '');
    const positionFile = `${scene.own}/file/positions.json`;
    await expect(scene.start({ positionFile })).rejects.toMatchObject({ code: 'FILE_ACCESS' });
    const deep = `${scene.own}/a/b/positions.json`;
    scene.write('file1', text(0, 1));
    const tailed = await scene.start({ positionFile: deep });
    await tailed.lines();
    await tailed.stop();
    expect(fs.existsSync(deep)).toBe(true);
  });
});

describe('skipToEnd', () => {
  it('is only for files that are there at the start and have no position', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    const first = await scene.start();
    await first.lines();
    await first.stop();
    scene.append('file1', text(3, 5));
    scene.write('file2', text(10, 13));
    const tailed = await scene.start({ skipToEnd: true });
    expect(await tailed.lines()).toEqual(lines(3, 5));
    scene.append('file2', text(13, 15));
    scene.write('file3', text(20, 22));
    expect((await tailed.lines()).toSorted()).toEqual([...lines(13, 15), ...lines(20, 22)]);
  });

  it('skips nothing after a kill that came after the first start', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    const killed = await scene.start({ skipToEnd: true }, { capacity: 1 });
    await killed.lines();
    scene.append('file1', text(3, 6));
    scene.write('file2', text(10, 13));
    await until(async () => {
      scene.clock.advance(5000);
      await settle();
      return killed.rig.counters.ChannelWriteFail > 0;
    });
    // What a kill leaves: the position file as it is now.
    const left = fs.readFileSync(scene.positionFile);
    await killed.stop();
    fs.writeFileSync(scene.positionFile, left);
    const again = await scene.start({ skipToEnd: true });
    expect((await again.lines()).toSorted()).toEqual([...lines(10, 13), ...lines(3, 6)]);
  });
});
