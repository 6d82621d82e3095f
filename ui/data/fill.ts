/** How full channels are. */

/** How pressing it is that a channel is so full. */
export type FillUrgency = 'calm' | 'soon' | 'late';

/** A share of 0 to 1; null where there is no bound. */
export function shareOf(held: number, capacity: number | null): number | null {
  return capacity === null || capacity <= 0 ? null : Math.min(1, Math.max(0, held / capacity));
}

/** From 70 % on a channel fills up, from 90 % on its sources are about to wait. */
export function fillUrgency(share: number | null): FillUrgency {
  if (share === null || share < 0.7) return 'calm';
  return share < 0.9 ? 'soon' : 'late';
}

/** @example percent(0.125) // '12.5 %' */
export function percent(share: number | null): string {
  if (share === null) return '–';
  const value = share * 100;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}
