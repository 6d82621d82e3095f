/** A file channel, or one that has one, of which tests see the log, the counters and the file. */
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Channel, ChannelType } from '../../../../src/agent/channels/channel.ts';
import { file } from '../../../../src/agent/channels/file.ts';
import { type ChannelCounters, channelCounters } from '../../../../src/agent/component/counters.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { collectingLogger, type LoggedLine } from '../../../kit/log.ts';
import { configured } from './make.ts';

export interface OnDisk {
  readonly channel: Channel;
  readonly counters: ChannelCounters;
  readonly lines: readonly LoggedLine[];
}

export type ChannelProperties = Readonly<Record<string, string | number>>;

/** A channel that is not started; it is stopped when the test ends. */
export function made(directory: string, properties: ChannelProperties = {}, type: ChannelType = file): OnDisk {
  const { lines, log } = collectingLogger();
  const counters = channelCounters();
  const given = { dataDirs: directory, minimumRequiredSpace: 0, ...properties };
  const channel = configured(type, given, { name: 'c1', log, clock: systemClock, counters });
  onTestFinished(() => channel.stop());
  return { channel, counters, lines };
}

export async function started(directory: string, properties?: ChannelProperties, type?: ChannelType): Promise<OnDisk> {
  const onDisk = made(directory, properties, type);
  await onDisk.channel.start();
  return onDisk;
}

/** Changes bytes of a file that follow the first place where `text` stands. */
export function damage(directory: string, text: string | Buffer, offset = 0): void {
  const data = path.join(directory, 'data.mdb');
  const bytes = fs.readFileSync(data);
  const places: number[] = [];
  // lmdb writes pages anew and leaves old ones: each copy is changed.
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at + offset);
  if (places.length === 0) throw new Error('it is not in the file');
  for (const at of places) bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  fs.writeFileSync(data, bytes);
}

/** Changes a byte of a page. */
export function damagePage(directory: string, page: number, at: number, bit = 0x10): void {
  const data = path.join(directory, 'data.mdb');
  const bytes = fs.readFileSync(data);
  bytes[page * 4096 + at] = (bytes[page * 4096 + at] ?? 0) ^ bit;
  fs.writeFileSync(data, bytes);
}

/** The page from which the records are read: that of the newer meta page. */
export function rootOf(directory: string): number {
  const bytes = fs.readFileSync(path.join(directory, 'data.mdb'));
  const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(4096 + 152) ? 0 : 4096;
  return Number(bytes.readBigUInt64LE(newer + 136));
}

/** The damaged events that were put aside. */
export function asideIn(directory: string): { event: number; damage: string; base64: string }[] {
  const names = fs.readdirSync(directory).filter((name) => /^damaged-.*\.jsonl$/.test(name));
  const lines = names.flatMap((name) => fs.readFileSync(path.join(directory, name), 'utf8').trim().split('\n'));
  return lines.map((line) => JSON.parse(line));
}
