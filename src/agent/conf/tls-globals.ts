/**
 * What all components that speak TLS have in common when the file does not say it: system properties (`-Djavax.net.ssl.keyStore=…`), or
 * variables of the environment where those are not set. Names and order are Flume's.
 */
import type { Fields } from '../component/fields.ts';
import type { Setting, Settings } from '../component/settings.ts';
import type { Surroundings } from './lookups.ts';

/** A property of a component, the system property and the variable that it comes from. */
interface Global {
  readonly property: string;
  readonly system: string;
  readonly variable: string;
  /** Whether it is a list, whose words have commas between them out there. */
  readonly list?: boolean;
  /** It is left out where the component has one of these, which say by themselves what it would say. */
  readonly unless?: readonly string[];
}

const PEM_KEY = ['certificate', 'key'];
const GLOBALS: readonly Global[] = [
  { property: 'keystore', system: 'javax.net.ssl.keyStore', variable: 'KEYSTORE_PATH', unless: PEM_KEY },
  {
    property: 'keystore-password',
    system: 'javax.net.ssl.keyStorePassword',
    variable: 'KEYSTORE_PASSWORD',
    unless: PEM_KEY,
  },
  { property: 'keystore-type', system: 'javax.net.ssl.keyStoreType', variable: 'KEYSTORE_TYPE', unless: PEM_KEY },
  { property: 'truststore', system: 'javax.net.ssl.trustStore', variable: 'TRUSTSTORE_PATH', unless: ['ca'] },
  // A store of the component's own is a PEM file, which has neither.
  {
    property: 'truststore-password',
    system: 'javax.net.ssl.trustStorePassword',
    variable: 'TRUSTSTORE_PASSWORD',
    unless: ['ca', 'truststore'],
  },
  {
    property: 'truststore-type',
    system: 'javax.net.ssl.trustStoreType',
    variable: 'TRUSTSTORE_TYPE',
    unless: ['ca', 'truststore'],
  },
  {
    property: 'include-protocols',
    system: 'flume.ssl.include.protocols',
    variable: 'INCLUDE_PROTOCOLS',
    list: true,
  },
  {
    property: 'exclude-protocols',
    system: 'flume.ssl.exclude.protocols',
    variable: 'EXCLUDE_PROTOCOLS',
    list: true,
  },
  {
    property: 'include-cipher-suites',
    system: 'flume.ssl.include.cipherSuites',
    variable: 'INCLUDE_CIPHERSUITES',
    list: true,
  },
  {
    property: 'exclude-cipher-suites',
    system: 'flume.ssl.exclude.cipherSuites',
    variable: 'EXCLUDE_CIPHERSUITES',
    list: true,
  },
];

/** A component's properties with those from outside of the file. */
export interface WithGlobals {
  readonly settings: Settings;
  /** Which are from outside, and from where, for people; undefined: none. */
  readonly told: string | undefined;
}

/** Adds what a component of these fields has from outside, when it speaks TLS. */
export function withTlsGlobals(settings: Settings, fields: Fields, { env, system = {} }: Surroundings): WithGlobals {
  const of = (property: string): Setting | undefined =>
    [property, ...(fields[property]?.aliases ?? [])]
      .map((name) => settings.get(name))
      .find((setting) => setting !== undefined && setting.value !== '');
  const ssl = of('ssl');
  if (fields['ssl'] === undefined || ssl?.value.toLowerCase() !== 'true') return { settings, told: undefined };
  const trustsAll = of('trust-all-certs')?.value.toLowerCase() === 'true';
  const all = new Map(settings);
  const told: string[] = [];
  for (const { list = false, property, system: name, unless = [], variable: end } of GLOBALS) {
    if (fields[property] === undefined || [property, ...unless].some((each) => of(each) !== undefined)) continue;
    if (trustsAll && property.startsWith('truststore')) continue;
    const variable = `FLUME_SSL_${end}`;
    const isSet = Object.hasOwn(system, name);
    const value = isSet ? system[name] : env[variable];
    if (value === undefined || value === '') continue;
    all.set(property, { key: property, value: list ? value.replaceAll(',', ' ') : value, line: ssl.line });
    told.push(`${property} (${isSet ? `-D${name}` : variable})`);
  }
  return { settings: all, told: told.length === 0 ? undefined : told.join(', ') };
}
