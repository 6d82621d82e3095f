/** Docstrings, taken apart. */

export interface Docstring {
  /** What stands before the first tag; paragraphs are separated by an empty line. */
  readonly text: string;
  readonly params: readonly { readonly name: string; readonly text: string }[];
  readonly returns: string | undefined;
  readonly throws: readonly string[];
  readonly examples: readonly string[];
  readonly internal: boolean;
}

/** @param comment between the slash-stars, beginning with a star */
export function docstringOf(comment: string): Docstring {
  const lines = comment
    .replace(/^\*/, '')
    // In a docstring of one line tags stand behind the sentence.
    .replace(/ +(?=@(?:param|returns|throws|internal)\b)/g, '\n')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''));
  const parts: { tag: string; lines: string[] }[] = [{ tag: '', lines: [] }];
  for (const line of lines) {
    const [, tag, rest = ''] = /^\s?@(\w+) ?(.*)$/.exec(line) ?? [];
    if (tag === undefined) parts.at(-1)?.lines.push(line);
    else parts.push({ tag, lines: [rest] });
  }
  const prose = (tag: string): string[] =>
    parts
      .filter((part) => part.tag === tag)
      .map((part) =>
        part.lines
          .join('\n')
          .replace(/[ \t]*\n(?!\n)[ \t]*/g, (gap) => (gap.includes('\n\n') ? gap : ' '))
          .trim(),
      );
  return {
    text: paragraphs(parts[0]?.lines ?? []),
    params: prose('param').map((text) => {
      const [, name = '', rest = ''] = /^(\S+)\s*-?\s*([\s\S]*)$/.exec(text) ?? [];
      return { name, text: rest };
    }),
    returns: prose('returns')[0],
    throws: prose('throws'),
    examples: parts.filter(({ tag }) => tag === 'example').map(({ lines: code }) => code.join('\n').trim()),
    internal: parts.some(({ tag }) => tag === 'internal'),
  };
}

function paragraphs(lines: readonly string[]): string {
  return lines
    .join('\n')
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => (/^\s*(?:[-|]|\d+\.)/m.test(paragraph) ? paragraph : paragraph.replace(/\s*\n\s*/g, ' ')))
    .join('\n\n');
}
