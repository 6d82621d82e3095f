/**
 * JSON whose numbers keep the form that Java gives them: 0.0 stays 0.0, and integers of any length keep all their digits. A schema's text
 * is written anew from what was read, and its default values must not change by that.
 */

/** A number that a number of JavaScript would not print as Java does. */
export class JavaNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What was read. */
export type Json = string | number | boolean | null | JavaNumber | readonly Json[] | { readonly [name: string]: Json };

/** A text, or a number: what is not one of both is never looked at. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Reads a text. @throws SyntaxError */
export function parseJson(text: string): Json {
  const kept: string[] = [];
  // Unlike any name of a user's, as it begins with a character that names cannot have.
  const mark = '\u0000number ';
  const marked = text.replace(TOKEN, (token) => {
    if (token.startsWith('"') || (String(Number(token)) === token && !/[.e]/i.test(token))) return token;
    return JSON.stringify(`${mark}${kept.push(token) - 1}`);
  });
  const value: unknown = JSON.parse(marked, (_, each: unknown) => {
    if (typeof each !== 'string' || !each.startsWith(mark)) return each;
    const token = kept[Number(each.slice(mark.length))] ?? '';
    return new JavaNumber(/[.e]/i.test(token) ? javaDouble(Number(token)) : token);
  });
  return value as Json;
}

/** Writes a value as Java's Jackson does, without blanks. */
export function writeJson(value: Json): string {
  if (value instanceof JavaNumber) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(writeJson).join(',')}]`;
  return `{${Object.entries(value)
    .map(([name, each]) => `${JSON.stringify(name)}:${writeJson(each)}`)
    .join(',')}}`;
}

/** As Double.toString: 1.0, 0.001, 1.0E7, 1.5E-4. */
function javaDouble(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (size >= 1e-3 && size < 1e7) return withPoint(String(value));
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${withPoint(digits)}E${exponent.replace('+', '')}`;
}

function withPoint(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`;
}
