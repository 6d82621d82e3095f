/** Sizes as users write them: a number of bytes, or a text such as '64MiB' or '1GB'. */

export const KIB: number = 1024;
export const MIB: number = 1024 * KIB;
export const GIB: number = 1024 * MIB;
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: KIB,
  mib: MIB,
  gib: GIB,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
};

/** Bytes as users write them: a number, or a text such as '64MiB'. */
export type SizeLike = number | string;

/** Bytes of a size as users write them; undefined: it is none, or not greater than 0. */
export function parseSize(value: unknown): number | undefined {
  let bytes = value;
  if (typeof value === 'string') {
    const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg]i?b|b)?\s*$/i.exec(value);
    const unit = SIZE_UNITS[(match?.[2] ?? '').toLowerCase()];
    bytes = match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
  }
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
