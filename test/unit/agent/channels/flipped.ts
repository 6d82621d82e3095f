/**
 * A process that damages the file of a file channel, one bit at a time, and starts the channel on it: `flipped.ts DIRECTORY FROM TO`
 * does so for the seeds from FROM to before TO. On stdout: `seed N` before each, so that a crash names its seed, then a line of JSON.
 */
import fs from 'node:fs';
import path from 'node:path';
import { file } from '../../../../src/agent/channels/file.ts';
import { channelCounters } from '../../../../src/agent/component/counters.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { StreamjobError } from '../../../../src/core/errors.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured } from './make.ts';
import { put, takeAll } from './use.ts';

/** What became of a start on a damaged file. */
export interface FlipResult {
  readonly seed: number;
  readonly page: number;
  /** The code of the error with which the start was refused. */
  readonly refused?: string;
  readonly taken?: readonly string[];
  readonly damaged?: number;
}

const [, , directory = '', from = '0', to = '0', ...rest] = process.argv;
const whole = fs.readFileSync(path.join(directory, 'data.mdb'));
/** Behind the last page that was ever written there are zeros only. */
const pages = Math.ceil(whole.findLastIndex((byte) => byte !== 0) / 4096);
const own = path.join(directory, 'flipped');
const properties: Record<string, string> = Object.fromEntries(rest.map((word) => word.split('=') as [string, string]));

/** Numbers that look random, the same for a seed (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

async function flip(seed: number): Promise<FlipResult> {
  const random = randomOf(seed);
  const page = random(pages);
  // The heads of pages and their lists of nodes are hit as often as all the rest.
  const at = page * 4096 + (seed % 2 === 0 ? random(160) : random(4096));
  const bytes = Buffer.from(whole);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
  fs.rmSync(own, { recursive: true, force: true });
  fs.mkdirSync(own);
  fs.writeFileSync(path.join(own, 'data.mdb'), bytes);
  const counters = channelCounters();
  const context = { name: 'c1', log: silentLogger, clock: systemClock, counters };
  const channel = configured(file, { dataDirs: own, minimumRequiredSpace: 0, ...properties }, context);
  try {
    await channel.start();
  } catch (error) {
    return { seed, page, refused: error instanceof StreamjobError ? error.code : String(error) };
  }
  const taken = await takeAll(channel, 10_000);
  await put(channel, 'x'.repeat(9000), 'after');
  const after = await takeAll(channel, 10);
  await channel.stop();
  return { seed, page, taken: [...taken, ...after.slice(1)], damaged: counters.EventDamagedCount ?? 0 };
}

for (let seed = Number(from); seed < Number(to); seed++) {
  process.stdout.write(`seed ${seed}\n`);
  process.stdout.write(`${JSON.stringify(await flip(seed))}\n`);
}
