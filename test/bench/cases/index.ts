/** All cases, in the order in which they run and are shown. */
import type { Case } from '../kit/case.ts';
import { client } from './client.ts';
import { hand } from './hand.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { levels } from './levels.ts';
import { push, wal } from './push.ts';
import { start } from './start.ts';
import { replayed, threaded } from './threads.ts';

export const cases: readonly Case[] = [push, hand, replayed, threaded, levels, wal, client, latency, idle, start];
