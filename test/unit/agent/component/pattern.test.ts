/** Regular expressions find what Java's find. The expected answers are those of java.util.regex.Pattern. */
import { describe, expect, it } from 'vitest';
import { JavaPattern } from '../../../../src/agent/component/pattern/pattern.ts';

const replaced = (pattern: string, by: string, text: string): string => new JavaPattern(pattern).replacement(by)(text);

describe('a pattern', () => {
  it.each<[pattern: string, text: string, isFound: boolean]>([
    ['(?i)FOO', 'a foo b', true],
    ['(?i)[d-f]+', 'XYE', true],
    ['(?i)\u00c4', '\u00e4', false],
    ['(?iu)\u00c4', '\u00e4', true],
    ['a.b', 'a\nb', false],
    ['(?s)a.b', 'a\nb', true],
    ['a.b', 'a\u0085b', false],
    ['^b', 'a\nb', false],
    ['(?m)^b', 'a\nb', true],
    ['(?m)^$', 'a\n', false],
    ['a$', 'a\r\n', true],
    ['a\\z', 'a\n', false],
    ['a\\Z', 'a\n', true],
    ['^.$', '\u{1F600}', true],
    ['\\x{1F600}', '\u{1F600}', true],
    ['\\d', '\u0663', false],
    ['\\w', '\u00e4', false],
    ['\\bx', '\u00e4x', false],
    ['\\h', 'a\tb', true],
    ['\\R', 'a\u2028b', true],
    ['\\p{Alpha}+', '12abc', true],
    ['\\p{IsGreek}', '\u03b1', true],
    ['\\P{Lu}', 'A', false],
    ['\\pL', '1', false],
    ['[a-z&&[^aeiou]]', 'aeiou', false],
    ['[^a-z&&[^aeiou]]', 'a', true],
    ['[[:alpha:]]', 'p', true],
    ['[]a]', ']', true],
    ['[a\\-z]', '-', true],
    ['[a-]', '-', true],
    ['\\Qa.b\\E', 'axb', false],
    ['a*+ab', 'aaab', false],
    ['(?>a+)ab', 'aaab', false],
    ['(?>(a)|b)+(c)\\2', 'abcc', true],
    ['(?<n>x)\\k<n>', 'xx', true],
    ['(a)(b)\\2\\1', 'abba', true],
    ['(a)\\11', 'aa1', true],
    ['(?<=a)b(?!c)', 'abd', true],
    ['x{2,3}+x', 'xxx', false],
  ])('%s in %j: %s', (pattern, text, isFound) => {
    expect(new JavaPattern(pattern).find(text) !== undefined).toBe(isFound);
  });

  it.each([
    '(',
    ')',
    '[a',
    '*a',
    'a{',
    '\\',
    '\\y',
    '(?x)a',
    'a(?i)b',
    '[z-a]',
    '[\\R]',
    '\\p{Nothing}',
    '\\1',
    '\\k<n>',
    '\\x{110000}',
  ])('that is wrong, or cannot be translated, is refused: %s', (pattern) => {
    expect(() => new JavaPattern(pattern)).toThrow(SyntaxError);
  });

  it('numbers its groups as Java does, also where the translation has more', () => {
    const found = new JavaPattern('(?>(a)+)(b)?(?<c>c)').find('xaac');
    expect([1, 2, 3].map((group) => found?.group(group))).toEqual(['a', undefined, 'c']);
    expect([found?.index, found?.text, found?.group(0)]).toEqual([1, 'aac', 'aac']);
  });

  it('matches a whole text by whichever of its alternatives does', () => {
    expect(new JavaPattern('a|ab').matches('ab')).toBe(true);
    expect(new JavaPattern('a').matches('ab')).toBe(false);
  });
});

describe('what takes the place of what was found', () => {
  it.each<[pattern: string, by: string, text: string, expected: string]>([
    ['(a)(b)?', '[$1-$2]', 'ab a', '[a-b] [a-]'],
    ['a', '\\$1', 'a', '$1'],
    ['(?<n>a)', ['$', '{n}', '$', '{n}'].join(''), 'a', 'aa'],
    ['a', '\\\\', 'a', '\\'],
    ['x*', '-', 'abc', '-a-b-c-'],
    ['$', '<>', 'a\n', 'a<>\n<>'],
    ['(a)', '$10', 'a', 'a0'],
    ['a', '$0$0', 'a', 'aa'],
  ])('%s by %s in %j: %j', (pattern, by, text, expected) => {
    expect(replaced(pattern, by, text)).toBe(expected);
  });

  it.each(['$', '$x', '$1', ['$', '{n}'].join(''), '\\'])(
    'is refused when it names a group that there is not, or ends in the middle: %s',
    (by) => {
      expect(() => new JavaPattern('a').replacement(by)).toThrow(SyntaxError);
    },
  );
});
