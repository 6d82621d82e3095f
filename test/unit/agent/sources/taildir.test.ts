/** What the TAILDIR source promises of lines, files and channels, beside rotation and positions. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { until } from '../../../kit/until.ts';
import { settle } from '../channels/use.ts';
import { Scene, seeing } from './taildir-rig.ts';

const text = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('');
const lines = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`);

/**
 * What of the file system is called, and how many log files are open, by name and path, until it is put back.
 * @param aheadMs how far the clock of the machine is ahead: the times of files are old enough then to tell their next change
 */
function watchCalls(aheadMs = 0): { readonly calls: string[]; readonly open: () => number; readonly back: () => void } {
  const calls: string[] = [];
  let open = 0;
  const { open: realOpen, readdir } = realMachine.fs;
  const { stat, fsSync } = seeing((file, stats) => {
    calls.push(`stat ${file}`);
    return stats;
  });
  const watched = {
    ...realMachine.fs,
    open: (async (...given: Parameters<typeof realOpen>) => {
      calls.push(`open ${given[0]}`);
      const handle = await realOpen(...given);
      if (!/\/file\d+$/.test(String(given[0]))) return handle;
      open++;
      const close = handle.close.bind(handle);
      handle.close = async () => {
        open--;
        await close();
      };
      return handle;
    }) as typeof realOpen,
    readdir: ((...given: Parameters<typeof readdir>) => {
      calls.push(`readdir ${given[0]}`);
      return readdir(...given);
    }) as typeof readdir,
    stat,
  };
  return {
    calls,
    open: () => open,
    back: replaceMachine({ ...realMachine, fsSync, fs: watched, wallMs: () => realMachine.wallMs() + aheadMs }),
  };
}

/** Sets the times of files and of their directory to long ago, as those of files that nobody writes to. */
function age(scene: Scene, ...names: string[]): void {
  for (const name of names) fs.utimesSync(scene.path(name), 1000, 1000);
  fs.utimesSync(scene.directory, 1000, 1000);
}

describe('lines', () => {
  it('are the bytes as they stand in the file, and may be empty', async () => {
    const scene = new Scene();
    scene.write('file1', Buffer.concat([Buffer.of(0xff, 0x00, 0xc3, 0x0a, 0x0a, 0x0d, 0x0a), Buffer.from('é\n')]));
    const tailed = await scene.start();
    const bodies = (await tailed.events()).map(({ body }) => Buffer.from(body).toString('hex'));
    expect(bodies).toEqual(['ff00c3', '', '', 'c3a9']);
  });

  it('that have no newline are events after idleTimeout, and what comes then is neither lost nor repeated', async () => {
    const scene = new Scene();
    scene.write('file1', 'a\nhal');
    const tailed = await scene.start({ idleTimeout: 1000 });
    expect(await tailed.lines()).toEqual(['a']);
    scene.clock.advance(999);
    expect(await tailed.lines()).toEqual([]);
    scene.append('file1', 'f');
    scene.clock.advance(1);
    expect(await tailed.lines()).toEqual([]);
    scene.clock.advance(1000);
    expect(await tailed.lines()).toEqual(['half']);
    scene.clock.advance(1000);
    expect(await tailed.lines()).toEqual([]);
    scene.append('file1', 'rest\nnext\n');
    expect(await tailed.lines()).toEqual(['rest', 'next']);
  });

  it('that have no newline are events although nobody has touched the file for long', async () => {
    const scene = new Scene();
    scene.write('file1', 'a\nhalf');
    const { back } = watchCalls(60_000);
    try {
      const tailed = await scene.start({ idleTimeout: 1000 });
      expect(await tailed.lines()).toEqual(['a']);
      expect(await tailed.lines()).toEqual([]);
      scene.clock.advance(1000);
      expect(await tailed.lines()).toEqual(['half']);
    } finally {
      back();
    }
  });

  it('end with a newline that comes late, which makes no event of its own', async () => {
    const scene = new Scene();
    scene.write('file1', 'one');
    scene.write('file2', 'two');
    const first = await scene.start({ idleTimeout: 1000 });
    await first.lines();
    scene.clock.advance(1000);
    expect((await first.lines()).toSorted()).toEqual(['one', 'two']);
    scene.append('file1', '\n\nthree\n');
    expect(await first.lines()).toEqual(['', 'three']);
    await first.stop();
    scene.append('file2', '\r\nfour\n');
    expect(await (await scene.start()).lines()).toEqual(['four']);
  });

  it('are held back over a restart', async () => {
    const scene = new Scene();
    scene.write('file1', 'a\nhal');
    const first = await scene.start();
    expect(await first.lines()).toEqual(['a']);
    await first.stop();
    scene.append('file1', 'f\n');
    expect(await (await scene.start()).lines()).toEqual(['half']);
  });

  it('that are longer than any window are whole', async () => {
    const scene = new Scene();
    const long = 'x'.repeat(3_000_000);
    scene.write('file1', `a\n${long}\r\nb\n${long}`);
    const tailed = await scene.start({ byteOffsetHeader: true });
    const events = await tailed.events();
    expect(events.map(({ headers, body }) => [headers['byteoffset'], body.length])).toEqual([
      ['0', 1],
      ['2', 3_000_000],
      ['3000004', 1],
    ]);
    expect(Buffer.from(events[1]?.body ?? '').toString()).toBe(long);
    scene.append('file1', '\n');
    expect(await tailed.lines()).toEqual([long]);
  });

  it('that are longer than maxLineLength are cut, told once, and go on after a restart', async () => {
    const scene = new Scene();
    const files = { 'filegroups.g': `${scene.directory}/file1` };
    scene.write('file1', 'abcd\nabcde\r\nabcdef\n12345678901\nend\n');
    const first = await scene.start({ ...files, maxLineLength: 5, batchSize: 4 }, { capacity: 5 });
    await until(() => first.rig.counters.ChannelWriteFail > 0);
    await first.stop();
    expect(await first.rig.texts()).toEqual(['abcd', 'abcde', 'abcde', 'f']);
    expect(first.rig.warnings.filter((line) => line.includes('maxLineLength'))).toHaveLength(1);
    expect(await (await scene.start({ ...files, maxLineLength: 5 })).lines()).toEqual(['12345', '67890', '1', 'end']);
  });

  it('are cut between characters, and before their newline has come', async () => {
    const scene = new Scene();
    scene.write('file1', `${'é'.repeat(5)}`);
    const tailed = await scene.start({ maxLineLength: 5 });
    expect(await tailed.lines()).toEqual(['éé', 'éé']);
    scene.append('file1', '\n');
    expect(await tailed.lines()).toEqual(['é']);
  });

  it('of a length of maxLineLength are one event, wherever the newline comes', async () => {
    const scene = new Scene();
    scene.write('file1', 'abcde');
    const tailed = await scene.start({ maxLineLength: 5 });
    expect(await tailed.lines()).toEqual([]);
    scene.append('file1', '\r');
    expect(await tailed.lines()).toEqual([]);
    scene.append('file1', '\nfghij\n');
    expect(await tailed.lines()).toEqual(['abcde', 'fghij']);
  });
});

describe('many files', () => {
  it('take turns after maxBatchCount batches each', async () => {
    const scene = new Scene();
    scene.write('file1', 'a\n'.repeat(6));
    scene.write('file2', 'b\n'.repeat(6));
    age(scene, 'file1', 'file2');
    const tailed = await scene.start({ batchSize: 2, maxBatchCount: 1 });
    expect((await tailed.lines()).join('')).toBe('aabbaabbaabb');
  });

  it('are not held up by one that grows as fast as it is read', async () => {
    const scene = new Scene();
    scene.write('file1', 'a\na\n');
    scene.write('file2', 'b\n');
    age(scene, 'file1', 'file2');
    const tailed = await scene.start({ batchSize: 1 }, { capacity: 1 });
    const { counters, channel } = tailed.rig;
    const got: string[] = [];
    // Another line is written to file1 whenever the channel is full and the next one waits.
    for (let fails = 0; got.length < 3; fails = counters.ChannelWriteFail) {
      await until(() => channel.size > 0 && counters.ChannelWriteFail > fails);
      scene.append('file1', 'a\n');
      got.push(...(await tailed.rig.texts()));
      scene.clock.advance(5000);
    }
    expect(got).toEqual(['a', 'a', 'b']);
  });

  it('are never open more than a hundred at once, and none after a stop', async () => {
    const scene = new Scene();
    for (let n = 0; n < 150; n++) scene.write(`file${n}`, `${n}\nheld`);
    const { open, back } = watchCalls();
    let most = 0;
    try {
      const tailed = await scene.start();
      const counting = setInterval(() => {
        most = Math.max(most, open());
      });
      expect(await tailed.lines()).toHaveLength(150);
      for (let n = 0; n < 150; n++) scene.append(`file${n}`, ' back\n');
      expect(await tailed.lines()).toEqual(Array.from({ length: 150 }, () => 'held back'));
      clearInterval(counting);
      expect(Math.max(most, open())).toBe(100);
      await tailed.stop();
      expect(open()).toBe(0);
    } finally {
      back();
    }
  });

  it('are closed after idleTimeout, and opened again when more comes', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    const { open, back } = watchCalls();
    try {
      const tailed = await scene.start({ idleTimeout: 1000 });
      await tailed.lines();
      expect(open()).toBe(1);
      scene.clock.advance(1000);
      await tailed.lines();
      expect(open()).toBe(0);
      scene.append('file1', text(3, 5));
      expect(await tailed.lines()).toEqual(lines(3, 5));
    } finally {
      back();
    }
  });

  it('that do not change are asked for their state only', async () => {
    const scene = new Scene();
    const names = Array.from({ length: 1000 }, (_, n) => `file${n}`);
    for (const name of names) scene.write(name, 'a\nheld');
    const { calls, back } = watchCalls(60_000);
    try {
      const tailed = await scene.start();
      await tailed.lines();
      calls.length = 0;
      for (let i = 0; i < 3; i++) expect(await tailed.lines()).toEqual([]);
      const files = calls.filter((call) => !call.includes('positions.json') && !call.endsWith(scene.own));
      expect(new Set(files)).toEqual(
        new Set([scene.directory, ...names.map((name) => scene.path(name))].map((each) => `stat ${each}`)),
      );
      scene.write('file1000', 'b\n');
      expect(await tailed.lines()).toEqual(['b']);
    } finally {
      back();
    }
  });

  it('are listed at each look without cachePatternMatching', async () => {
    const scene = new Scene();
    scene.write('file1', 'a\n');
    const { calls, back } = watchCalls(60_000);
    try {
      const tailed = await scene.start({ cachePatternMatching: false });
      await tailed.lines();
      calls.length = 0;
      await tailed.lines();
      expect(calls).toContain(`readdir ${scene.directory}`);
    } finally {
      back();
    }
  });
});

describe('a channel that is full', () => {
  it('gets the same batch again, after backoffSleepIncrement that grows to maxBackoffSleep', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 12));
    const tailed = await scene.start(
      { batchSize: 4, backoffSleepIncrement: 1000, maxBackoffSleep: 3000 },
      { capacity: 4 },
    );
    const { counters } = tailed.rig;
    await until(() => counters.ChannelWriteFail === 1);
    for (const [i, wait] of [1000, 2000, 3000, 3000].entries()) {
      scene.clock.advance(wait - 1);
      await settle();
      expect(counters.ChannelWriteFail).toBe(i + 1);
      scene.clock.advance(1);
      await until(() => counters.ChannelWriteFail === i + 2);
    }
    expect(await tailed.rig.texts()).toEqual(lines(0, 4));
    scene.clock.advance(3000);
    await until(() => tailed.rig.channel.size === 4);
    expect(await tailed.rig.texts()).toEqual(lines(4, 8));
    await until(async () => {
      scene.clock.advance(3000);
      await settle();
      return tailed.rig.channel.size === 4;
    });
    expect(await tailed.rig.texts()).toEqual(lines(8, 12));
    expect(counters).toMatchObject({ EventReceivedCount: 12, EventAcceptedCount: 12 });
  });

  it('does not hold up a stop, and gets the batch from the next start', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 8));
    const first = await scene.start({ batchSize: 4 }, { capacity: 4 });
    await until(() => first.rig.counters.ChannelWriteFail === 1);
    await first.stop();
    expect(await first.rig.texts()).toEqual(lines(0, 4));
    expect(await (await scene.start()).lines()).toEqual(lines(4, 8));
  });

  it('loses nothing of a file that is truncated while a batch of it waits', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 8));
    const tailed = await scene.start({ batchSize: 4 }, { capacity: 4 });
    await until(() => tailed.rig.counters.ChannelWriteFail === 1);
    fs.truncateSync(scene.path('file1'));
    scene.append('file1', text(50, 52));
    const got: string[] = [];
    await until(async () => {
      got.push(...(await tailed.rig.texts()));
      scene.clock.advance(5000);
      await settle();
      return got.length === 10;
    });
    expect(got).toEqual([...lines(0, 8), ...lines(50, 52)]);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['opened', 'EACCES'],
    ['read', 'EIO'],
    ['looked at', 'EACCES'],
  ])(
    'is told once when it cannot be %s, is counted, does not hold up the others, and is read when it can',
    async (what, code) => {
      const scene = new Scene();
      const bad = scene.path('file1');
      scene.write('file1', text(0, 3));
      scene.write('file2', text(10, 13));
      age(scene, 'file1', 'file2');
      let broken = true;
      const fail = (): never => {
        throw Object.assign(new Error(`${code}: it is broken`), { code });
      };
      const { open } = realMachine.fs;
      const { stat, fsSync } = seeing((file, stats) =>
        file === bad && broken && what === 'looked at' ? fail() : stats,
      );
      const back = replaceMachine({
        ...realMachine,
        fsSync,
        fs: {
          ...realMachine.fs,
          stat,
          open: (async (...given: Parameters<typeof open>) => {
            if (given[0] === bad && broken && what === 'opened') fail();
            const handle = await open(...given);
            const read = handle.read.bind(handle) as (...all: unknown[]) => unknown;
            if (given[0] === bad) {
              handle.read = (async (...all: unknown[]) =>
                broken && what === 'read' ? fail() : await read(...all)) as typeof handle.read;
            }
            return handle;
          }) as typeof open,
        },
      });
      try {
        const tailed = await scene.start();
        expect(await tailed.lines()).toEqual(lines(10, 13));
        for (let i = 0; i < 3; i++) {
          scene.append('file2', text(13 + i, 14 + i));
          expect(await tailed.lines()).toEqual(lines(13 + i, 14 + i));
        }
        expect(tailed.rig.warnings).toEqual([expect.stringContaining(`cannot read ${bad}: ${code}: it is broken`)]);
        expect(tailed.rig.counters.EventReadFail).toBeGreaterThanOrEqual(4);
        broken = false;
        expect(await tailed.lines()).toEqual(lines(0, 3));
      } finally {
        back();
      }
    },
  );

  it('may be a directory that goes and comes again', async () => {
    const scene = new Scene();
    fs.mkdirSync(scene.path('sub'));
    scene.write('sub/file', text(0, 3));
    scene.write('file1', text(10, 12));
    const properties = { filegroups: 'g h', 'filegroups.h': `${scene.directory}/sub/.*` };
    const tailed = await scene.start(properties);
    expect(await tailed.lines()).toEqual([...lines(10, 12), ...lines(0, 3)]);
    scene.rename('sub', 'away');
    scene.append('file1', text(12, 13));
    for (let i = 0; i < 3; i++) expect(await tailed.lines()).toEqual(i === 0 ? lines(12, 13) : []);
    expect(tailed.rig.warnings).toEqual([expect.stringContaining(`cannot read ${scene.path('sub')}: ENOENT`)]);
    scene.rename('away', 'sub');
    scene.append('sub/file', text(3, 4));
    expect(await tailed.lines()).toEqual(lines(3, 4));
    expect(tailed.rig.warnings).toHaveLength(1);
  });

  it('may be what is no file: nothing waits for it', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    fs.symlinkSync('/no/such/file', scene.path('file2'));
    fs.symlinkSync('/dev/zero', scene.path('file3'));
    fs.mkdirSync(scene.path('file4'));
    const tailed = await scene.start();
    expect(await tailed.lines()).toEqual(lines(0, 3));
    expect(tailed.rig.warnings).toEqual([]);
  });
});

describe('a configuration', () => {
  it('may have groups that are not listed: they are told and not read', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    const tailed = await scene.start({ filegroups: 'x', 'filegroups.x': `${scene.directory}/other` });
    expect(await tailed.lines()).toEqual([]);
    expect(tailed.rig.warnings).toEqual(['source r1: filegroups.g is not read, as filegroups does not name g']);
  });

  it('may have a pattern that matches the position file: it is not read', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    const positionFile = scene.path('file.json');
    const tailed = await scene.start({ positionFile, writePosInterval: 0, idleTimeout: 0 });
    expect(await tailed.lines()).toEqual(lines(0, 3));
    await until(() => fs.existsSync(positionFile));
    scene.append('file1', text(3, 6));
    expect(await tailed.lines()).toEqual(lines(3, 6));
    await tailed.stop();
    expect(await (await scene.start({ positionFile, idleTimeout: 0 })).lines()).toEqual([]);
  });

  it('may write its directories in several ways', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    const properties = { 'filegroups.g': `${scene.directory}//./file1` };
    const first = await scene.start({ ...properties, fileHeader: true });
    expect((await first.events()).map(({ headers }) => headers['file'])).toContain(scene.path('file1'));
    await first.stop();
    scene.append('file1', text(3, 5));
    scene.rename('file1', 'other');
    expect(await (await scene.start(properties)).lines()).toEqual(lines(3, 5));
  });

  it('may have one file in two groups: the first one has it', async () => {
    const scene = new Scene();
    scene.write('file1', text(0, 3));
    const tailed = await scene.start({
      filegroups: 'b a',
      'filegroups.a': `${scene.directory}/file1`,
      'filegroups.b': `${scene.directory}/.*`,
      'headers.a.group': 'a',
      'headers.b.group': 'b',
    });
    expect((await tailed.events()).map(({ headers }) => headers['group'])).toEqual(['b', 'b', 'b']);
  });
});
