/** Files that a driver and executors share, without a cluster: data and its places, parts of outputs, Node as an archive, lines of tasks. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EventBlock } from '../../../../src/avro/event-block.ts';
import { StoredEvents } from '../../../../src/avro/stored-events.ts';
import { valuesChunk } from '../../../../src/core/chunk.ts';
import { crc32c } from '../../../../src/core/crc32c.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { nodeArchive } from '../../../../src/engine/spark/node-archive.ts';
import { piecesOf } from '../../../../src/engine/spark/rows.ts';
import { nameParts, tryPart } from '../../../../src/engine/spark/saving.ts';
import { seen } from '../../../../src/engine/spark/shared-data.ts';
import { type EncodedPiece, RunStorage, writePieces } from '../../../../src/engine/spark/storage.ts';
import { TaskLog } from '../../../../src/engine/spark/task-log.ts';
import { pieceOf, StoredChunk, storedPartition } from '../../../../src/engine/stored-chunk.ts';
import { until } from '../../../kit/until.ts';

const DIRECTORIES: string[] = [];
afterEach(() => {
  for (const each of DIRECTORIES.splice(0)) rmSync(each, { recursive: true, force: true });
});

function ownDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-shared-'));
  DIRECTORIES.push(directory);
  return directory;
}

// A map with one header, its end, and two bytes: as Avro has an event.
const item = Buffer.from([2, 2, 0x61, 2, 0x62, 0, 4, 0, 255]);
const events = EventBlock.fromItems(1, [item]);

function read(chunks: Iterable<{ forEach(visit: (value: unknown) => void): void }>): unknown[] {
  const values: unknown[] = [];
  for (const chunk of chunks) chunk.forEach((value) => void values.push(value));
  return values;
}

describe('the storage of a run', () => {
  it('has data as it was, events and values of any kind, and tells when it is another', async () => {
    const storage = await RunStorage.open(ownDirectory(), silentLogger);
    const values = [-0, new Map([[1, 2n]]), undefined, 'ü'];
    const pieces = [...piecesOf([events, valuesChunk(values)], 'test')] as EncodedPiece[];
    for (const stored of [await storage.write(5, pieces), writePieces(storage.directory, 5, pieces)]) {
      const partition = storedPartition(stored);
      expect(partition.size).toBe(5);
      const [event, ...rest] = read(partition.chunks);
      expect(Buffer.from((event as { body: Uint8Array }).body).toString('hex')).toBe('00ff');
      expect(rest).toStrictEqual(values);
      const [file = ''] = stored.map((piece) => piece.path);
      const bytes = readFileSync(file);
      bytes.writeUInt8(bytes.readUInt8(3) ^ 1, 3);
      writeFileSync(file, bytes);
      expect(() => read(partition.chunks)).toThrow(expect.objectContaining({ code: 'STORAGE_DAMAGED', where: file }));
      rmSync(file);
      expect(() => read(partition.chunks)).toThrow(expect.objectContaining({ code: 'FILE_ACCESS' }));
    }
    await storage.close();
    expect(existsSync(storage.directory)).toBe(false);
  });

  it('keeps what a later batch reads and files of states that are needed, and removes the rest', async () => {
    const storage = await RunStorage.open(ownDirectory(), silentLogger);
    const names = ['1000-data-a', '2000-data-b', '3000-data-c', '1000-state-0-a', '2000-state-0-b', '4000-state-0-c'];
    for (const name of names) writeFileSync(path.join(storage.directory, name), '');
    storage.tidy(2000, 3000, () => new Set(['1000-state-0-a']));
    await until(() => !existsSync(path.join(storage.directory, '2000-state-0-b')));
    expect(readdirSync(storage.directory).filter((name) => /^\d/.test(name))).toEqual([
      '1000-state-0-a',
      '2000-data-b',
      '3000-data-c',
      '4000-state-0-c',
    ]);
    await storage.close();
  });

  it('removes what a killed run of this host left, and nothing of a run that lives, or of another host', async () => {
    const root = ownDirectory();
    const living = await RunStorage.open(root, silentLogger);
    const prefix = path.basename(living.directory).slice(0, -36);
    const run = (name: string): string => path.join(root, name);
    const left = run(`${prefix}${randomUUID()}`);
    // Of a host whose name begins with this one's; and a run of this host that is about to begin: it has no lock yet.
    const others = [run('run-elsewhere-1'), run(`${prefix}2-${randomUUID()}`)];
    const beginning = run(`${prefix}${randomUUID()}`);
    for (const each of [left, ...others]) await leaveDead(each);
    mkdirSync(beginning);
    const next = await RunStorage.open(root, silentLogger);
    expect(existsSync(left)).toBe(false);
    for (const each of [...others, beginning, living.directory]) expect(existsSync(each)).toBe(true);
    await living.close();
    await next.close();
  });

  it('is where executors see events that came by reference; those that lie elsewhere are read by the driver', () => {
    const root = ownDirectory();
    const place = (file: string): StoredEvents => {
      writeFileSync(file, item);
      return new StoredEvents({ path: file, offset: 0, length: item.length, count: 1, crc: crc32c(item) });
    };
    const [inside, outside] = [place(path.join(root, 'a')), place(path.join(ownDirectory(), 'b'))];
    const chunks = [inside, outside].map((each) => new StoredChunk(pieceOf(each)));
    const [first, second] = [...seen(chunks, root)];
    expect(first).toBe(chunks[0]);
    expect(second).toBeInstanceOf(EventBlock);
    expect([...seen(chunks, undefined)].every((chunk) => chunk instanceof EventBlock)).toBe(true);
  });
});

/** Makes a directory of a run as a kill leaves it: the name of its lock is there, and nobody listens. */
async function leaveDead(directory: string): Promise<void> {
  mkdirSync(directory);
  const server = createServer().listen(path.join(directory, 's'));
  await once(server, 'listening');
  linkSync(path.join(directory, 's'), path.join(directory, 'in_use.sock'));
  await new Promise((resolve) => server.close(resolve));
}

describe('parts of an output', () => {
  it('are there once, however often they were tried: the attempt that was told of has the name', async () => {
    const directory = ownDirectory();
    const order = { directory, form: 'text' } as const;
    tryPart(order, 0, ['lost']);
    const tried = [tryPart(order, 1, ['b', 'c']), tryPart(order, 0, ['a'])];
    const parts = await nameParts(directory, tried);
    expect(readdirSync(directory).sort()).toEqual(['part-00000', 'part-00001']);
    expect(readFileSync(path.join(directory, 'part-00001'), 'utf8')).toBe('b\nc\n');
    expect(parts).toEqual([
      { name: 'part-00000', bytes: 2, values: 1, crc32c: crc32c(Buffer.from('a\n')) },
      { name: 'part-00001', bytes: 4, values: 2, crc32c: crc32c(Buffer.from('b\nc\n')) },
    ]);
  });
});

describe('Node as an archive', () => {
  it('is unpacked by tar, and runs', async () => {
    const directory = ownDirectory();
    const program = path.join(directory, 'program');
    writeFileSync(program, '#!/bin/sh\necho "it runs"\n');
    const archive = await nodeArchive(program);
    expect(archive.name).toMatch(/^node-[0-9a-f]{16}$/);
    writeFileSync(path.join(directory, 'node.tar.gz'), archive.bytes);
    execFileSync('tar', ['-xzf', 'node.tar.gz'], { cwd: directory });
    expect(execFileSync(path.join(directory, archive.program), { encoding: 'utf8' })).toBe('it runs\n');
  });
});

describe('lines of a task', () => {
  it('are those that functions wrote, and no more than a few hundred', () => {
    const own = globalThis.console;
    const log = new TaskLog();
    try {
      log.take();
      console.log('one\ntwo');
      console.error('%d items', 3);
      expect(log.written()).toEqual({ lines: ['one', 'two', '3 items'], more: 0 });
      for (let i = 0; i < 1000; i++) console.log(`${i}${'x'.repeat(5000)}`);
      const { lines, more } = log.written();
      expect([lines.length, more]).toEqual([200, 800]);
      expect(lines[0]).toHaveLength(2000);
      expect(log.written()).toEqual({ lines: [], more: 0 });
    } finally {
      globalThis.console = own;
    }
  });
});
