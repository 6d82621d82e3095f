/** What an operator is occupied with, in a word, and how that looks. */
import type { Shares } from '../data/types.ts';

export type Occupation = 'busy' | 'back-pressured' | 'idle';

/** What each word means, for the legend. */
export const OCCUPATIONS: readonly (readonly [Occupation, string])[] = [
  ['busy', 'its stage runs'],
  ['back-pressured', 'what comes after it keeps the next batch waiting'],
  ['idle', 'neither'],
];

/** What most of the time is spent on. */
export function occupationOf({ backPressured, busy, idle }: Shares): Occupation {
  if (busy > 0 && busy >= backPressured && busy >= idle) return 'busy';
  return backPressured > 0 && backPressured >= idle ? 'back-pressured' : 'idle';
}

/** @example occupationText({ busy: 0.83, backPressured: 0.1, idle: 0.07 }) // 'busy 83 %' */
export function occupationText(shares: Shares): string {
  const occupation = occupationOf(shares);
  const share = { busy: shares.busy, 'back-pressured': shares.backPressured, idle: shares.idle }[occupation];
  // A little work is worth a word: an operator that does something is not as idle as one that does nothing.
  const busy = occupation === 'idle' && shares.busy >= 0.005 ? `, busy ${percent(shares.busy)}` : '';
  return `${occupation} ${percent(share)}${busy}`;
}

function percent(share: number): string {
  return share > 0 && share < 0.1 ? `${(share * 100).toFixed(1)} %` : `${Math.round(share * 100)} %`;
}
