/** Knows compressed files by their first bytes: rotation makes them of log files, under names that a pattern may match. */

const HEADS: readonly (readonly [string, Buffer])[] = [
  ['gzip', Buffer.of(0x1f, 0x8b, 0x08)],
  ['zstd', Buffer.of(0x28, 0xb5, 0x2f, 0xfd)],
  ['xz', Buffer.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)],
  ['lz4', Buffer.of(0x04, 0x22, 0x4d, 0x18)],
];
/** Behind `BZh` and a digit: text may begin with these, but not go on like that. */
const BZIP2 = Buffer.of(0x31, 0x41, 0x59, 0x26, 0x53, 0x59);

/**
 * What a file is compressed with.
 * @param head its first bytes, ten or more where it has as many
 * @returns undefined when it is not, or with nothing that is known here
 * @example compressionOf(Buffer.of(0x1f, 0x8b, 0x08, 0)); // 'gzip'
 */
export function compressionOf(head: Buffer): string | undefined {
  if (head.toString('latin1', 0, 3) === 'BZh' && head.subarray(4, 10).equals(BZIP2)) return 'bzip2';
  return HEADS.find(([, bytes]) => head.subarray(0, bytes.length).equals(bytes))?.[0];
}
