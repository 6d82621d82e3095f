/** All cases, in the order in which they run and are shown. */
import type { Case } from '../kit/case.ts';
import { hand } from './hand.ts';

export const cases: readonly Case[] = [hand];
