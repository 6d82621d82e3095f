/** Texts of anybody for a terminal. */

/** A text whose characters do not steer a terminal, nor turn the direction of what stands beside them. @example harmless('\u001b[2J') // '\\u001b[2J' */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
