/**
 * A process that is to be killed: puts batches of 10 events from number argv[3] on, several at once, and prints how many are acknowledged.
 * argv[4] is the type of the channel.
 */
import { file } from '../../../../src/agent/channels/file.ts';
import { makeChannel } from './make.ts';
import { makeSpillable } from './spillable-rig.ts';
import { put } from './use.ts';

const [, , directory = '', first = '0', type = 'file'] = process.argv;
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
