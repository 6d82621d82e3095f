/**
 * A process that is to be killed: puts batches of 10 events from number argv[3] on, several at once, and prints how many are acknowledged.
 * argv[4] is the type of the channel. With argv[5] the process may have no more than 8 GiB of addresses beside those that it has.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { file } from '../../../../src/agent/channels/file.ts';
import { makeChannel } from './make.ts';
import { makeSpillable } from './spillable-rig.ts';
import { put } from './use.ts';

const [, , directory = '', first = '0', type = 'file', few] = process.argv;
if (few !== undefined) {
  const kilobytes = Number(/VmSize:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${kilobytes * 1024 + 2 ** 33}`]);
}
const channel =
  type === 'file'
    ? makeChannel(file, { dataDirs: directory, minimumRequiredSpace: 0 })
    : makeSpillable(directory, { memoryCapacity: 50 }).channel;
await channel.start();
let done = Number(first);
for (let batch = done; ; batch += 4) {
  await Promise.all(
    [0, 1, 2, 3].map((n) => put(channel, ...Array.from({ length: 10 }, (_, i) => `${batch + n}/${i}`))),
  );
  done = batch + 4;
  process.stdout.write(`${done}\n`);
}
