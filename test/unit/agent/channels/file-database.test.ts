/** What becomes of a file channel's database when it is made, when its file is damaged, and when its disk fails at the wrong moment. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventStore } from '../../../../src/agent/channels/file/store.ts';
import { nextLoop } from '../../../../src/core/machine.ts';
import { type HostProcess, Simulation } from '../../../../src/simulation/machine/index.ts';
import { event } from './use.ts';

const bodies = (store: EventStore): string[] =>
  store.read(0, store.next).map((taken) => Buffer.from(taken.event.body).toString());

describe('a database that is made', () => {
  it('can be opened after a power cut at any moment, and has what was written', async () => {
    let found = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const simulation = new Simulation({ seed });
      const host = simulation.host('a');
      let isWritten = false;
      await simulation.play(async () => {
        void host.spawn('first').run(async () => {
          const store = await EventStore.open('/data', 'test');
          await store.write([event('a')], []);
          isWritten = true;
        });
        await simulation.sleep(simulation.random.fork('cut').between(0, 40));
        host.cutPower();
        host.powerOn();
        const left = await host.spawn('second').run(async () => bodies(await EventStore.open('/data', 'test')));
        if (isWritten) expect(left).toEqual(['a']);
        found += left.length;
      }, 60_000);
    }
    expect(found).toBeGreaterThan(10);
    expect(found).toBeLessThan(140);
  });
});

describe('a file that does not begin as those of lmdb', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-begin-'));
  });
  afterEach(() => fs.rm(directory, { recursive: true }));

  it.each([
    ['zeros', Buffer.alloc(1024 * 1024)],
    ['too few bytes', Buffer.alloc(50)],
    ['something else', Buffer.alloc(20_000, 'x')],
  ])('is refused before lmdb, which it would kill, sees it: %s', async (_, bytes) => {
    await fs.writeFile(path.join(directory, 'data.mdb'), bytes);
    await expect(EventStore.open(directory, 'test')).rejects.toMatchObject({ code: 'CHANNEL_CORRUPT' });
  });

  it('is taken for a new one when it is empty, and what was left of another making does not matter', async () => {
    await fs.writeFile(path.join(directory, 'data.mdb'), '');
    await fs.mkdir(path.join(directory, 'new'));
    await fs.writeFile(path.join(directory, 'new/data.mdb'), Buffer.alloc(10));
    const store = await EventStore.open(directory, 'test');
    await store.write([event('a')], []);
    expect(bodies(store)).toEqual(['a']);
    await store.close();
    const again = await EventStore.open(directory, 'test');
    expect(bodies(again)).toEqual(['a']);
    await again.close();
    expect(await fs.readdir(directory)).not.toContain('new');
  });
});

describe('a database whose last page of a commit could not be synced', () => {
  async function lost(body: (process: HostProcess, store: EventStore) => Promise<void>): Promise<void> {
    const simulation = new Simulation({ seed: 7 });
    const host = simulation.host('a');
    const process = host.spawn('main');
    await simulation.play(
      () =>
        process.run(async () => {
          const store = await EventStore.open('/data', 'test');
          await store.write([event('a')], []);
          host.disk.fail({ call: 'sync', after: 1, path: '/data/data.mdb' });
          await expect(store.write([event('b')], [])).rejects.toMatchObject({ code: 'FILE_ACCESS' });
          await body(process, store);
          await store.close();
        }),
      60_000,
    );
  }

  it('is opened anew by itself: what was committed is there, and it is written again', () =>
    lost(async (_, store) => {
      for (let left = ['']; left[0] !== 'a'; await nextLoop()) {
        try {
          left = bodies(store);
          expect(left).toEqual(['a']);
        } catch (error) {
          // Not one read may find nothing: the channel would go on behind what is there.
          expect(error).toMatchObject({ code: 'FILE_ACCESS' });
        }
      }
      await store.write([event('c')], []);
      expect(bodies(store)).toEqual(['a', 'c']);
    }));

  it('is tried again by the next call when it could not be opened anew', () =>
    lost(async ({ host }, store) => {
      host.disk.faults.eio.open = 1;
      for (let turns = 0; turns < 50; turns++) {
        await nextLoop();
        expect(() => bodies(store)).toThrow('cannot be read');
      }
      host.disk.heal();
      for (let isBack = false; !isBack; ) {
        await nextLoop();
        isBack = await store.write([event('c')], []).then(
          () => true,
          () => false,
        );
      }
      expect(bodies(store)).toEqual(['a', 'c']);
    }));
});
