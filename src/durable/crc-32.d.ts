/** The package has types for its other polynomial only. */
declare module 'crc-32/crc32c.js' {
  const crc32c: {
    /** @returns a signed 32-bit integer @param seed the checksum of what came before */
    buf(bytes: Uint8Array, seed?: number): number;
  };
  export = crc32c;
}
