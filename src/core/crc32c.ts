/** CRC32C (Castagnoli), the checksum of all that streamjob logs. Source: RFC 3720, appendix B.4. */
import { createRequire } from 'node:module';

type Checksum = (bytes: Uint8Array, before: number) => number;

let checksum: Checksum | undefined;

/** Native code, which only a job that logs something needs. */
function native(): Checksum {
  return (createRequire(import.meta.url)('@node-rs/crc32') as typeof import('@node-rs/crc32')).crc32c;
}

/**
 * @param bytes may lie in shared memory
 * @param before the checksum of what lies before them, 0 when nothing does
 * @returns the checksum, 32 bits unsigned
 * @example crc32c(Buffer.from('123456789')) // 0xe3069283
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  checksum ??= native();
  return checksum(bytes, before);
}
