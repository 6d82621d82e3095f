/** One file that is being tailed: how far it was delivered, and what proves that it is still that file. */
import { createHash } from 'node:crypto';
import { NEWLINE } from './cut-line.ts';
import type { FileState } from './directory.ts';
import type { FileGroup } from './groups.ts';

/** How many bytes before a position prove that a file is the one that the position was noted of. */
export const PROOF_BYTES = 1024;

/** What is known of the bytes before a position. */
export type Proof =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'digest'; readonly length: number; readonly digest: string }
  /** Nothing, as of a position that Flume has written. @param newline whether at least a line must end there */
  | { readonly kind: 'none'; readonly newline: boolean };

/** Where a file was found. */
export interface Place {
  readonly group: FileGroup;
  /** The path by which it belongs to the group. */
  readonly name: string;
  /** Where it is: another path than `name` when it was renamed to one that is of no group. */
  readonly path: string;
  readonly state: FileState;
  /** Whether it is the file that is looked for, and not another one that has its inode: only that can have been written anew. */
  readonly sure: boolean;
}

/** How far a file was delivered, as the position file has it. */
export interface Position {
  readonly inode: bigint;
  /** In bytes from the begin of the file. */
  readonly pos: number;
  /** The path by which the file belongs to a group. */
  readonly file: string;
  /** Proves that a file is the one; undefined where nothing is known of it. */
  readonly fingerprint: string | undefined;
  /** When the file was made, in ns; undefined where that is not known. */
  readonly bornNs: bigint | undefined;
}

/** A file that is tailed. */
export class Tail {
  readonly key: string;
  readonly inode: bigint;
  /** As of FileState. */
  bornNs: bigint;
  /** Rises from one look that found new files to the next. */
  readonly knownAs: number;
  group: FileGroup;
  /** The path by which it belongs to its group; headers and position file have it. */
  name: string;
  /** Where it is now. */
  path: string;
  /** As of Place. */
  sure: boolean;
  #pos = 0;
  #proof: Proof = { kind: 'bytes', bytes: Buffer.alloc(0) };
  #fingerprint: string | undefined;
  /** Its state when all lines were read that it had then; undefined: there may be more. */
  read: FileState | undefined;
  /** Its state at the last look. */
  seen: FileState | undefined;
  /** When it was found changed last, by the source's clock, in ms since the epoch. */
  changedAt: number;
  /** Since when no name leads to it any more, in ms since the epoch. */
  goneSince: number | undefined;
  /** Whether it ends with bytes that are no line yet. */
  held = false;
  /** Whether it turned out that its inode is that of a file that is of no group. */
  isForeign = false;

  /**
   * @param knownAs the number of the look that found it first
   * @param now by the source's clock, in ms since the epoch
   */
  constructor({ group, name, path, state, sure }: Place, knownAs: number, now: number) {
    this.knownAs = knownAs;
    this.key = state.key;
    this.inode = state.inode;
    this.bornNs = state.bornNs;
    this.group = group;
    this.name = name;
    this.path = path;
    this.sure = sure;
    this.changedAt = now;
  }

  get pos(): number {
    return this.#pos;
  }

  /** What is known of the bytes before the position. */
  get proof(): Proof {
    return this.#proof;
  }

  /** What the position file has of it. */
  get position(): Position {
    this.#fingerprint ??= this.#proof.kind === 'bytes' ? fingerprintOf(this.#proof.bytes) : undefined;
    return { inode: this.inode, pos: this.#pos, file: this.name, fingerprint: this.#fingerprint, bornNs: this.bornNs };
  }

  /** Whether it was renamed to a name that is of no group. */
  get isStray(): boolean {
    return this.path !== this.name;
  }

  /** It is here now. */
  moveTo({ group, name, path, state, sure }: Place): void {
    this.sure = sure;
    this.goneSince = undefined;
    if (state.bornNs > 0n) this.bornNs = state.bornNs;
    this.group = group;
    this.name = name;
    this.path = path;
  }

  /** It was looked at. */
  look(state: FileState, now: number): void {
    if (this.seen !== undefined && this.seen.size !== state.size) this.changedAt = now;
    else if (this.seen !== undefined && this.seen.mtimeNs !== state.mtimeNs) this.changedAt = now;
    this.seen = state;
  }

  /** What is before `pos` is delivered. */
  advance(pos: number, proof: Proof): void {
    this.#pos = pos;
    this.#proof = proof;
    this.#fingerprint = proof.kind === 'digest' ? `${proof.length}:${proof.digest}` : undefined;
  }

  /** What was noted does not hold: it is read from its start. */
  restart(): void {
    this.advance(0, { kind: 'bytes', bytes: Buffer.alloc(0) });
    this.read = undefined;
    this.held = false;
  }
}

/** The fingerprint of the bytes before a position, as text: how many they are, and the begin of their SHA-256. */
export function fingerprintOf(bytes: Buffer): string {
  return `${bytes.length}:${digestOf(bytes)}`;
}

/** Whether bytes are those that a proof is of. */
export function proves(proof: Proof, bytes: Buffer): boolean {
  if (proof.kind === 'bytes') return bytes.equals(proof.bytes);
  if (proof.kind === 'digest') return digestOf(bytes) === proof.digest;
  return !proof.newline || bytes.at(-1) === NEWLINE;
}

/** How many bytes before a position are read for its proof. */
export function proofLength(proof: Proof, pos: number): number {
  if (proof.kind === 'bytes') return proof.bytes.length;
  return proof.kind === 'digest' ? proof.length : Math.min(pos, PROOF_BYTES);
}

/** The proof that a fingerprint is; none when it is not one for that position. */
export function proofOf(fingerprint: string | undefined, pos: number, newline: boolean): Proof {
  const [, digits = '', digest = ''] = /^(\d{1,4}):([0-9a-f]{32})$/.exec(fingerprint ?? '') ?? [];
  const length = Number(digits);
  if (digest === '' || length !== Math.min(pos, PROOF_BYTES)) return { kind: 'none', newline };
  return { kind: 'digest', length, digest };
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
