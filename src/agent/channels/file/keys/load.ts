/** Reads the keys of an encrypted store from files or from the environment. No message has anything of a key. */
import path from 'node:path';
import { messageOf, StreamjobError } from '../../../../core/errors.ts';
import type { Logger } from '../../../../core/log.ts';
import { fs } from '../../../../core/machine.ts';
import { type EncryptionValues, providerOf } from './fields.ts';
import { KEY_BYTES, Keys } from './keys.ts';

/** Rights of others than the owner to read. */
const READ_BY_OTHERS = 0o044;

/** Who wants the keys. */
export interface KeyOwner {
  /** For messages, e.g. `channel c1`. */
  readonly owner: string;
  readonly log: Logger;
}

/**
 * Reads all keys of the properties.
 * @returns none where there are no properties of encryption
 * @throws StreamjobError ENCRYPTION_KEY
 */
export async function loadKeys(values: EncryptionValues, owner: KeyOwner): Promise<Keys> {
  const provider = providerOf(values);
  const keys = new Map<string, Buffer>();
  if (provider !== undefined) {
    for (const name of values['encryption.keyProvider.keys'] ?? []) {
      const place = values['encryption.keyProvider.keys.*'].get(`${name}.${provider}`) ?? '';
      keys.set(name, provider === 'file' ? await keyOfFile(name, place, owner) : keyOfVariable(name, place, owner));
    }
  }
  return new Keys(keys, values['encryption.activeKey']);
}

/**
 * The key of a file, which has 16, 24 or 32 bytes in base64 or as they are.
 * @param name for messages
 * @throws StreamjobError ENCRYPTION_KEY
 */
export async function keyOfFile(name: string, file: string, { owner, log }: KeyOwner): Promise<Buffer> {
  const where = path.resolve(file);
  let bytes: Buffer;
  let mode: number;
  try {
    bytes = await fs.readFile(where);
    mode = (await fs.stat(where)).mode;
  } catch (cause) {
    throw unusable(owner, name, `${where} cannot be read: ${messageOf(cause)}`, where, cause);
  }
  if ((mode & READ_BY_OTHERS) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    log.warn(
      { file: where, mode: shown },
      `${owner}: the key file ${where} can be read by others (its mode is ${shown}): chmod 600 ${where}`,
    );
  }
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-f]{32}$/i.test(text) || /^[0-9a-f]{48}$/i.test(text) || /^[0-9a-f]{64}$/i.test(text))
    throw unusable(owner, name, `${where} has hexadecimal digits, expected base64`, where);
  const key = ofBase64(text) ?? (KEY_BYTES.includes(bytes.length) ? bytes : undefined);
  if (key === undefined)
    throw unusable(owner, name, `${where} has no 16, 24 or 32 bytes, in base64 or as they are`, where);
  return key;
}

/**
 * The key of an environment variable, in base64.
 * @throws StreamjobError ENCRYPTION_KEY
 */
export function keyOfVariable(name: string, variable: string, { owner }: KeyOwner): Buffer {
  const text = process.env[variable]?.trim();
  const where = `environment variable ${variable}`;
  if (text === undefined || text === '') throw unusable(owner, name, `the ${where} is not set`, where);
  const key = ofBase64(text);
  if (key === undefined) throw unusable(owner, name, `the ${where} has no 16, 24 or 32 bytes in base64`, where);
  return key;
}

/** The bytes of a text, if it is base64 of a key. */
function ofBase64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  // What base64 of these bytes is, and nothing else: a raw key is never taken for it.
  return KEY_BYTES.includes(bytes.length) && bytes.toString('base64') === text ? bytes : undefined;
}

function unusable(owner: string, name: string, what: string, where: string, cause?: unknown): StreamjobError {
  return new StreamjobError('ENCRYPTION_KEY', `${owner}: the key ${name} cannot be used: ${what}`, {
    where,
    hint: 'make a key with: openssl rand -base64 32; events that are encrypted already need the key that they were encrypted with',
    ...(cause === undefined ? {} : { cause }),
  });
}
