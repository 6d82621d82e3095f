/** Encryption at rest, as a flume.conf says it: which keys there are, where each is, and which one new events are encrypted with. */
import type { Complain } from '../../../component/component.ts';
import { type Field, map, names, text } from '../../../component/fields.ts';
import { KEY_NAME_BYTES } from '../record.ts';

/** The properties. */
export interface EncryptionValues {
  readonly 'encryption.activeKey': string | undefined;
  readonly 'encryption.cipherProvider': string | undefined;
  readonly 'encryption.keyProvider': string | undefined;
  readonly 'encryption.keyProvider.keys': readonly string[] | undefined;
  readonly 'encryption.keyProvider.keys.*': ReadonlyMap<string, string | undefined>;
  readonly 'encryption.keyProvider.keyStoreFile': string | undefined;
  readonly 'encryption.keyProvider.keyStorePasswordFile': string | undefined;
}

const JAVA = 'of a key store of Java, which is refused: the error says how its keys become files';

export const encryptionFields: { readonly [K in keyof EncryptionValues]: Field<EncryptionValues[K]> } = {
  'encryption.activeKey': text({
    doc: 'the key that new events are encrypted with; without it they are not, and events from before are read with their keys',
  }),
  'encryption.cipherProvider': text({
    doc: 'AESCTRNOPADDING as in Flume, or AESGCMNOPADDING: it is AES-GCM in both cases, of 128, 192 or 256 bits as the key is long',
  }),
  'encryption.keyProvider': text({ doc: 'where the keys are: file or env; JCEKSFILE is refused' }),
  'encryption.keyProvider.keys': names({ doc: 'the names of the keys, those that only events from before need, too' }),
  'encryption.keyProvider.keys.*': map(text({ doc: 'a path, or the name of a variable' }), {
    doc: 'NAME.file: the file of a key; NAME.env: the environment variable of a key. 16, 24 or 32 bytes in base64; in a file as they are, too',
  }),
  'encryption.keyProvider.keyStoreFile': text({ doc: JAVA }),
  'encryption.keyProvider.keyStorePasswordFile': text({ doc: JAVA }),
};

const CIPHERS = ['AESCTRNOPADDING', 'AESGCMNOPADDING'];
const JCEKS = /^(?:JCEKSFILE|org\.apache\.flume\.channel\.file\.encryption\.JCEKSFileKeyProvider)$/i;

/** How a key comes out of a key store of Java: none of openssl's commands reads a secret key of one. */
const CONVERSION = String.raw`is JCEKSFILE, a key store of Java, which is not read here: write each of its keys to a file of its own, and give keyProvider = file with keys.NAME.file. In bash, with the JDK that has keytool:
    export STORE=my.keystore STORE_PASSWORD='…' KEY_NAME=key-0 KEY_PASSWORD='…'; umask 077
    keytool -list -keystore "$STORE" -storetype JCEKS -storepass:env STORE_PASSWORD    # shows the names
    printf '%s\n' 'var store = java.security.KeyStore.getInstance("JCEKS");' \
      'store.load(new java.io.FileInputStream(System.getenv("STORE")), System.getenv("STORE_PASSWORD").toCharArray());' \
      'var key = store.getKey(System.getenv("KEY_NAME"), System.getenv("KEY_PASSWORD").toCharArray());' \
      'System.out.println(java.util.Base64.getEncoder().encodeToString(key.getEncoded()));' | jshell -s - > "$KEY_NAME.key"
  or make a new key: openssl rand -base64 32 > new.key`;

/** Whether keys are kept where this reads them. */
export type Provider = 'file' | 'env';

/** The provider of the keys; undefined: it is none of ours. */
export function providerOf({ 'encryption.keyProvider': provider }: EncryptionValues): Provider | undefined {
  const name = provider?.toLowerCase();
  return name === 'file' || name === 'env' ? name : undefined;
}

/** Tells what is wrong. */
export function checkEncryption(values: EncryptionValues, complain: Complain): void {
  const { 'encryption.activeKey': active, 'encryption.cipherProvider': cipher } = values;
  const keyProvider = values['encryption.keyProvider'];
  const listed = values['encryption.keyProvider.keys'] ?? [];
  const places = values['encryption.keyProvider.keys.*'];
  if (cipher !== undefined && !CIPHERS.includes(cipher.toUpperCase()))
    complain('encryption.cipherProvider', `is ${JSON.stringify(cipher)}, expected ${CIPHERS.join(' or ')}`);
  if (keyProvider === undefined) {
    const first = [
      ...(active === undefined ? [] : ['encryption.activeKey']),
      ...(listed.length + places.size > 0 ? ['encryption.keyProvider.keys'] : []),
    ][0];
    if (first !== undefined) complain(first, 'needs encryption.keyProvider, file or env');
    return;
  }
  if (JCEKS.test(keyProvider)) return complain('encryption.keyProvider', CONVERSION);
  const provider = providerOf(values);
  if (provider === undefined)
    return complain('encryption.keyProvider', `is ${JSON.stringify(keyProvider)}, expected file or env`);
  if (listed.length === 0) complain('encryption.keyProvider.keys', 'names no key');
  if (active !== undefined && !listed.includes(active))
    complain('encryption.activeKey', `is ${JSON.stringify(active)}, which encryption.keyProvider.keys does not name`);
  checkKeys(provider, listed, places, complain);
}

function checkKeys(
  provider: Provider,
  listed: readonly string[],
  places: ReadonlyMap<string, string | undefined>,
  complain: Complain,
): void {
  for (const name of listed) {
    if (Buffer.byteLength(name) > KEY_NAME_BYTES)
      complain('encryption.keyProvider.keys', `has a name of more than ${KEY_NAME_BYTES} bytes: ${name}`);
    if (places.get(`${name}.${provider}`) === undefined)
      complain(
        'encryption.keyProvider.keys',
        `names ${name}, and encryption.keyProvider.keys.${name}.${provider} is missing`,
      );
  }
  for (const entry of places.keys()) {
    if (listed.some((name) => entry === `${name}.${provider}`)) continue;
    complain(
      `encryption.keyProvider.keys.${entry}`,
      `is not known, expected NAME.${provider} of a name in encryption.keyProvider.keys`,
    );
  }
}
