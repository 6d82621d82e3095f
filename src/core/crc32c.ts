/**
 * CRC32C (Castagnoli), the checksum of all that streamjob logs. Source: RFC 3720, appendix B.4; without native code by tables, eight bytes at
 * a time (Kounavis and Berry, "A Systematic Approach to Building High Performance Software-based CRC Generators", 2005).
 */
import { createRequire } from 'node:module';

type Checksum = (bytes: Uint8Array, before: number) => number;

let checksum: Checksum | undefined;

/** Native code, which only a job that logs something needs; a program that was shipped to another machine has none. */
function fastest(): Checksum {
  try {
    const { crc32c: native } = createRequire(import.meta.url)('@node-rs/crc32') as typeof import('@node-rs/crc32');
    return native(new Uint8Array(), 0) === 0 ? native : crc32cByTables;
  } catch {
    return crc32cByTables;
  }
}

/**
 * @param bytes may lie in shared memory
 * @param before the checksum of what lies before them, 0 when nothing does
 * @returns the checksum, 32 bits unsigned
 * @example crc32c(Buffer.from('123456789')) // 0xe3069283
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  checksum ??= fastest();
  return checksum(bytes, before);
}

const POLYNOMIAL = 0x82f63b78;
const WIDTH = 8;

let tables: readonly Int32Array[] | undefined;

/** The k-th has the checksum of each byte with k zeros behind it. */
function makeTables(): readonly Int32Array[] {
  const made = Array.from({ length: WIDTH }, () => new Int32Array(256));
  const [first] = made as [Int32Array];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    first[byte] = crc;
  }
  for (let k = 1; k < WIDTH; k++) {
    const [before, table] = [made[k - 1] as Int32Array, made[k] as Int32Array];
    for (let byte = 0; byte < 256; byte++) {
      const crc = before[byte] as number;
      table[byte] = (crc >>> 8) ^ (first[crc & 0xff] as number);
    }
  }
  return made;
}

/** The same in JavaScript. */
export function crc32cByTables(bytes: Uint8Array, before: number): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - WIDTH; at <= end; at += WIDTH) {
    crc =
      (t7[(crc ^ (bytes[at] as number)) & 0xff] as number) ^
      (t6[((crc >>> 8) ^ (bytes[at + 1] as number)) & 0xff] as number) ^
      (t5[((crc >>> 16) ^ (bytes[at + 2] as number)) & 0xff] as number) ^
      (t4[(crc >>> 24) ^ (bytes[at + 3] as number)] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
