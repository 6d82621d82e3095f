/** Both ways to make lines of what comes over a connection, beside each other. */
import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { Charset } from '../../../../src/agent/component/charset/charset.ts';
import { DecodedLines, type IncomingLines, Utf8Lines } from '../../../../src/agent/sources/net/lines.ts';

/** All lines up to the first refusal. */
function linesOf(lines: IncomingLines, chunks: readonly Buffer[]): unknown {
  const bodies: string[] = [];
  for (const chunk of chunks) {
    const { bodies: completed, refusal } = lines.push(chunk);
    bodies.push(...completed.map((body) => body.toString('hex')));
    if (refusal !== undefined) return { bodies, refusal };
  }
  return { bodies, refusal: undefined };
}

const piece = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => Buffer.from(text)),
  fc.constantFrom('\n', '\n\n', 'é', '€', '😀', 'a'.repeat(12)).map((text) => Buffer.from(text)),
  { arbitrary: fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
);

describe('lines of UTF-8', () => {
  it.prop(
    [fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 6 }), fc.integer({ min: 1, max: 20 })],
    {
      numRuns: 2000,
    },
  )('are the same whether they are decoded or not, however they come', (pieces, cuts, longest) => {
    const bytes = Buffer.concat(pieces);
    const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
    const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
    const decoded = new DecodedLines((Charset.find('UTF-8') as Charset).decoder('FAIL'), longest);
    expect(linesOf(new Utf8Lines(longest), chunks)).toEqual(linesOf(decoded, chunks));
  });

  it('keep bodies whose chunk is written to again', () => {
    const chunk = Buffer.from('one\ntwo\nthr');
    const lines = new Utf8Lines(100);
    const { bodies } = lines.push(chunk);
    chunk.fill(0);
    expect([...bodies, ...lines.push(Buffer.from('ee\n')).bodies].map(String)).toEqual(['one', 'two', 'three']);
  });
});
