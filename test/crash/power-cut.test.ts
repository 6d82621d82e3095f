/**
 * The power goes where the embedded agent's file channel is: a kill alone would leave to the kernel what was written, so what was
 * not synced is taken away too. What a source was told to be in the channel must be there, and nothing that a sink has taken.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { file } from '../../src/agent/channels/file.ts';
import { ownDirectory } from '../kit/directory.ts';
import { PowerCut, powerCutMissing } from '../kit/power-cut.ts';
import { makeChannel } from '../unit/agent/channels/make.ts';
import { take } from '../unit/agent/channels/use.ts';

const WRITER = fileURLToPath(new URL('./kit/channel-writer.ts', import.meta.url));
const ROUNDS = 16;

/** What the writer said over all its lives. */
class Said {
  readonly put = new Set<number>();
  /** Taken or being taken. */
  readonly touched = new Set<string>();
  readonly taken = new Set<string>();

  hear(line: string): void {
    const [what, ...ids] = line.split(' ');
    if (what === 'put') this.put.add(Number(ids[0]));
    for (const id of ids) {
      if (what !== 'put') this.touched.add(id);
      if (what === 'taken') this.taken.add(id);
    }
  }

  get next(): number {
    return Math.max(-1, ...this.put) + 100;
  }
}

/** A life of the writer, which may end by itself. @param most it is killed when it has put so many batches */
async function live(directory: string, said: Said, env: Record<string, string>, most: number): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, directory, String(said.next)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const enough = said.put.size + most;
  for await (const line of createInterface({ input: child.stdout })) {
    said.hear(line);
    if (said.put.size >= enough) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
}

async function eventsIn(directory: string): Promise<string[]> {
  const channel = makeChannel(file, { dataDirs: directory, minimumRequiredSpace: 0, transactionCapacity: 1_000_000 });
  await channel.start();
  const { transaction, texts } = take(channel, 1_000_000);
  await transaction.rollback();
  transaction.close();
  await channel.stop();
  return texts.map((text) => text.split(' ', 1)[0] as string);
}

describe.skipIf(powerCutMissing !== undefined)(
  `power cuts${powerCutMissing === undefined ? '' : ` (skipped: ${powerCutMissing})`}`,
  () => {
    test("the agent's file channel has all that its sources were told, and nothing that was taken", async () => {
      const directory = ownDirectory();
      const power = new PowerCut(directory);
      onTestFinished(() => power.close());
      const said = new Said();
      let writes = 0;
      for (let round = 0; round < ROUNDS; round++) {
        // In turn: when it is about to sync for the n-th time, and when it is somewhere.
        const atSync = round % 2 === 0 ? 1 + round : undefined;
        await live(directory, said, power.env(atSync), atSync === undefined ? 5 + round * 3 : 200);
        writes += power.cut().writes;
        const found = await eventsIn(directory);
        const there = new Set(found);
        const missing = [...said.put]
          .flatMap((batch) => Array.from({ length: 10 }, (_, i) => `${batch}/${i}`))
          .filter((id) => !said.touched.has(id) && !there.has(id));
        expect(missing).toEqual([]);
        expect(found.filter((id) => said.taken.has(id))).toEqual([]);
        expect(there.size).toBe(found.length);
      }
      console.log(`power cuts: ${ROUNDS}, ${said.put.size * 10} events put, ${writes} writes taken away`);
      // Else they would have proved nothing.
      expect(writes).toBeGreaterThan(0);
    });
  },
);
