/** What character sets promise. The expected values are those of Java 17's decoders and encoders, except where a test says otherwise. */
import { describe, expect, it } from 'vitest';
import { Charset, type DecodeErrorPolicy } from '../../../../src/agent/component/charset/charset.ts';

function charset(name: string): Charset {
  const found = Charset.find(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** Decoded whole, and byte by byte. */
function decode(name: string, hex: string, policy: DecodeErrorPolicy = 'REPLACE'): string {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const whole = charset(name).decoder(policy);
  const text = whole.write(bytes) + whole.end();
  const slow = charset(name).decoder(policy);
  const pieces = [...bytes].map((byte) => slow.write(Buffer.of(byte)));
  expect(pieces.join('') + slow.end()).toBe(text);
  return text;
}

const encode = (name: string, text: string): string => charset(name).encode(text).toString('hex');

describe('a character set', () => {
  it.each([
    ['latin1', 'ISO-8859-1'],
    ['ISO8859_1', 'ISO-8859-1'],
    ['l1', 'ISO-8859-1'],
    ['ASCII', 'US-ASCII'],
    ['utf8', 'UTF-8'],
    ['UTF_16', 'UTF-16'],
    ['unicode', 'UTF-16'],
    ['UnicodeLittle', 'x-UTF-16LE-BOM'],
    ['cp1252', 'windows-1252'],
    ['MS932', 'windows-31j'],
    ['cp437', 'IBM437'],
    ['koi8_r', 'KOI8-R'],
  ])('has the names that Java has for it: %s is %s', (name, expected) => {
    expect(charset(name).name).toBe(expected);
  });

  it('is not known by a name that Java does not have', () => {
    for (const name of ['utf-9', 'binary', 'hex', '', 'x-user-defined']) expect(Charset.find(name)).toBeUndefined();
  });

  it.each([
    // Browsers take ISO-8859-1 and US-ASCII for windows-1252.
    ['ISO-8859-1', '80 93 e9 ff', '\u0080\u0093éÿ'],
    ['windows-1252', '80 93 e9', '€“é'],
    ['US-ASCII', '41 80 e9', 'A\uFFFD\uFFFD'],
    ['ISO-8859-15', 'a4', '€'],
    ['IBM437', '80 e1', 'Çß'],
    ['KOI8-R', 'f0 d2 c9', 'При'],
    // A mark of the byte order is not part of the text in UTF-16; in the others it is.
    ['UTF-16', 'fffe 6100 e900', 'aé'],
    ['UTF-16', 'feff 0061 00e9', 'aé'],
    ['UTF-16', '0061 00e9', 'aé'],
    ['UTF-16', '', ''],
    ['UTF-16', 'fffe', ''],
    ['x-UTF-16LE-BOM', '6100', 'a'],
    ['UTF-16LE', 'fffe 6100', '\uFEFFa'],
    ['UTF-16BE', '0061 d83d de00', 'a😀'],
    ['UTF-32', '0000feff 0001f600', '😀'],
    ['UTF-32', 'fffe0000 00f60100', '😀'],
    ['UTF-32LE', '61000000', 'a'],
    ['UTF-8', 'efbbbf 61', '\uFEFFa'],
    ['UTF-8', 'c3a9 f09f9880', 'é😀'],
    ['GB18030', 'c4e3 95328236', '你𠀀'],
    ['EUC-KR', 'b0a1', '가'],
    ['Shift_JIS', 'b1 82a0', 'ｱあ'],
  ])('%s decodes %s', (name, hex, text) => {
    expect(decode(name, hex)).toBe(text);
  });

  it.each([
    // Three bytes that encode a surrogate are one wrong sequence.
    ['UTF-8', '61 eda080 62', 'a�b'],
    ['UTF-8', 'eda080 edb080', '��'],
    ['UTF-8', 'eda0 41', '�A'],
    ['UTF-8', 'c080', '��'],
    ['UTF-8', 'e08080', '���'],
    ['UTF-8', 'e28241', '�A'],
    ['UTF-8', 'f09f98', '�'],
    ['UTF-8', 'f0808080', '����'],
    ['UTF-8', 'f4908080', '����'],
    ['UTF-8', 'f5 ff fe', '���'],
    ['UTF-16BE', '0061 dc00 0062', 'a�b'],
    ['UTF-16BE', '0061 d83d', 'a�'],
    ['UTF-16BE', '0061 00', 'a�'],
    // Java swallows the character after half a pair, here the newline.
    ['UTF-16BE', 'd83d 000a', '�\n'],
    ['UTF-32BE', '00110000 00000061', '�a'],
    ['windows-1252', '81', '\uFFFD'],
  ])('%s puts U+FFFD into %s as Java does', (name, hex, text) => {
    expect(decode(name, hex)).toBe(text);
    expect(decode(name, hex, 'IGNORE')).toBe(text.replaceAll('�', ''));
  });

  it('keeps a U+FFFD that is in the text when it leaves out what is no text', () => {
    expect(decode('UTF-8', '61 efbfbd ff 62', 'IGNORE')).toBe('a�b');
    expect(decode('UTF-16BE', 'fffd d800 0062', 'IGNORE')).toBe('�b');
  });

  it('with FAIL gives what lies before the first bytes that are no text, and nothing after them', () => {
    const decoder = charset('UTF-8').decoder('FAIL');
    expect(decoder.write(Buffer.from('61ff62', 'hex'))).toBe('a');
    expect(decoder.failed).toBe(true);
    expect(decoder.write(Buffer.from('c'))).toBe('');
  });

  it('encodes as Java: a mark in UTF-16, ? for what it does not have', () => {
    expect(encode('ISO-8859-1', 'é€😀�')).toBe('e93f3f3f');
    expect(encode('US-ASCII', 'aé')).toBe('613f');
    expect(encode('UTF-16', 'a')).toBe('feff0061');
    expect(encode('UTF-16', '')).toBe('');
    expect(encode('x-UTF-16LE-BOM', 'a')).toBe('fffe6100');
    expect(encode('UTF-16LE', 'a')).toBe('6100');
    expect(encode('UTF-32', 'a')).toBe('00000061');
    expect(encode('windows-1252', '€')).toBe('80');
    expect(encode('GBK', '你')).toBe('c4e3');
    const encoder = charset('UTF-16').encoder();
    expect([encoder('a'), encoder('b')].map((bytes) => bytes.toString('hex'))).toEqual(['feff0061', '0062']);
  });
});
