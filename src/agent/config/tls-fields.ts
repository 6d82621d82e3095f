/** TLS properties of Avro sources and sinks: Flume's stores as PKCS#12, and PEM files, which Flume does not have. */
import fs from 'node:fs';
import type { ClientTls, ServerTls } from '../../avro/layers.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { bool, type Field, text, type Values } from './fields.ts';

type SharedFields = {
  readonly ssl: Field<boolean>;
  readonly 'include-protocols': Field<string | undefined>;
  readonly 'exclude-protocols': Field<string>;
  readonly 'include-cipher-suites': Field<string | undefined>;
  readonly 'exclude-cipher-suites': Field<string | undefined>;
};

const sharedFields: SharedFields = {
  ssl: bool({ doc: 'speak TLS', default: false }),
  'include-protocols': text({ doc: 'TLS versions to use, separated by blanks, e.g. TLSv1.2 TLSv1.3' }),
  'exclude-protocols': text({ doc: 'TLS versions not to use; SSLv3 never is', default: 'SSLv3' }),
  'include-cipher-suites': text({ doc: 'cipher suites to use, separated by blanks' }),
  'exclude-cipher-suites': text({ doc: 'cipher suites not to use' }),
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
  'truststore-password': text({ doc: 'its password' }),
  'truststore-type': text({ doc: 'PEM' }),
  ca: text({ doc: 'PEM file with the certificates to trust' }),
};

type ServerValues = Values<typeof serverTlsFields>;
type ClientValues = Values<typeof clientTlsFields>;
type SharedValues = Pick<ServerValues, keyof SharedFields>;

/** @throws StreamjobError TLS_INVALID */
export function serverTls(values: ServerValues, owner: string): ServerTls | undefined {
  if (!values.ssl) return undefined;
  const { keystore, certificate, key } = values;
  if (certificate !== undefined && key !== undefined) {
    return { ...versions(values, owner), cert: read(certificate, owner), key: read(key, owner) };
  }
  if (keystore === undefined) {
    throw invalid(
      `${owner}: ssl = true needs a key`,
      'set certificate and key (PEM files), or keystore and keystore-password (PKCS#12)',
    );
  }
  const pfx = read(keystore, owner);
  refuseJks(pfx, keystore, owner, 'PKCS12');
  const passphrase = values['keystore-password'];
  return { ...versions(values, owner), pfx, ...(passphrase === undefined ? {} : { passphrase }) };
}

/** @throws StreamjobError TLS_INVALID */
export function clientTls(values: ClientValues, owner: string): ClientTls | undefined {
  if (!values.ssl) return undefined;
  if (values['trust-all-certs']) return { ...versions(values, owner), rejectUnauthorized: false };
  const file = values.ca ?? values.truststore;
  if (file === undefined) return versions(values, owner);
  const ca = read(file, owner);
  refuseJks(ca, file, owner, 'PEM');
  if (!ca.includes('-----BEGIN')) {
    throw invalid(
      `${owner}: ${file} is not a PEM file`,
      `make one with: keytool -exportcert -rfc -keystore ${file} -alias NAME -file ca.pem  and set ca = ca.pem`,
    );
  }
  return { ...versions(values, owner), ca };
}

function versions(values: SharedValues, owner: string): Pick<ServerTls, 'minVersion' | 'maxVersion' | 'ciphers'> {
  const excluded = values['exclude-protocols'].split(/\s+/);
  const included = values['include-protocols']?.split(/\s+/) ?? ['TLSv1.2', 'TLSv1.3'];
  const use = (['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const).filter(
    (version) => included.includes(version) && !excluded.includes(version),
  );
  const [first] = use;
  const last = use.at(-1);
  if (first === undefined || last === undefined)
    throw invalid(
      `${owner}: no TLS version is left by include-protocols and exclude-protocols`,
      'leave TLSv1.2 or TLSv1.3 in',
    );
  const ciphers = values['include-cipher-suites']?.split(/\s+/).join(':');
  return { minVersion: first, maxVersion: last, ...(ciphers === undefined ? {} : { ciphers }) };
}

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
      : `convert it: keytool -exportcert -rfc -keystore ${file} -alias NAME -file ca.pem`,
  );
}

function invalid(message: string, hint: string): StreamjobError {
  return new StreamjobError('TLS_INVALID', message, { hint });
}
