/** Bytes for people who look for the one that is wrong. */

const PER_LINE = 16;

/**
 * Lines of 16 bytes, each with its place, its bytes and its characters.
 * @param hex two digits for each byte
 * @example hexLines('414200') // '0000  41 42 00                                         AB.'
 */
export function hexLines(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const own = bytes.slice(at, at + PER_LINE);
    const place = at.toString(16).padStart(4, '0');
    lines.push(`${place}  ${own.join(' ').padEnd(PER_LINE * 3 - 1)}  ${own.map(characterOf).join('')}`);
  }
  return lines.join('\n');
}

function characterOf(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.';
}
