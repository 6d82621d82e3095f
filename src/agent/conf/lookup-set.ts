/**
 * The prefixes of variables that a file of the user's names: `-Dlookups=FILE` with `prefix = org.apache.commons.text.lookup.…` lines takes
 * the place of the usual ones. Of the lookups of Apache Commons Text 1.9 those are here that need neither Java nor the network.
 */
import { messageOf } from '../../core/errors.ts';
import { fsSync as fs } from '../../core/machine.ts';
import { nearest } from '../../core/registry.ts';
import { Charset, Decoder } from '../component/charset/charset.ts';
import type { Problems } from '../component/problems.ts';
import {
  date,
  environment,
  found,
  java,
  type LookUp,
  type Lookups,
  type Surroundings,
  systemProperties,
  USUAL_LOOKUPS,
} from './lookups.ts';
import { parseProperties } from './properties.ts';

/** The system property that names the file. */
const NAMED_BY = 'lookups';
const ENUM = 'org.apache.commons.text.lookup.DefaultStringLookup.';

/** As Java's URLEncoder: blanks are +, and only these characters stay. */
function urlEncoded(text: string): string {
  const escaped = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return text.replace(/[^\w.* -]+/gu, (part) => [...Buffer.from(part)].map(escaped).join('')).replaceAll(' ', '+');
}

/** By the names that Commons Text has for them. */
const HERE: Readonly<Record<string, LookUp>> = {
  ENVIRONMENT: environment,
  SYSTEM_PROPERTIES: systemProperties,
  JAVA: java,
  DATE: date,
  // Bytes of a text are those of Latin-1 there.
  BASE64_DECODER: (text) =>
    /^[A-Za-z0-9+/]*={0,2}$/.test(text)
      ? { value: Buffer.from(text, 'base64').toString('latin1') }
      : { refused: `${text} is not base64` },
  BASE64_ENCODER: (text) => ({ value: Buffer.from(text, 'latin1').toString('base64') }),
  URL_ENCODER: (text) => ({ value: urlEncoded(text) }),
  URL_DECODER: (text) => {
    try {
      return { value: decodeURIComponent(text.replaceAll('+', ' ')) };
    } catch {
      return { refused: `${text} is not encoded as in a URL` };
    }
  },
  FILE: (name) => {
    const [, charset = '', file = ''] = /^([^:]*):(.*)$/s.exec(name) ?? [];
    const known = Charset.find(charset);
    if (known === undefined || file === '') return { refused: 'expected CHARSET:FILE, e.g. UTF-8:/run/secrets/port' };
    return reading(file, (bytes) => {
      const decoder = new Decoder(known.rawDecoder(known.ordered(bytes)), 'REPLACE');
      return { value: decoder.write(bytes) + decoder.end() };
    });
  },
  PROPERTIES: (name) => {
    const [file = '', key] = name.split(/::(.*)/s);
    if (key === undefined) return { refused: 'expected FILE::KEY, e.g. /etc/flume/ports.properties::netcat' };
    return reading(file, (bytes) =>
      found(parseProperties(bytes.toString()).entries.get(key)?.value, `${file} has no property ${key}`),
    );
  },
};

const NETWORK = 'values are not fetched from the network: use a config filter of the type external';
const OF_JAVA = 'there is no Java here: use a config filter of the type external';
/** Those of Commons Text that are not here, and why. */
const NOT_HERE: Readonly<Record<string, string>> = {
  CONST: OF_JAVA,
  RESOURCE_BUNDLE: OF_JAVA,
  SCRIPT: OF_JAVA,
  XML: OF_JAVA,
  DNS: NETWORK,
  LOCAL_HOST: NETWORK,
  URL: NETWORK,
};

/** The prefixes that there are; what is wrong with the user's file goes to `problems`. */
export function readLookups({ system = {} }: Surroundings, problems: Problems): Lookups {
  const file = Object.hasOwn(system, NAMED_BY) ? system[NAMED_BY] : undefined;
  if (file === undefined || file === '') return USUAL_LOOKUPS;
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    problems.error(
      undefined,
      `-D${NAMED_BY}=${file} cannot be read: ${messageOf(error)}`,
      'has env, sys, java and date then',
    );
    return USUAL_LOOKUPS;
  }
  const { entries } = parseProperties(text);
  const lookups = new Map<string, LookUp>();
  for (const [prefix, { line, value }] of entries) {
    const named = namedBy(value);
    if ('refused' in named) problems.error(undefined, `${file}:${line}: ${prefix}: ${named.refused}`, 'ignores it');
    else lookups.set(prefix.toLowerCase(), named.lookUp);
  }
  return entries.size === 0 ? USUAL_LOOKUPS : lookups;
}

function namedBy(value: string): { readonly lookUp: LookUp } | { readonly refused: string } {
  if (!value.startsWith(ENUM)) return { refused: `${value} is a class of Java, which does not run here` };
  const name = value.slice(ENUM.length);
  const lookUp = Object.hasOwn(HERE, name) ? HERE[name] : undefined;
  if (lookUp !== undefined) return { lookUp };
  const why = Object.hasOwn(NOT_HERE, name) ? NOT_HERE[name] : undefined;
  if (why !== undefined) return { refused: `${name} is refused: ${why}` };
  const near = nearest(name, Object.keys(HERE));
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return { refused: `there is no ${name}, expected ${ENUM} and one of ${Object.keys(HERE).join(', ')}${meant}` };
}

function reading(file: string, read: (bytes: Buffer) => ReturnType<LookUp>): ReturnType<LookUp> {
  try {
    return read(fs.readFileSync(file));
  } catch (error) {
    return { refused: messageOf(error) };
  }
}
