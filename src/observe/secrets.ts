/** What is not shown of settings, log lines and addresses: passwords, tokens and keys. A page and a recording of it may be passed on. */

/** What stands in the place of a secret. */
export const MASK = '••••••';

const NAME = /(?:pass(?:word|wd|phrase)?|secret|token|credential|api[-_.]?key|private[-_.]?key)s?$/i;
/** `https://user:password@host`. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi;
/** `password=…`, `--ui-token …`, `"secret": "…"`, `Authorization: Bearer …`. */
const ASSIGNED =
  /((?:pass(?:word|wd|phrase)|secret|token|credentials?|api[-_.]?key|private[-_.]?key)["']?(?:\s*[=:]\s*|\s+(?=[^\s=:]*\d))["']?)([^\s"',;&}]+)/gi;
const BEARER = /(bearer\s+)[\w.~+/=-]{6,}/gi;

/** The value of a setting, as far as it is shown. @example shownValue('keystore-password', 'x') // '••••••' */
export function shownValue(name: string, value: string): string {
  return NAME.test(name) && value !== '' ? MASK : masked(value);
}

/** A text without the secrets that can be told by what stands before them. @example masked('http://a:b@c') // 'http://a:••••••@c' */
export function masked(text: string): string {
  return text.replaceAll(USER_INFO, `$1:${MASK}@`).replaceAll(BEARER, `$1${MASK}`).replaceAll(ASSIGNED, `$1${MASK}`);
}
