/**
 * A process that is to be killed: it puts batches of 10 events into a file channel, several at once, and takes some out, for ever.
 * It says what it does on stdout, a line each: `put N` (batch N is put, and its source was told so), `take N/I ...` (these are taken,
 * their commit begins), `taken N/I ...` (it has committed). Arguments: the directory, the number of the first batch.
 */
import { file } from '../../../src/agent/channels/file.ts';
import { makeChannel } from '../../unit/agent/channels/make.ts';
import { put, take } from '../../unit/agent/channels/use.ts';

const [, , directory = '', first = '0'] = process.argv;
const channel = makeChannel(file, { dataDirs: directory, minimumRequiredSpace: 0 });
/** Resolves when the line is out of this process. */
const say = (line: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));

async function putBatch(number: number): Promise<void> {
  // Some do not fit into a page of the database.
  const rest = 'x'.repeat(number % 5 === 0 ? 9000 : 50);
  await put(channel, ...Array.from({ length: 10 }, (_, i) => `${number}/${i} ${rest}`));
  await say(`put ${number}`);
}

async function takeSome(): Promise<void> {
  const { transaction, texts } = take(channel, 15);
  const ids = texts.map((text) => text.split(' ', 1)[0]).join(' ');
  if (texts.length > 0) await say(`take ${ids}`);
  await transaction.commit();
  transaction.close();
  if (texts.length > 0) await say(`taken ${ids}`);
}

await channel.start();
for (let batch = Number(first); ; batch += 4) {
  await Promise.all([...[0, 1, 2, 3].map((n) => putBatch(batch + n)), ...(batch % 8 === 0 ? [takeSome()] : [])]);
}
