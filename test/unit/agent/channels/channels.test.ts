/** Both channels keep what a channel promises. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { file } from '../../../../src/agent/channels/file.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { type ChannelSpec, channelConformance } from './conformance.ts';
import { makeChannel } from './make.ts';

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await fs.rm(directory, { recursive: true });
});

const properties = ({ capacity, transactionCapacity, keepAliveSeconds }: ChannelSpec): Record<string, number> => ({
  capacity,
  transactionCapacity,
  'keep-alive': keepAliveSeconds,
});

channelConformance('memory', async (spec) => makeChannel(memory, properties(spec), spec.clock));
channelConformance('file', async (spec) => {
  const dataDirs = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-channel-'));
  directories.push(dataDirs);
  return makeChannel(file, { ...properties(spec), dataDirs, minimumRequiredSpace: 0 }, spec.clock);
});
