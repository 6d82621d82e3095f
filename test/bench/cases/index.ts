/** All cases, in the order in which they run and are shown. */
import type { Case } from '../kit/case.ts';
import { hand } from './hand.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { start } from './start.ts';

export const cases: readonly Case[] = [hand, latency, idle, start];
