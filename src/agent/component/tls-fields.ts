/** TLS properties of Avro sources and sinks: Flume's stores as PKCS#12, and PEM files, which Flume does not have. */

import type { ClientTls, ServerTls } from '../../avro/layers.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { fsSync as fs } from '../../core/machine.ts';
import { bool, type Field, text, type Values } from './fields.ts';
import { type TlsLimits, tlsLimits } from './tls-suites.ts';

type SharedFields = {
  readonly ssl: Field<boolean>;
  readonly 'include-protocols': Field<string | undefined>;
  readonly 'exclude-protocols': Field<string>;
  readonly 'include-cipher-suites': Field<string | undefined>;
  readonly 'exclude-cipher-suites': Field<string | undefined>;
};

const sharedFields: SharedFields = {
  ssl: bool({ doc: 'speak TLS', default: false }),
  'include-protocols': text({ doc: 'TLS versions to use, separated by blanks. Default: TLSv1.2 TLSv1.3' }),
  'exclude-protocols': text({ doc: 'TLS versions not to use; SSLv3 never is', default: 'SSLv3' }),
  'include-cipher-suites': text({ doc: "cipher suites to use, separated by blanks, by Java's names or OpenSSL's" }),
  'exclude-cipher-suites': text({ doc: 'cipher suites not to use, likewise' }),
};

/** Properties of a server. */
export const serverTlsFields: SharedFields & {
  readonly keystore: Field<string | undefined>;
  readonly 'keystore-password': Field<string | undefined>;
  readonly 'keystore-type': Field<string | undefined>;
  readonly certificate: Field<string | undefined>;
  readonly key: Field<string | undefined>;
} = {
  ...sharedFields,
  keystore: text({ doc: 'PKCS#12 file with the key and the certificate' }),
  'keystore-password': text({ doc: 'its password' }),
  'keystore-type': text({ doc: 'PKCS12; JKS cannot be read here' }),
  certificate: text({ doc: 'PEM file with the certificate chain' }),
  key: text({ doc: 'PEM file with the private key' }),
};

/** Properties of a client. */
export const clientTlsFields: SharedFields & {
  readonly 'trust-all-certs': Field<boolean>;
  readonly truststore: Field<string | undefined>;
  readonly 'truststore-password': Field<string | undefined>;
  readonly 'truststore-type': Field<string | undefined>;
  readonly ca: Field<string | undefined>;
} = {
  ...sharedFields,
  'trust-all-certs': bool({ doc: 'accept any certificate', default: false }),
  truststore: text({
    doc: 'PEM file with the certificates to trust; PKCS12 and JKS stores of certificates cannot be read here',
  }),
  'truststore-password': text({ doc: 'refused: a PEM file has none' }),
  'truststore-type': text({ doc: 'PEM' }),
  ca: text({ doc: 'PEM file with the certificates to trust' }),
};

type ServerValues = Values<typeof serverTlsFields>;
type ClientValues = Values<typeof clientTlsFields>;
type SharedValues = Pick<ServerValues, keyof SharedFields>;

type Complain = (property: string, message: string) => void;

/** Checks a server's properties; what cannot be used is told by its line. */
export function checkServerTls(values: ServerValues, complain: Complain): void {
  if (!values.ssl) return;
  checkLimits(values, complain);
  const { keystore, certificate, key } = values;
  const type = values['keystore-type']?.toUpperCase();
  if (type !== undefined && type !== 'PKCS12' && type !== 'JKS')
    complain('keystore-type', `is ${values['keystore-type']}, expected PKCS12`);
  if (certificate !== undefined && key === undefined) complain('certificate', 'needs key, the file with its key');
  if (key !== undefined && certificate === undefined) complain('key', 'needs certificate, the file that it belongs to');
  if (keystore !== undefined && certificate !== undefined)
    complain('certificate', 'is given beside keystore, expected one of them');
  if (keystore === undefined && certificate === undefined && key === undefined)
    complain(
      'ssl',
      'is true, which needs certificate and key (PEM files), or keystore and keystore-password (PKCS#12)',
    );
}

/** Checks a client's properties. */
export function checkClientTls(values: ClientValues, complain: Complain): void {
  if (!values.ssl) return;
  checkLimits(values, complain);
  const type = values['truststore-type'];
  if (type !== undefined && type.toUpperCase() !== 'PEM')
    complain('truststore-type', `is ${type}, expected PEM: ${TO_PEM(values.truststore ?? 'STORE')}`);
  if (values['truststore-password'] !== undefined)
    complain('truststore-password', 'is set, but a PEM file, which truststore is to be, has none: leave it out');
  if (values.ca !== undefined && values.truststore !== undefined)
    complain('ca', 'is given beside truststore, expected one of them');
}

function checkLimits(values: SharedValues, complain: Complain): void {
  const limits = tlsLimits(values);
  if ('property' in limits) complain(limits.property, limits.message);
}

/** @throws StreamjobError TLS_INVALID */
export function serverTls(values: ServerValues, owner: string): ServerTls | undefined {
  if (!values.ssl) return undefined;
  const { keystore, certificate, key } = values;
  if (certificate !== undefined && key !== undefined) {
    return { ...limitsOf(values, owner), cert: read(certificate, owner), key: read(key, owner) };
  }
  // The check has refused it without one.
  if (keystore === undefined) throw invalid(`${owner}: ssl = true needs a key`, 'set keystore, or certificate and key');
  const pfx = read(keystore, owner);
  refuseJks(pfx, keystore, owner, 'PKCS12');
  const passphrase = values['keystore-password'];
  return { ...limitsOf(values, owner), pfx, ...(passphrase === undefined ? {} : { passphrase }) };
}

/** @throws StreamjobError TLS_INVALID */
export function clientTls(values: ClientValues, owner: string): ClientTls | undefined {
  if (!values.ssl) return undefined;
  if (values['trust-all-certs']) return { ...limitsOf(values, owner), rejectUnauthorized: false };
  const file = values.ca ?? values.truststore;
  if (file === undefined) return limitsOf(values, owner);
  const ca = read(file, owner);
  refuseJks(ca, file, owner, 'PEM');
  if (!ca.includes('-----BEGIN')) {
    throw invalid(`${owner}: ${file} is not a PEM file`, `make one with: ${TO_PEM(file)}  and set ca = ca.pem`);
  }
  return { ...limitsOf(values, owner), ca };
}

function limitsOf(values: SharedValues, owner: string): TlsLimits {
  const limits = tlsLimits(values);
  if ('property' in limits) throw invalid(`${owner}: ${limits.property} ${limits.message}`, 'correct that property');
  return limits;
}

const TO_PEM = (store: string): string => `keytool -exportcert -rfc -keystore ${store} -alias NAME -file ca.pem`;

function read(file: string, owner: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (cause) {
    throw new StreamjobError('TLS_INVALID', `${owner}: cannot read ${file}: ${messageOf(cause)}`, {
      where: file,
      cause,
    });
  }
}

/** Java key stores begin with FEEDFEED. */
function refuseJks(bytes: Buffer, file: string, owner: string, wanted: 'PKCS12' | 'PEM'): void {
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== 0xfeedfeed) return;
  throw invalid(
    `${owner}: ${file} is a Java key store (JKS), which cannot be read here`,
    wanted === 'PKCS12'
      ? `convert it: keytool -importkeystore -srckeystore ${file} -destkeystore store.p12 -deststoretype PKCS12`
      : `convert it: ${TO_PEM(file)}`,
  );
}

function invalid(message: string, hint: string): StreamjobError {
  return new StreamjobError('TLS_INVALID', message, { hint });
}
