/** A storage that is a directory keeps the contract of all storages; and copies on the own disk of what is far away. */
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Copies } from '../../../../src/core/storage/copies.ts';
import { absolutePlace, directoryOf, isBelow, placeBelow, placeIn } from '../../../../src/core/storage/places.ts';
import { storageContract } from '../../../kit/storage-contract.ts';

const all: string[] = [];
function ownDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-storage-'));
  all.push(directory);
  return directory;
}
afterAll(() => {
  for (const each of all) rmSync(each, { recursive: true, force: true });
});

storageContract('a directory', async () => ownDirectory());

describe('copies', () => {
  it('are there for all that share their directory, and are none when they are of another size', () => {
    const directory = ownDirectory();
    const [one, other] = [new Copies(directory), new Copies(directory)];
    one.write('s3://b/a', Buffer.from('abcdef'));
    expect(other.has('s3://b/a', 6)).toBe(true);
    expect(other.read('s3://b/a', 6, 2, 2)?.toString()).toBe('cd');
    expect(other.read('s3://b/a', 7, 2, 2)).toBeUndefined();
    expect(other.read('s3://b/b', 6, 0, 2)).toBeUndefined();
    truncateSync(path.join(directory, readdirSync(directory)[0] ?? ''), 3);
    expect(one.read('s3://b/a', 6, 0, 2)).toBeUndefined();
    expect(one.remove('s3://b/a')).toBe(true);
    expect(one.remove('s3://b/a')).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('go, those that were used longest ago first, when they are too many', () => {
    const directory = ownDirectory();
    const copies = new Copies(directory, 16_000);
    const write = (n: number): void => copies.write(`s3://b/${n}`, Buffer.alloc(1000, n));
    for (let n = 0; n < 10; n++) {
      write(n);
      // By their age, as they come; the first is used again and again.
      for (const name of readdirSync(directory)) {
        const file = path.join(directory, name);
        const { atimeMs, mtimeMs } = statSync(file);
        utimesSync(file, atimeMs / 1000, mtimeMs / 1000 - 60);
      }
      copies.read('s3://b/0', 1000, 0, 1);
    }
    for (let n = 10; n < 30; n++) write(n);
    const left = readdirSync(directory);
    expect(left.length).toBeLessThanOrEqual(16);
    expect(left.length).toBeGreaterThan(10);
    expect(copies.has('s3://b/1', 1000)).toBe(false);
    expect(copies.has('s3://b/29', 1000)).toBe(true);
    expect(copies.read('s3://b/29', 1000, 999, 1)?.[0]).toBe(29);
  });

  it('are not kept of what is too large, or where nobody can write', () => {
    const directory = ownDirectory();
    new Copies(directory, 1000).write('s3://b/a', Buffer.alloc(300));
    new Copies(path.join(import.meta.filename, 'none')).write('s3://b/a', Buffer.alloc(300));
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('places', () => {
  it('are paths, or in S3, and never lead out of the storage', () => {
    expect(absolutePlace('s3://bucket/a/b//')).toBe('s3://bucket/a/b');
    expect(absolutePlace('s3://bucket')).toBe('s3://bucket');
    expect(absolutePlace('a')).toBe(path.resolve('a'));
    for (const wrong of ['s3://', 's3://B', 's3://bucket/../a', 's3://bucket/a//b', 's3:///a'])
      expect(() => absolutePlace(wrong)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(placeBelow('s3://bucket/a', 'b/c')).toBe('s3://bucket/a/b/c');
    expect(placeBelow('/a', 'b/c')).toBe('/a/b/c');
    for (const root of ['s3://bucket/a', '/a'])
      for (const wrong of ['../b', 'b/../../c', '']) expect(() => placeBelow(root, wrong)).toThrow('not below');
    expect([isBelow('s3://bucket/a', 's3://bucket/ab'), isBelow('/a', '/ab')]).toEqual([false, false]);
    expect(directoryOf(placeIn('s3://bucket/a', 'b', 'c'))).toBe('s3://bucket/a/b');
  });
});
