/** Simulated disks: what a power cut leaves of them is what it may leave of a real one, and their calls fail as they are told to. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemCodeOf } from '../../../src/core/errors.ts';
import { nodeFiles } from '../../../src/core/files.ts';
import { fs } from '../../../src/core/machine.ts';
import { type Host, Simulation } from '../../../src/simulation/machine/index.ts';

const MINUTE = 60_000;

/** Runs something on a disk, cuts the power behind it, over many seeds. @returns what was left, each once, sorted */
async function left(work: (host: Host) => Promise<void>, look: (host: Host) => string): Promise<string[]> {
  const found = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const simulation = new Simulation({ seed });
    const host = simulation.host('a');
    const process = host.spawn('p');
    await simulation.play(() => process.run(() => work(host)), MINUTE);
    host.cutPower();
    found.add(look(host));
  }
  return [...found].sort();
}

/** The files with what is in them. */
function content({ disk }: Host): string {
  return disk
    .paths('/data')
    .map((file) => `${path.basename(file)}=${disk.text(file)}`)
    .join(' ');
}

describe('a power cut', () => {
  test('leaves what was synced, and any part of what was not', async () => {
    const found = await left(async () => {
      const file = await nodeFiles.create('/data/log');
      await nodeFiles.syncDirectory('/data');
      await file.append([Buffer.from('AAAA')]);
      await file.sync();
      await file.append([Buffer.from('BBBB')]);
    }, content);
    expect(found.map((text) => text.replaceAll('\0', '0'))).toEqual([
      ...['log=AAAA', 'log=AAAA0000', 'log=AAAAB', 'log=AAAABB', 'log=AAAABBB', 'log=AAAABBBB'],
    ]);
  });

  test('takes names that were not synced, and leaves what they stand for as it was synced', async () => {
    const found = await left(async () => {
      await fs.writeFile('/data/new', 'N');
      const handle = await fs.open('/data/new', 'r+');
      await handle.sync();
      await handle.close();
    }, content);
    expect(found).toEqual(['', 'new=N']);
  });

  test('finds a rename done or not, whole; without a sync of the file it may be empty', async () => {
    const replace = async (host: Host, synced: boolean): Promise<void> => {
      host.disk.put('/data/it', 'old');
      const file = await nodeFiles.create('/data/it.new');
      await file.append([Buffer.from('new')]);
      if (synced) await file.sync();
      await nodeFiles.rename('/data/it.new', '/data/it');
      if (synced) await nodeFiles.syncDirectory('/data');
    };
    expect(await left((host) => replace(host, true), content)).toEqual(['it=new']);
    const risky = await left((host) => replace(host, false), content);
    expect(risky).toContain('it=');
    expect(risky).toContain('it=new');
    expect(risky).toContain('it=old');
    expect(risky).toContain('it=old it.new=new');
  });

  test('may take names in one directory and leave those in another, whatever came first', async () => {
    const found = await left(
      async () => {
        await fs.mkdir('/data/one');
        await fs.mkdir('/data/two');
        await nodeFiles.syncDirectory('/data');
        await fs.writeFile('/data/one/a', '');
        await fs.writeFile('/data/two/b', '');
        await fs.rename('/data/one/a', '/data/two/c');
      },
      ({ disk }) =>
        disk
          .paths('/data')
          .map((file) => file.slice(6))
          .join(' '),
    );
    expect(found).toEqual(expect.arrayContaining(['', 'one/a', 'two/b', 'one/a two/b', 'two/b two/c', 'two/c']));
    expect(found.filter((names) => names.includes('one/a') && names.includes('two/c'))).toEqual([]);
  });

  test('writes pages, each as old as it happens to be', async () => {
    const found = await left(
      async (host) => {
        host.disk.put('/data/f', 'a'.repeat(12_288));
        const handle = await fs.open('/data/f', 'r+');
        await handle.write('b'.repeat(12_288), 0);
        await handle.write('c'.repeat(12_288), 0);
        await handle.close();
      },
      ({ disk }) => disk.text('/data/f').replaceAll(/(.)\1*/g, '$1'),
    );
    expect(found.length).toBeGreaterThan(15);
    expect(found).toEqual(expect.arrayContaining(['a', 'c']));
    expect(found.join('')).toMatch(/^[abc]*b[abc]*$/);
  });

  test('is not a kill: that takes nothing', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const simulation = new Simulation({ seed });
      const host = simulation.host('a');
      const process = host.spawn('p');
      await simulation.play(() => process.run(() => fs.writeFile('/data/file', 'written')), MINUTE);
      process.kill();
      expect(content(host)).toBe('file=written');
    }
  });
});

describe('faults', () => {
  async function on(work: (host: Host) => Promise<void>): Promise<void> {
    const simulation = new Simulation({ seed: 3 });
    const host = simulation.host('a', { capacity: 10_000 });
    const process = host.spawn('p');
    await simulation.play(() => process.run(() => work(host)), MINUTE);
  }
  const codeOf = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'none',
      (error: unknown) => systemCodeOf(error) ?? 'another',
    );

  test('a full disk takes what fits, and takes more when room is made', () =>
    on(async ({ disk }) => {
      await fs.writeFile('/data/one', 'x'.repeat(6000));
      expect(await codeOf(fs.writeFile('/data/two', 'x'.repeat(6000)))).toBe('ENOSPC');
      expect(disk.text('/data/two')).toHaveLength(4000);
      expect(await codeOf(fs.writeFile('/data/three', ''))).toBe('ENOSPC');
      expect((await fs.statfs('/data')).bavail).toBe(0);
      const handle = await fs.open('/data/one', 'r');
      await fs.rm('/data/one');
      expect(await codeOf(fs.appendFile('/data/two', 'more'))).toBe('ENOSPC');
      await handle.close();
      expect(await codeOf(fs.appendFile('/data/two', 'more'))).toBe('none');
      disk.capacity = 20_000;
      expect((await fs.statfs('/data')).bavail).toBeGreaterThan(1);
    }));

  test('that were planned come at their call; those of a kind as often as was said', () =>
    on(async ({ disk }) => {
      disk.fail({ call: 'rename', code: 'EACCES', after: 1, path: 'two' });
      for (const name of ['one', 'two', 'three']) await fs.writeFile(`/data/${name}`, '');
      expect(await codeOf(fs.rename('/data/one', '/data/other'))).toBe('none');
      expect(await codeOf(fs.rename('/data/two', '/data/again'))).toBe('none');
      await expect(fs.rename('/data/again', '/data/two')).rejects.toThrow(
        "EACCES: permission denied, rename '/data/again' -> '/data/two'",
      );
      expect(await codeOf(fs.rename('/data/again', '/data/two'))).toBe('none');
      disk.faults.eio.read = 0.5;
      const codes = [];
      for (let i = 0; i < 100; i++) codes.push(await codeOf(fs.readFile('/data/two')));
      expect(codes.filter((code) => code === 'EIO').length).toBeGreaterThan(30);
      expect(codes.filter((code) => code === 'none').length).toBeGreaterThan(30);
      disk.heal();
      expect(await codeOf(fs.readFile('/data/two'))).toBe('none');
    }));

  test('a sync that failed may never be made good by one that does not', async () => {
    const found = await left(async ({ disk }) => {
      const file = await nodeFiles.create('/data/log');
      await nodeFiles.syncDirectory('/data');
      await file.append([Buffer.from('A')]);
      disk.fail({ call: 'sync' });
      await file.sync().catch(() => {});
      await file.sync();
    }, content);
    expect(found).toEqual(['log=', 'log=A']);
  });

  test('bits that turn over are found by who reads', () =>
    on(async ({ disk }) => {
      disk.put('/data/f', 'aaaaaaaaaa');
      disk.flipBits('/data/f', 1);
      const read = await fs.readFile('/data/f', 'utf8');
      expect([...read].filter((letter) => letter !== 'a')).toHaveLength(1);
    }));
});
