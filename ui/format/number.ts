/** Counts, rates and sizes as texts. */
import { UNKNOWN } from './duration.ts';

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const ONE_DECIMAL = new Intl.NumberFormat('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const KIB = 1024;

/** @example count(1234567) // '1,234,567' */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : WHOLE.format(value);
}

/** For axes. @example shortCount(12000) // '12K' */
export function shortCount(value: number): string {
  return SHORT.format(value);
}

/** @param perSecond how many a second @example rate(12.34) // '12.3/s' */
export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return UNKNOWN;
  return `${perSecond > 0 && perSecond < 100 ? ONE_DECIMAL.format(perSecond) : WHOLE.format(perSecond)}/s`;
}

/** @param bytes a size @example size(1536) // '1.5 KiB' */
export function size(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return UNKNOWN;
  const power = bytes < KIB ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log(bytes) / Math.log(KIB)));
  const value = bytes / KIB ** power;
  return `${power === 0 ? WHOLE.format(value) : ONE_DECIMAL.format(value)} ${SIZES[power]}`;
}

/** @example counted(1, 'event') // '1 event' */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}
