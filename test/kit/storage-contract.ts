/** What a storage is, whatever it is: each of its implementations is tested with this. */
import { describe, expect, it } from 'vitest';
import { EventBlock } from '../../src/avro/event-block.ts';
import { silentLogger } from '../../src/core/log.ts';
import { placeIn } from '../../src/core/storage/places.ts';
import type { Storage } from '../../src/core/storage/port.ts';
import { blockFilesOf, filesOf, storageOf } from '../../src/core/storage/storages.ts';
import { BlockLog } from '../../src/flow/block/block-log.ts';
import { partsOf, saveBatch } from '../../src/graph/save.ts';

/** @param root gives a directory of its own, which is empty, each time */
export function storageContract(name: string, root: () => Promise<string>): void {
  const begin = async (): Promise<{ storage: Storage; root: string; file: (name: string) => string }> => {
    const directory = await root();
    return { storage: storageOf(directory), root: directory, file: (each) => placeIn(directory, each) };
  };

  describe(name, () => {
    it('has files as they were written, in whole and in parts', async () => {
      const { file, storage } = await begin();
      await storage.write(file('a'), [Buffer.from('abc'), Buffer.alloc(0), Buffer.from('def')]);
      storage.writeSync(file('b'), [Buffer.from('x')]);
      expect((await storage.read(file('a'), 1, 4)).toString()).toBe('bcde');
      expect(storage.readSync(file('a'), 2, 3).toString()).toBe('cde');
      expect(storage.readSync(file('a'), 1, 2, { fileBytes: 6 }).toString()).toBe('bc');
      expect(storage.readSync(file('b'), 0, 1).toString()).toBe('x');
      // It ends before, or there: what is there comes.
      expect(storage.readSync(file('a'), 4, 10).toString()).toBe('ef');
      expect((await storage.read(file('a'), 6, 10)).length).toBe(0);
      expect(storage.readSync(file('a'), 60, 10).length).toBe(0);
      expect(await storage.exists(file('a'))).toBe(true);
    });

    it('says of what is not there that it is not', async () => {
      const { file, root: directory, storage } = await begin();
      const isMissing = expect.objectContaining({ code: 'ENOENT' });
      await expect(storage.read(file('a'), 0, 1)).rejects.toEqual(isMissing);
      expect(() => storage.readSync(file('a'), 0, 1)).toThrow(isMissing);
      expect(await storage.exists(file('a'))).toBe(false);
      expect(await storage.hasDirectory(file('d'))).toBe(false);
      expect(await storage.list(file('d'))).toEqual([]);
      await storage.remove(directory, ['a', 'b']);
      await storage.removeAll(file('d'));
    });

    it('has a draft that is read while it is written, and then is a file as any other; or is nowhere', async () => {
      const { file, storage } = await begin();
      const draft = storage.draft(file('a'));
      draft.append(Buffer.from('abc'), 0);
      draft.append(Buffer.from('def'), 3);
      expect(draft.read(1, 1).toString()).toBe('b');
      expect(draft.read(2, 3).toString()).toBe('cde');
      draft.finish(Buffer.from('abcdef'));
      expect(storage.readSync(file('a'), 0, 6).toString()).toBe('abcdef');
      const dropped = storage.draft(file('b'));
      dropped.append(Buffer.from('abc'), 0);
      dropped.drop();
      expect(await storage.exists(file('b'))).toBe(false);
    });

    it('lists and removes files and directories, and what is in these', async () => {
      const { file, root: directory, storage } = await begin();
      await storage.makeDirectory(file('d'));
      await storage.makeDirectory(file('dd'));
      for (const each of ['1', '2', '3', 'd/4', 'd/5', 'dd/6']) await storage.write(file(each), [Buffer.from(each)]);
      expect((await storage.list(directory)).sort()).toEqual(['1', '2', '3']);
      expect((await storage.directories(directory)).sort()).toEqual(['d', 'dd']);
      await storage.remove(directory, ['1', '3']);
      await storage.removeAll(file('d'));
      expect(await storage.list(directory)).toEqual(['2']);
      expect(await storage.directories(directory)).toEqual(['dd']);
      expect([await storage.hasDirectory(file('d')), await storage.hasDirectory(file('dd'))]).toEqual([false, true]);
    });

    it('holds what is large', async () => {
      const { file, storage } = await begin();
      const large = Buffer.alloc(70 * 1024 * 1024, 'streamjob ');
      storage.writeSync(file('large'), [large]);
      expect(storage.readSync(file('large'), 0, large.length).equals(large)).toBe(true);
      expect(storage.readSync(file('large'), large.length - 3, 3).equals(large.subarray(-3))).toBe(true);
    });

    it('has the parts of an output when all are there, once, and not what another batch has', async () => {
      const { file, root: directory } = await begin();
      const place = (number: number): string => file(number === 0 ? 'counts-1' : `counts-1-${number}`);
      const batch = (id: string) => ({ job: 'j', output: 'o', batch: id, time: 1 }) as never;
      const save = (id: string, values: string[][]): Promise<void> =>
        saveBatch(place, partsOf(values, 'text'), { batch: batch(id), log: silentLogger });
      const files = filesOf(directory);
      await save('1', [['a', 'b'], ['c']]);
      // The same once more: it is there.
      await save('1', [['other']]);
      await save('2', [['d']]);
      const names = ['_MANIFEST.json', '_SUCCESS', 'part-00000'];
      expect((await files.list(file('counts-1'))).sort()).toEqual([...names, 'part-00001']);
      expect((await files.list(file('counts-1-1'))).sort()).toEqual(names);
      expect((await files.read(file('counts-1/part-00000'))).toString()).toBe('a\nb\n');
      expect((await files.list(directory)).sort()).toEqual(['counts-1', 'counts-1-1']);
      expect((await files.list(directory, 'counts-1-')).length).toBe(1);
    });

    it('has blocks as they were received, and those that are needed only', async () => {
      const { file, root: directory, storage } = await begin();
      await storage.makeDirectory(file('r'));
      const onLeftBehind = (error: Error): never => {
        throw error;
      };
      const log = await BlockLog.open(
        { ...blockFilesOf(directory), directory: file('r'), isOwn: true, onLeftBehind },
        [],
      );
      const item = (body: string): Buffer => Buffer.concat([Buffer.from([0, body.length * 2]), Buffer.from(body)]);
      const refs = await Promise.all(['a', 'b'].map((body) => log.append(EventBlock.fromItems(1, [item(body)]))));
      const later = await log.append(EventBlock.fromItems(1, [item('c')]));
      for (const [i, ref] of [...refs, later].entries()) {
        const { length, offset, path } = log.placeOf(ref);
        expect(storage.readSync(path, offset, length).equals(item('abc'[i] ?? ''))).toBe(true);
      }
      await log.release([...refs, later]);
      await log.close();
      expect(await storage.list(file('r'))).toEqual([]);
    });
  });
}
