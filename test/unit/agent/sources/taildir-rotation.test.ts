/** The TAILDIR source neither loses nor repeats a line when files are renamed, truncated, compressed, moved or removed. */
import fs from 'node:fs';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { settle } from '../channels/use.ts';
import { Scene, seeing } from './taildir-rig.ts';

/** A pattern for which `file.log` matches, and no rotated file does. */
const only = (scene: Scene) => ({ 'filegroups.g': `${scene.directory}/file\\.log` });
const text = (from: number, to: number): string =>
  lines(from, to)
    .map((line) => `${line}\n`)
    .join('');
const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${String(from + i).padStart(4, '0')}`);

describe('rotation by rename', () => {
  it('goes on in a file whose new name matches too', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start();
    expect(await tailed.lines()).toEqual(lines(0, 3));
    scene.append('file.log', text(3, 5));
    scene.rename('file.log', 'file.log.1');
    scene.write('file.log', text(5, 7));
    expect((await tailed.lines()).toSorted()).toEqual(lines(3, 7));
  });

  it.each([
    ['open still', 120_000],
    ['closed as it was idle', 0],
  ])('reads the rest of a file whose new name does not match, %s', async (_how, idleTimeout) => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start({ ...only(scene), idleTimeout });
    expect(await tailed.lines()).toEqual(lines(0, 3));
    scene.append('file.log', text(3, 5));
    scene.rename('file.log', 'file.log.1');
    scene.write('file.log', text(5, 7));
    expect(await tailed.lines()).toEqual(lines(3, 7));
    // Its writer may have it open still.
    scene.append('file.log.1', text(7, 8));
    expect(await tailed.lines()).toEqual(lines(7, 8));
  });

  it('reads the rest of a file that was renamed while the source was stopped', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const first = await scene.start(only(scene));
    await first.lines();
    await first.stop();
    scene.append('file.log', text(3, 5));
    scene.rename('file.log', 'file.log.1');
    scene.write('file.log', text(5, 7));
    const again = await scene.start({ ...only(scene), fileHeader: true });
    const events = await again.events();
    expect(events.map(({ body }) => Buffer.from(body).toString()).toSorted()).toEqual(lines(3, 7));
    expect(new Set(events.map(({ headers }) => headers['file']))).toEqual(new Set([scene.path('file.log')]));
    await again.stop();
    // Its position is kept under the name by which it is of the group.
    const third = await scene.start(only(scene));
    expect(await third.lines()).toEqual([]);
  });

  it('follows several rotations between two looks', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start();
    await tailed.lines();
    scene.append('file.log', text(3, 4));
    for (let n = 0; n < 3; n++) {
      for (let i = n; i > 0; i--) scene.rename(`file.log.${i}`, `file.log.${i + 1}`);
      scene.rename('file.log', 'file.log.1');
      scene.write('file.log', text(10 + n, 11 + n));
    }
    expect((await tailed.lines()).toSorted()).toEqual([...lines(3, 4), ...lines(10, 13)]);
  });

  it('takes the file that it looked at, when its name leads to another one at the time of the opening', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    let rotated = false;
    const back = replaceMachine({
      ...realMachine,
      fs: {
        ...realMachine.fs,
        open: (async (...given: Parameters<typeof realMachine.fs.open>) => {
          if (given[0] === scene.path('file.log') && !rotated) {
            rotated = true;
            scene.rename('file.log', 'file.log.1');
            scene.write('file.log', text(3, 6));
          }
          return await realMachine.fs.open(...given);
        }) as typeof realMachine.fs.open,
      },
    });
    try {
      const tailed = await scene.start({ byteOffsetHeader: true });
      expect((await tailed.lines()).toSorted()).toEqual(lines(0, 6));
      expect(rotated).toBe(true);
    } finally {
      back();
    }
  });

  it('delivers each line once while files are rotated all the time', async () => {
    const scene = new Scene();
    const tailed = await scene.start({ backoffSleepIncrement: 1, maxBackoffSleep: 1, batchSize: 7 });
    let written = 0;
    const got: string[] = [];
    for (let round = 0; round < 100; round++) {
      for (let i = 5; i > 0; i--) {
        if (fs.existsSync(scene.path(`file.log.${i}`))) scene.rename(`file.log.${i}`, `file.log.${i + 1}`);
        await settle();
      }
      if (round > 0) scene.rename('file.log', 'file.log.1');
      for (let i = 0; i < 5; i++) {
        scene.append('file.log', text(written, ++written));
        scene.clock.advance(1);
        await settle();
      }
      // The seventh file is removed by the next rotation: it must have been read before.
      if (round % 3 === 2) got.push(...(await tailed.lines()));
    }
    got.push(...(await tailed.lines()));
    expect(got.toSorted()).toEqual(lines(0, written));
  });

  it('reads what was written to a file before it was removed, as long as it is open', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start();
    await tailed.lines();
    scene.append('file.log', text(3, 5));
    fs.rmSync(scene.path('file.log'));
    expect(await tailed.lines()).toEqual(lines(3, 5));
  });

  it('reads a file that was truncated, written to and then renamed to a name that does not match', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start(only(scene));
    await tailed.lines();
    fs.truncateSync(scene.path('file.log'));
    scene.append('file.log', text(3, 8));
    scene.rename('file.log', 'file.log.1');
    expect(await tailed.lines()).toEqual(lines(3, 8));
  });

  it.each([
    ['known', true],
    ['not known', false],
  ])(
    'does not read a file of no group that has the inode of a removed one, where the time of its making is %s',
    async (_how, known) => {
      const scene = new Scene();
      scene.write('file.log', text(0, 3));
      scene.write('file.empty', '');
      const properties = { 'filegroups.g': `${scene.directory}/file\\..*`, idleTimeout: 0 };
      const tailed = await scene.start(properties);
      await tailed.lines();
      await tailed.stop();
      for (const name of ['file.log', 'file.empty']) {
        scene.write('secret', text(3, 9));
        scene.giveInode(name, 'secret');
        if (!known) {
          const beside = `${scene.positionFile}.fingerprints`;
          fs.writeFileSync(beside, fs.readFileSync(beside, 'utf8').replace(/"born":"\d+"/g, '"born":""'));
        }
        fs.rmSync(scene.path(name));
        const again = await scene.start(properties);
        expect(await again.lines()).toEqual([]);
        expect(await again.lines()).toEqual([]);
        await again.stop();
        fs.rmSync(scene.path('secret'));
      }
    },
  );

  it('knows a file that is moved away and back', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start();
    await tailed.lines();
    fs.renameSync(scene.path('file.log'), `${scene.own}/elsewhere`);
    expect(await tailed.lines()).toEqual([]);
    scene.clock.advance(1000);
    expect(await tailed.lines()).toEqual([]);
    fs.renameSync(`${scene.own}/elsewhere`, scene.path('file.log'));
    scene.append('file.log', text(3, 4));
    expect(await tailed.lines()).toEqual(lines(3, 4));
  });

  it('knows a file that is moved back after a restart', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const first = await scene.start();
    await first.lines();
    await first.stop();
    fs.renameSync(scene.path('file.log'), `${scene.own}/elsewhere`);
    const again = await scene.start();
    for (let i = 0; i < 3; i++) {
      expect(await again.lines()).toEqual([]);
      scene.clock.advance(10_000);
    }
    fs.renameSync(`${scene.own}/elsewhere`, scene.path('file.log'));
    scene.append('file.log', text(3, 4));
    expect(await again.lines()).toEqual(lines(3, 4));
  });

  it('knows a file that had another name for any time', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start({ ...only(scene), idleTimeout: 1000 });
    await tailed.lines();
    scene.rename('file.log', 'other');
    for (let i = 0; i < 5; i++) {
      scene.clock.advance(5000);
      expect(await tailed.lines()).toEqual([]);
    }
    scene.rename('other', 'file.log');
    expect(await tailed.lines()).toEqual([]);
  });
});

describe('truncation', () => {
  it('reads a file that is shorter than its position from its start', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 9));
    const tailed = await scene.start();
    await tailed.lines();
    fs.truncateSync(scene.path('file.log'));
    scene.append('file.log', text(20, 22));
    expect(await tailed.lines()).toEqual(lines(20, 22));
    expect(tailed.rig.infos).toEqual([expect.stringContaining('is shorter than it was')]);
  });

  it.each([
    ['longer than', 20, 30],
    ['as long as', 20, 23],
  ])('tells by its bytes that a file was written anew, and is %s it was', async (_how, from, to) => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const tailed = await scene.start();
    await tailed.lines();
    scene.write('file.log', text(from, to));
    expect(await tailed.lines()).toEqual(lines(from, to));
    expect(tailed.rig.warnings).toEqual([expect.stringContaining('are not those that were read there')]);
  });

  it.each([
    ['while it runs', false],
    ['over a restart', true],
  ])('reads a new file that has the inode of a removed one and begins like it, %s', async (_how, restarted) => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    // Only the time of its making tells the new file: it stands for one that has just got the inode.
    let birthtimeNs = 1n;
    const { stat, fsSync } = seeing((_, stats) => Object.assign(stats, { birthtimeNs }));
    const back = replaceMachine({ ...realMachine, fsSync, fs: { ...realMachine.fs, stat } });
    try {
      const first = await scene.start({ idleTimeout: 0 });
      expect(await first.lines()).toEqual(lines(0, 3));
      if (restarted) await first.stop();
      birthtimeNs = 2n;
      scene.append('file.log', text(3, 5));
      const next = restarted ? await scene.start() : first;
      expect(await next.lines()).toEqual(lines(0, 5));
    } finally {
      back();
    }
  });

  it('tells it after a restart too', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 300));
    const first = await scene.start();
    await first.lines();
    await first.stop();
    scene.write('file.log', text(500, 900));
    expect(await (await scene.start()).lines()).toEqual(lines(500, 900));
  });

  it('does not take another file for the one that had its inode', async () => {
    const scene = new Scene();
    scene.write('file.log', text(0, 3));
    const first = await scene.start();
    await first.lines();
    await first.stop();
    scene.write('file.other', text(3, 9));
    scene.giveInode('file.log', 'file.other');
    fs.rmSync(scene.path('file.log'));
    expect(await (await scene.start()).lines()).toEqual(lines(3, 9));
  });
});

describe('times', () => {
  /** A machine whose clock stands still, as do the times of files unless they are set by hand: `at` and `times` in ms. */
  function standStill(at: number, times: number | undefined): () => void {
    const { stat, fsSync } = seeing((_, stats) => {
      const ns = BigInt(times ?? 0) * 1_000_000n;
      return times === undefined ? stats : Object.assign(stats, { mtimeNs: ns, ctimeNs: ns });
    });
    return replaceMachine({ ...realMachine, wallMs: () => at, fsSync, fs: { ...realMachine.fs, stat } });
  }

  it('that are too coarse to tell a change hide neither files nor other bytes of the same number', async () => {
    const now = Date.now();
    const back = standStill(now, now - 1000);
    try {
      const scene = new Scene();
      scene.write('file.log', text(0, 3));
      const tailed = await scene.start();
      expect(await tailed.lines()).toEqual(lines(0, 3));
      scene.write('file.log', text(3, 6));
      scene.write('file.new', text(6, 9));
      expect((await tailed.lines()).toSorted()).toEqual(lines(3, 9));
    } finally {
      back();
    }
  });

  it('tell that a file of the same size has other bytes', async () => {
    const back = standStill(Date.now() + 60_000, undefined);
    try {
      const scene = new Scene();
      scene.write('file.log', text(0, 3));
      fs.utimesSync(scene.path('file.log'), 1000, 1000);
      const tailed = await scene.start();
      expect(await tailed.lines()).toEqual(lines(0, 3));
      scene.write('file.log', text(3, 6));
      fs.utimesSync(scene.path('file.log'), 2000, 2000);
      expect(await tailed.lines()).toEqual(lines(3, 6));
    } finally {
      back();
    }
  });
});

describe('compressed files', () => {
  it.each([
    ['gzip', zlib.gzipSync('a\nb\n')],
    ['zstd', Buffer.from('28b52ffd0a0a', 'hex')],
    ['xz', Buffer.from('fd377a585a000a0a', 'hex')],
    ['bzip2', Buffer.from('BZh91AY&SY\n\n')],
    ['lz4', Buffer.from('04224d180a0a', 'hex')],
  ])('skips %s with one warning, and counts it', async (by, bytes) => {
    const scene = new Scene();
    scene.write('file.log.1', text(0, 3));
    const tailed = await scene.start();
    await tailed.lines();
    scene.write('file.log.1.gz', bytes);
    fs.rmSync(scene.path('file.log.1'));
    scene.write('file.log', text(3, 5));
    expect(await tailed.lines()).toEqual(lines(3, 5));
    fs.appendFileSync(scene.path('file.log.1.gz'), bytes);
    expect(await tailed.lines()).toEqual([]);
    expect(tailed.rig.warnings).toEqual([expect.stringContaining(`is compressed (${by}) and is not read`)]);
    expect(tailed.rig.counters.EventReadFail).toBe(1);
  });

  it('reads text that begins like a name of a compression', async () => {
    const scene = new Scene();
    scene.write('file.log', 'BZh9 is the begin of bzip2\n');
    expect(await (await scene.start()).lines()).toEqual(['BZh9 is the begin of bzip2']);
  });
});

describe('links', () => {
  it('reads a file with several names once, also when one of them goes', async () => {
    const scene = new Scene();
    scene.write('file.b', text(0, 3));
    fs.linkSync(scene.path('file.b'), scene.path('file.c'));
    const tailed = await scene.start();
    expect(await tailed.lines()).toEqual(lines(0, 3));
    fs.symlinkSync(scene.path('file.b'), scene.path('file.a'));
    fs.rmSync(scene.path('file.c'));
    scene.append('file.b', text(3, 5));
    expect(await tailed.lines()).toEqual(lines(3, 5));
  });
});
