/** Events that are allowed and that few think of. */
import type { PlainEvent } from '../../core/event.ts';

const frozen = (headers: Record<string, string>, body: Uint8Array): PlainEvent =>
  Object.freeze({ headers: Object.freeze(headers), body });

const own = (entries: readonly (readonly [string, string])[]): Record<string, string> => Object.fromEntries(entries);

/** By what is odd about them. They are frozen: whoever changes one in place fails. */
export const oddEvents: Readonly<Record<string, PlainEvent>> = {
  'an empty body': frozen({}, new Uint8Array()),
  'bytes that are no text': frozen({ a: '1' }, Uint8Array.of(0xff, 0xfe, 0, 0x80, 0xc3)),
  'a large body': frozen({}, new Uint8Array(1_000_000)),
  'a header without a name': frozen(own([['', '']]), Buffer.from('x')),
  'headers called as members of objects': frozen(
    own([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['hasOwnProperty', 'c'],
      ['toString', 'd'],
    ]),
    Buffer.from('x'),
  ),
  'headers that are numbers': frozen(own([['1', '2']]), Buffer.from('x')),
  'headers with signs of patterns': frozen(
    own([
      ['(', '$1\\'],
      ['.*', '\n'],
    ]),
    Buffer.from('x'),
  ),
  'half of a surrogate pair': frozen(own([['\ud83d', '\ude00']]), Buffer.from('x')),
  'a long header': frozen(own([['long', 'x'.repeat(100_000)]]), Buffer.from('x')),
  'headers without a prototype': frozen(
    Object.assign(Object.create(null), { timestamp: 'no number', host: '' }),
    Buffer.from('x'),
  ),
};
