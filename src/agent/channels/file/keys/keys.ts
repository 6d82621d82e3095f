/**
 * The keys of an encrypted store. Events are not encrypted with a key itself, but with one that is derived of it and of 16 random bytes,
 * anew at each start and after 2^30 events: random nonces of 96 bits are safe for so many, and no key of a user ever is used up.
 */
import { hkdfSync } from 'node:crypto';
import { StreamjobError } from '../../../../core/errors.ts';
import { randomBytes } from '../../../../core/machine.ts';

const SALT_BYTES = 16;
const CHECK_BYTES = 8;
/** What one derived key encrypts at most. */
const EVENTS_OF_A_KEY = 2 ** 30;
/** Derived keys that are kept: each start of the time since the oldest event has one. */
const KEPT = 1000;
const PURPOSE = 'streamjob file channel 1';

/** Lengths that keys may have, in bytes: AES-128, 192 and 256. */
export const KEY_BYTES: readonly number[] = [16, 24, 32];

/** What a record says of the key that it is encrypted with. */
export interface KeyMark {
  readonly name: string;
  readonly salt: Buffer;
  /** Tells the right key from another one of the same name. */
  readonly check: Buffer;
}

/** A derived key with its mark. */
export interface DerivedKey extends KeyMark {
  readonly key: Buffer;
  readonly algorithm: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm';
}

/** Why there is no key for a mark. */
export type KeyLack = 'missing' | 'other';

/** All keys that are given, and the one that new events are encrypted with. */
export class Keys {
  readonly #keys: ReadonlyMap<string, Buffer>;
  /** The name of the key of new events; undefined: they are not encrypted. */
  readonly active: string | undefined;
  readonly #derived = new Map<string, DerivedKey>();
  #current: DerivedKey | undefined;
  #left = 0;

  /** @param keys each of 16, 24 or 32 bytes */
  constructor(keys: ReadonlyMap<string, Buffer>, active: string | undefined) {
    this.#keys = keys;
    this.active = active;
  }

  /** What the next event is encrypted with; undefined: nothing. */
  forNext(): DerivedKey | undefined {
    const { active } = this;
    const key = active === undefined ? undefined : this.#keys.get(active);
    if (active === undefined || key === undefined) return undefined;
    if (this.#current === undefined || this.#left === 0) {
      this.#current = derived(active, key, randomBytes(SALT_BYTES));
      this.#left = EVENTS_OF_A_KEY;
    }
    this.#left--;
    return this.#current;
  }

  /** What a record was encrypted with. */
  of(mark: KeyMark): DerivedKey | KeyLack {
    const key = this.#keys.get(mark.name);
    if (key === undefined) return 'missing';
    const id = `${mark.salt.toString('hex')} ${mark.name}`;
    let found = this.#derived.get(id);
    if (found === undefined) {
      found = derived(mark.name, key, Buffer.from(mark.salt));
      if (this.#derived.size >= KEPT) this.#derived.clear();
      this.#derived.set(id, found);
    }
    return found.check.equals(mark.check) ? found : 'other';
  }
}

/** No keys: what is encrypted cannot be read. */
export const NO_KEYS: Keys = new Keys(new Map(), undefined);

function derived(name: string, key: Buffer, salt: Buffer): DerivedKey {
  const bytes = Buffer.from(hkdfSync('sha256', key, salt, PURPOSE, key.length + CHECK_BYTES));
  const algorithm = key.length === 16 ? 'aes-128-gcm' : key.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
  return { name, salt, check: bytes.subarray(key.length), key: bytes.subarray(0, key.length), algorithm };
}

/**
 * That events cannot be read for want of their key.
 * @param events how many are known to need it
 */
export function keyLacks(owner: string, name: string, lack: KeyLack, events: number): StreamjobError {
  const [many, need] = events === 1 ? ['one event is', 'it needs'] : [`${events} events are`, 'they need'];
  return new StreamjobError(
    'ENCRYPTION_KEY',
    lack === 'missing'
      ? `${owner}: ${many} encrypted with the key ${name}, which is not given`
      : `${owner}: ${many} encrypted with another key than the one that is given as ${name}`,
    {
      where: owner,
      hint:
        lack === 'missing'
          ? `add ${name} to encryption.keyProvider.keys, with its encryption.keyProvider.keys.${name}.file or .env; ${need} it until delivered`
          : `give the key that ${name} was before, and name a new one otherwise; ${need} it until delivered`,
    },
  );
}
