/** CRC32C (Castagnoli), the checksum of all that streamjob logs. Source: RFC 3720, appendix B.4. */
import library from 'crc-32/crc32c.js';

/**
 * @param parts bytes, taken as if they lay behind each other
 * @returns the checksum, 32 bits unsigned
 * @example crc32c(Buffer.from('123456789')) // 0xe3069283
 */
export function crc32c(...parts: readonly Uint8Array[]): number {
  let crc = 0;
  for (const part of parts) crc = library.buf(part, crc);
  return crc >>> 0;
}
