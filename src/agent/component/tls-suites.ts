/** TLS versions and cipher suites as Flume's properties name them, which is as Java does, in the terms of OpenSSL, which Node has. */
import { tls } from '../../core/machine.ts';

/** A version that OpenSSL speaks. */
export type Version = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

const VERSIONS: readonly Version[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
/** Java has these too; Flume never uses SSLv3, and SSLv2Hello is no version. */
const NEVER_USED = ['SSLv2Hello', 'SSLv3'];
const DEFAULT_VERSIONS = ['TLSv1.2', 'TLSv1.3'];

/** The four properties; undefined when they are not given. */
export interface TlsChoice {
  readonly 'include-protocols': string | undefined;
  readonly 'exclude-protocols': string;
  readonly 'include-cipher-suites': string | undefined;
  readonly 'exclude-cipher-suites': string | undefined;
}

/** What they come to, in Node's terms. */
export interface TlsLimits {
  readonly minVersion: Version;
  readonly maxVersion: Version;
  readonly ciphers?: string;
}

/** A property that cannot be used, and why. */
export interface TlsRefusal {
  readonly property: keyof TlsChoice;
  readonly message: string;
}

/** What the properties come to, or the first that cannot be used. */
export function tlsLimits(choice: TlsChoice): TlsLimits | TlsRefusal {
  const suites = suitesOf(choice);
  if ('property' in suites) return suites;
  const versions = versionsOf(choice);
  if ('property' in versions) return versions;
  const { ciphers, hasOld, hasNew } = suites;
  // Node takes its own suites of TLS 1.3 when none is named, which would bring back the ones that were excluded.
  const used = versions.filter((version) => (version === 'TLSv1.3' ? hasNew : hasOld));
  const [first] = used;
  const last = used.at(-1);
  if (first === undefined || last === undefined) {
    const property = choice['include-cipher-suites'] === undefined ? 'exclude-cipher-suites' : 'include-cipher-suites';
    return { property, message: `leaves no cipher suite for ${versions.join(' and ')}` };
  }
  if (versions.indexOf(last) - versions.indexOf(first) !== VERSIONS.indexOf(last) - VERSIONS.indexOf(first)) {
    const property = choice['include-protocols'] === undefined ? 'exclude-protocols' : 'include-protocols';
    return { property, message: `leaves a gap (${used.join(', ')}), expected versions that follow each other` };
  }
  // OpenSSL does TLS 1.0 and 1.1 at its lowest level of security only.
  const old = VERSIONS.indexOf(first) < VERSIONS.indexOf('TLSv1.2');
  const text = old ? `${ciphers ?? tls.DEFAULT_CIPHERS}:@SECLEVEL=0` : ciphers;
  return { minVersion: first, maxVersion: last, ...(text === undefined ? {} : { ciphers: text }) };
}

function versionsOf(choice: TlsChoice): readonly Version[] | TlsRefusal {
  const excluded = words(choice['exclude-protocols']);
  const included = words(choice['include-protocols']) ?? DEFAULT_VERSIONS;
  for (const property of ['include-protocols', 'exclude-protocols'] as const) {
    const wrong = words(choice[property])?.find((word) => ![...VERSIONS, ...NEVER_USED].includes(word));
    if (wrong !== undefined) return { property, message: `has ${wrong}, expected some of ${VERSIONS.join(', ')}` };
  }
  const versions = VERSIONS.filter((version) => included.includes(version) && !excluded?.includes(version));
  if (versions.length > 0) return versions;
  const property = choice['include-protocols'] === undefined ? 'exclude-protocols' : 'include-protocols';
  return { property, message: 'leaves no TLS version, expected that TLSv1.2 or TLSv1.3 is left' };
}

interface Suites {
  /** Undefined: Node's own choice. */
  readonly ciphers: string | undefined;
  /** Whether there are any for TLS up to 1.2, and for TLS 1.3, which has suites of its own. */
  readonly hasOld: boolean;
  readonly hasNew: boolean;
}

function suitesOf(choice: TlsChoice): Suites | TlsRefusal {
  const named: Record<string, readonly string[] | undefined> = {};
  for (const property of ['include-cipher-suites', 'exclude-cipher-suites'] as const) {
    const names = words(choice[property]);
    const wrong = names?.find((name) => opensslSuite(name) === undefined);
    if (wrong !== undefined) return { property, message: `has ${wrong}, expected names of cipher suites` };
    named[property] = names?.map((name) => opensslSuite(name) ?? '').filter((name) => name !== NOT_HERE);
  }
  const excluded = named['exclude-cipher-suites'] ?? [];
  const included = named['include-cipher-suites']?.filter((name) => !excluded.includes(name));
  if (included === undefined && excluded.length === 0) return { ciphers: undefined, hasOld: true, hasNew: true };
  const base = included ?? tls.DEFAULT_CIPHERS.split(':').filter((name) => !excluded.includes(name));
  const removed = included === undefined ? excluded.filter(isOld).map((name) => `!${name}`) : [];
  const ciphers = [...base, ...removed].join(':');
  return { ciphers, hasOld: base.some(isOld) && usable(ciphers), hasNew: base.some((name) => !isOld(name)) };
}

function isOld(suite: string): boolean {
  return !suite.startsWith('TLS_');
}

/** Whether any suite for TLS up to 1.2 is left. */
function usable(ciphers: string): boolean {
  try {
    tls.createSecureContext({ ciphers: ciphers.split(':').filter(isOld).join(':') });
    return true;
  } catch {
    return false;
  }
}

/** Stands for a suite that Java has a name for and OpenSSL does not have here, such as those with RC4: it is never used. */
const NOT_HERE = '';

const JAVA_SUITE =
  /^(?:TLS|SSL)_(RSA|DHE?_RSA|DHE?_DSS|DH_anon|ECDHE?_RSA|ECDHE?_ECDSA|ECDH_anon|KRB5|[A-Z_]*PSK|SRP_[A-Z_]+)(_EXPORT)?_WITH_([A-Z0-9_]+?)(?:_(SHA|SHA256|SHA384|MD5))?$/;
const JAVA_CIPHER =
  /^(?:AES_(?:128|256)_(?:CBC|GCM|CCM|CCM_8)|CHACHA20_POLY1305|(?:3DES_EDE|DES|DES40|RC2|IDEA|SEED)_CBC(?:_40)?|RC4_(?:128|40)|(?:CAMELLIA|ARIA)_(?:128|256)_(?:CBC|GCM)|NULL)$/;

/**
 * OpenSSL's name of a suite, by that name or by Java's.
 * @returns {@link NOT_HERE} for one that Java has and that is not here, undefined for what is no suite at all
 * @example opensslSuite('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256') // 'ECDHE-RSA-AES128-GCM-SHA256'
 */
export function opensslSuite(name: string): string | undefined {
  const here = tls.getCiphers();
  if (here.includes(name.toLowerCase())) return name.toUpperCase();
  const [, exchange = '', weak, cipher = '', hash] = JAVA_SUITE.exec(name) ?? [];
  if (exchange === '' || !JAVA_CIPHER.test(cipher))
    return name === 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV' ? NOT_HERE : undefined;
  if (weak !== undefined) return NOT_HERE;
  const short = cipher
    .replace(/^(AES)_(\d+)_/, '$1$2-')
    .replace(/-CBC$/, '')
    .replaceAll('_', '-');
  const parts = [
    exchange === 'RSA' ? '' : exchange.replaceAll('_', '-'),
    short,
    short.startsWith('CHACHA') ? '' : hash,
  ];
  const suite = parts.filter((part) => part !== undefined && part !== '').join('-');
  return here.includes(suite.toLowerCase()) ? suite : NOT_HERE;
}

function words(text: string | undefined): string[] | undefined {
  return text?.split(/\s+/).filter((word) => word !== '');
}
