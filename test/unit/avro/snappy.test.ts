/** Snappy, as blocks of Avro container files have it. What Java's library made was taken down from snappy-java 1.1.8. */
import { randomBytes } from 'node:crypto';
import zlib from 'node:zlib';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { snappyCompress, snappyUncompress } from '../../../src/avro/snappy.ts';

const MOST = 1 << 24;
const TEXT = Buffer.from(Array.from({ length: 40 }, (_, i) => `line ${i % 7} of a text that repeats; `).join(''));
const BY_JAVA = Buffer.from(
  '2Al4bGluZSAwIG9mIGEgdGV4dCB0aGF0IHJlcGVhdHM7IAUfADF2HwAAMnYfAAAzdh8AADR2HwAANXYfAAA2dh8A/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA/tkA5tkA',
  'base64',
);

function withCrc(packed: Buffer, data: Buffer): Buffer {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(zlib.crc32(data));
  return Buffer.concat([packed, crc]);
}

describe('snappy', () => {
  it("unpacks what Java's library packed", () => {
    expect(snappyUncompress(withCrc(BY_JAVA, TEXT), MOST).toString()).toBe(TEXT.toString());
  });

  it('packs what repeats', () => {
    expect(snappyCompress(TEXT).length).toBeLessThan(200);
    expect(snappyUncompress(snappyCompress(TEXT), MOST)).toEqual(TEXT);
  });

  property.prop([
    fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(200)), fc.constant(TEXT))),
  ])('gives back whatever it packed', (parts) => {
    const data = Buffer.concat(parts);
    expect(snappyUncompress(snappyCompress(data), MOST).equals(data)).toBe(true);
  });

  it.each([59, 60, 61, 256, 257, 65_536, 65_537, 1 << 24])('gives back %d bytes that do not repeat', (length) => {
    const data = randomBytes(length);
    expect(snappyUncompress(snappyCompress(data), MOST).equals(data)).toBe(true);
  });

  it('gives back what repeats from far away', () => {
    const far = Buffer.concat([TEXT, randomBytes(70_000), TEXT, Buffer.alloc(5000), TEXT]);
    expect(snappyUncompress(snappyCompress(far), MOST).equals(far)).toBe(true);
  });

  it.each([
    ['too short', Buffer.of(1, 2, 3), 'too short for its checksum'],
    ['of another checksum', withCrc(snappyCompress(TEXT).subarray(0, -4), Buffer.from('x')), 'its checksum is another'],
    ['shorter than it says', withCrc(Buffer.of(3, 4, 65, 66), TEXT), 'fewer bytes than it says'],
    ['cut off', withCrc(BY_JAVA.subarray(0, 60), TEXT), 'the data ends in the middle'],
    ['longer than it says', withCrc(Buffer.of(1, 4, 65, 66), TEXT), 'more bytes than it says'],
    ['a copy of nothing', withCrc(Buffer.of(4, 14, 0, 0), TEXT), 'copies from before its start'],
    ['a copy from before its start', withCrc(Buffer.of(5, 0, 65, 14, 2, 0), TEXT), 'copies from before its start'],
    ['of no length', withCrc(Buffer.alloc(6, 255), TEXT), 'its length is no number'],
    ['larger than is allowed', withCrc(Buffer.of(255, 255, 255, 127), TEXT), 'more than 16777216'],
    ['cut off in a copy', withCrc(Buffer.of(5, 0, 65, 14, 1), TEXT), 'the data ends in the middle'],
  ])('refuses a block that is %s', (_what, block, why) => {
    expect(() => snappyUncompress(block, MOST)).toThrow(why);
  });
});
