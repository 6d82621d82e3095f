/** What of the words of `flume-ng agent` is for Java, and what is refused. */
import { describe, expect, it } from 'vitest';
import { sortWords } from '../../../src/cli/agent-words.ts';

describe('the words of flume-ng agent', () => {
  it('are sorted: properties and options of Java are no flags', () => {
    const words = ['agent', '-n', 'a1', '-Dport=1', '-Da.b=x=y', '-Dempty', '-Xmx20m', '-XX:+UseG1GC', '-f', 'x', '-d'];
    expect(sortWords(words)).toEqual({
      words: ['agent', '-n', 'a1', '-f', 'x', '-d'],
      system: { port: '1', 'a.b': 'x=y', empty: '' },
      ofJava: ['-Xmx20m', '-XX:+UseG1GC'],
    });
  });

  it.each(['-z', '--zkConnString=host:1', '-p', '-prov', '--conf-provider', '-user'])('refuse %s', (word) => {
    expect(() => sortWords(['agent', word, 'x'])).toThrow(/not supported|no Java here/);
  });
});
