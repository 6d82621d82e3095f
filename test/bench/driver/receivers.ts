/** Many hosts that receive for a driver, in one process: real connections that speak its protocol, and blocks that lie in the storage. */
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setInterval } from 'node:timers';
import { crc32 } from 'node:zlib';
import type { StoredPlace } from '../../../src/avro/stored-events.ts';
import { encodeLong } from '../../../src/avro/writer.ts';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { crc32c } from '../../../src/core/crc32c.ts';
import { Channel } from '../../../src/flow/remote/channel.ts';
import {
  type Attach,
  type Attached,
  type FromDriver,
  type FromHost,
  PROTOCOL_VERSION,
} from '../../../src/flow/remote/messages.ts';

/** What they are like. */
export interface ReceiversPlan {
  /** Of the driver. */
  readonly port: number;
  /** The directory of the storage. */
  readonly root: string;
  readonly receivers: number;
  /** That each offers for a batch. */
  readonly blocks: number;
  readonly eventsOfBlock: number;
  readonly words: number;
  readonly inputs: readonly string[];
  /** They offer nothing, and say what nobody waits for, as hosts do every two seconds. */
  readonly isIdle: boolean;
}

const HELD_MS = 2000;
const FILES = 16;

/** Time that never comes: who is busy with a batch of ten seconds is not taken for lost. */
const NEVER: Clock = { now: () => 0, after: () => ({ cancel: () => {} }) };

/** Attaches them all. What each has offered it offers again when it is settled. @returns ends them */
export async function startReceivers(plan: ReceiversPlan): Promise<() => void> {
  const places = writeBlocks(plan);
  const channels: Channel[] = [];
  for (let i = 0; i < plan.receivers; i++) channels.push(await startReceiver(plan, i, places));
  const held = (): void => {
    for (const channel of channels) channel.send({ type: 'held', input: 0, held: [] } satisfies FromHost);
  };
  const timer = plan.isIdle ? setInterval(held, HELD_MS) : undefined;
  return () => {
    clearInterval(timer);
    for (const channel of channels) channel.close('the measurement is over');
  };
}

async function startReceiver(plan: ReceiversPlan, i: number, places: readonly StoredPlace[]): Promise<Channel> {
  const { blocks, inputs, isIdle, port, root } = plan;
  const name = `receiver-${String(i).padStart(5, '0')}`;
  const directory = `receivers/${name}/of-this-run`;
  mkdirSync(path.join(root, directory), { recursive: true });
  let sequence = 0;
  let open = 0;
  const offer = (): void => {
    for (let block = 0; block < blocks; block++) {
      const place = places[(i * blocks + block) % places.length] as StoredPlace;
      open++;
      channel.send({ type: 'offer', input: 0, sequence: sequence++, place } satisfies FromHost);
    }
  };
  const socket = net.connect({ host: '127.0.0.1', port });
  const channel: Channel = new Channel({
    socket,
    clock: isIdle ? systemClock : NEVER,
    onMessage: (message) => {
      const said = message as FromDriver;
      if (said.type !== 'settle') return undefined;
      open -= said.sequences.length;
      if (open === 0) setImmediate(offer);
      return said.sequences.length;
    },
    onClose: () => {},
  });
  const attach: Attach = { type: 'attach', version: PROTOCOL_VERSION, name, process: name, inputs, directory };
  const { refused } = await channel.call<Attached>(attach);
  if (refused !== undefined) throw new Error(refused);
  if (!isIdle) offer();
  return channel;
}

/** A few files, which all of them offer: what is in them is the same, where it lies is all that the driver sees. */
function writeBlocks({ blocks, eventsOfBlock, receivers, root, words }: ReceiversPlan): StoredPlace[] {
  mkdirSync(path.join(root, 'receivers/blocks'), { recursive: true });
  const all = Math.min(receivers * blocks, Math.ceil(words / eventsOfBlock) * 2);
  const files: Buffer[][] = Array.from({ length: Math.min(FILES, all) }, () => []);
  const places = Array.from({ length: all }, (_, block): StoredPlace => {
    const bytes = Buffer.concat(
      Array.from({ length: eventsOfBlock }, (__, i) => {
        const body = Buffer.from(`word-${(block * eventsOfBlock + i) % words}`);
        return Buffer.concat([Buffer.of(0), encodeLong(body.length), body]);
      }),
    );
    const file = files[block % files.length] as Buffer[];
    const offset = file.reduce((sum, { length }) => sum + length, 0);
    file.push(bytes);
    return {
      path: `receivers/blocks/blocks-${String(block % files.length).padStart(12, '0')}`,
      ...{ offset, length: bytes.length, count: eventsOfBlock, crc: crc32c(bytes), crc32: crc32(bytes) },
    };
  });
  for (const [i, parts] of files.entries()) {
    writeFileSync(path.join(root, `receivers/blocks/blocks-${String(i).padStart(12, '0')}`), Buffer.concat(parts));
  }
  return places;
}
