/**
 * The patterns of Java's SimpleDateFormat, in the letters that names of files and directories are made of: `yyyy-MM-dd'T'HH:mm:ss.SSSZ`.
 * The time zone is that of the process, names of months and days are English.
 */

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

type Letter = (date: Date, length: number) => string;

const padded = (value: number, length: number): string => String(value).padStart(length, '0');
const number =
  (of: (date: Date) => number): Letter =>
  (date, length) =>
    padded(of(date), length);
/** Java writes the whole name from four letters on. */
const named = (name: string | undefined, length: number): string =>
  length >= 4 ? (name ?? '') : (name ?? '').slice(0, 3);

const LETTERS: Readonly<Record<string, Letter>> = {
  y: (date, length) => (length === 2 ? padded(date.getFullYear() % 100, 2) : padded(date.getFullYear(), length)),
  M: (date, length) => (length >= 3 ? named(MONTHS[date.getMonth()], length) : padded(date.getMonth() + 1, length)),
  d: number((date) => date.getDate()),
  D: number((date) => Math.round((midnight(date) - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000) + 1),
  E: (date, length) => named(DAYS[date.getDay()], length),
  u: number((date) => date.getDay() || 7),
  H: number((date) => date.getHours()),
  k: number((date) => date.getHours() || 24),
  h: number((date) => date.getHours() % 12 || 12),
  K: number((date) => date.getHours() % 12),
  m: number((date) => date.getMinutes()),
  s: number((date) => date.getSeconds()),
  S: number((date) => date.getMilliseconds()),
  a: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  Z: (date) => offset(date, ''),
  X: (date, length) => {
    if (date.getTimezoneOffset() === 0) return 'Z';
    return length === 1 ? offset(date, '').slice(0, 3) : offset(date, length === 2 ? '' : ':');
  },
};

/** The date of the calendar as if it were in UTC, where every day has 24 hours. */
function midnight(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
}

function offset(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${padded(hours, 2)}${colon}${padded(rest, 2)}`;
}

/**
 * A time as the pattern says.
 * @param pattern as of Java's SimpleDateFormat
 * @param timeMs in ms since the epoch
 * @returns the text, or the letter of the pattern that is not known here
 * @example formatDate('yyyy-MM-dd', 0) // { text: '1970-01-01' } where the time zone is UTC
 */
export function formatDate(pattern: string, timeMs: number): { readonly text: string } | { readonly unknown: string } {
  const date = new Date(timeMs);
  let text = '';
  for (const [part] of pattern.matchAll(/'(?:[^']|'')*'|'|([A-Za-z])\1*|[^A-Za-z']+/g)) {
    if (part.startsWith("'")) text += part === "''" ? "'" : part.slice(1, -1).replaceAll("''", "'");
    else if (/^[A-Za-z]/.test(part)) {
      const letter = LETTERS[part.charAt(0)];
      if (letter === undefined) return { unknown: part.charAt(0) };
      text += letter(date, part.length);
    } else text += part;
  }
  return { text };
}
