/** What the calls of a simulated disk give is what those of a real file system give. */
import realFs, { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fs, fsSync } from '../../../src/core/machine.ts';
import { Random, Simulation } from '../../../src/simulation/machine/index.ts';

const MINUTE = 60_000;

type Fs = typeof realFs.promises;

/** Random calls on a few names below a directory. @returns what each of them gave, without the directory */
async function calls(on: Fs, directory: string, random: Random, count: number): Promise<string[]> {
  const names = ['a', 'b', 'd', 'd/x', 'd/y', 'e', 'e/f', 'e/f/z', 'a/under'];
  const name = (): string => path.join(directory, random.pick(names));
  const seen: string[] = [];
  const made = async (call: string, result: Promise<unknown>): Promise<void> => {
    const outcome = await result.then(
      (value) => JSON.stringify(value) ?? 'done',
      (error: NodeJS.ErrnoException) => `${error.message} ${error.errno} ${error.syscall}`,
    );
    seen.push(`${call}: ${outcome.replaceAll(directory, '')}`);
  };
  for (let i = 0; i < count; i++) {
    const [one, other] = [name(), name()];
    const text = 'x'.repeat(random.int(20));
    const call = random.int(14);
    if (call === 0) await made('mkdir', on.mkdir(one));
    else if (call === 1) await made('mkdir recursive', on.mkdir(path.join(directory, 'e/f'), { recursive: true }));
    else if (call === 2) await made('writeFile', on.writeFile(one, text));
    else if (call === 3) await made('appendFile', on.appendFile(one, text));
    else if (call === 4) await made('readFile', on.readFile(one, 'utf8'));
    else if (call === 5) await made('rename', on.rename(one, other));
    else if (call === 6) await made('link', on.link(one, other));
    else if (call === 7) await made('unlink', on.unlink(one));
    else if (call === 8) await made('rmdir', on.rmdir(one));
    else if (call === 9) await made('rm', on.rm(one, { force: random.chance(0.5), recursive: true }));
    else if (call === 10) await made('readdir', on.readdir(one, { recursive: random.chance(0.5) }).then(sorted));
    else if (call === 11)
      await made(
        'stat',
        on
          .stat(one)
          .then(async (s) => [
            ...[s.isFile(), s.isFile() && s.size, s.isFile() && s.nlink],
            String(s.isFile() && (await on.stat(one, { bigint: true })).size),
          ]),
      );
    else if (call === 12) await made('truncate', on.truncate(one, random.int(30)));
    else await made('handle', handleCalls(on, one, random.pick(['r', 'r+', 'w', 'wx', 'a', 'ax', 'a+', 'w+']), random));
  }
  return seen;
}

const sorted = (values: string[]): string[] => values.sort();

async function handleCalls(on: Fs, file: string, flags: string, random: Random): Promise<unknown[]> {
  const handle = await on.open(file, flags);
  const seen: unknown[] = [flags];
  const step = async (call: Promise<unknown>): Promise<void> => {
    seen.push(await call.catch((error: NodeJS.ErrnoException) => error.message));
  };
  for (let i = 0; i < 6; i++) {
    const call = random.int(8);
    const position = random.chance(0.5) ? random.int(10) : null;
    const into = Buffer.alloc(8);
    if (call === 0) await step(handle.write(Buffer.from('written'), 1, 4, position).then((r) => r.bytesWritten));
    else if (call === 1)
      await step(handle.writev([Buffer.from('one'), Buffer.from('two')]).then((r) => r.bytesWritten));
    else if (call === 2) await step(handle.read(into, 0, 5, position).then((r) => [r.bytesRead, into.toString()]));
    else if (call === 3) await step(handle.appendFile('more'));
    else if (call === 4) await step(handle.truncate(random.int(12)));
    else if (call === 5) await step(handle.sync());
    else if (call === 6) await step(handle.stat().then((stats) => stats.isFile() && stats.size));
    else await step(handle.readFile('utf8'));
  }
  await handle.close();
  return seen;
}

describe('calls', () => {
  test('give what those of a real file system give', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-disk-'));
      const real = await calls(realFs.promises, directory, new Random(seed), 80);
      rmSync(directory, { recursive: true });
      const simulation = new Simulation({ seed });
      const process = simulation.host('a').spawn('p');
      process.host.disk.makeDirectory(directory);
      const simulated = await simulation.play(
        () => process.run(() => calls(fs, directory, new Random(seed), 80)),
        MINUTE,
      );
      const differs = real.findIndex((each, at) => each !== simulated[at]);
      expect(simulated[differs], `seed ${seed}: ${real.slice(0, Math.max(0, differs)).join('; ')}`).toBe(real[differs]);
    }
  });

  test('that block do the same at once', async () => {
    const simulation = new Simulation({ seed: 1 });
    const process = simulation.host('a').spawn('p');
    await simulation.play(
      () =>
        process.run(() => {
          const before = simulation.now;
          const directory = fsSync.mkdtempSync('/tmp/own-');
          fsSync.writeFileSync(`${directory}/file`, 'content');
          expect(fsSync.readFileSync(`${directory}/file`, 'utf8')).toBe('content');
          const into = Buffer.alloc(10);
          const fd = fsSync.openSync(`${directory}/file`, 'r');
          expect([fsSync.readSync(fd, into, 0, 4, 3), into.toString('utf8', 0, 4)]).toEqual([4, 'tent']);
          expect(fsSync.readdirSync('/proc/self/fd')).toEqual(['3']);
          fsSync.closeSync(fd);
          expect(() => fsSync.readSync(fd, into)).toThrow('EBADF: bad file descriptor, read');
          expect(fsSync.readdirSync(directory)).toEqual(['file']);
          expect(fsSync.statSync(directory).isDirectory()).toBe(true);
          fsSync.rmSync(directory, { recursive: true });
          expect(fsSync.existsSync(directory)).toBe(false);
          expect(simulation.now).toBe(before);
        }),
      MINUTE,
    );
  });
});
