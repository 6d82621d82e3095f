/**
 * What lies on a simulated disk. Everything is there twice: as processes see it, and as it is on the platters, which is what a power
 * cut leaves; between the two stand the changes that were not synced, oldest first.
 */

/** Bytes that grow. */
export class Content {
  #bytes: Buffer;
  #size: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = Buffer.from(bytes);
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  /** All bytes; valid until the next change. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** What lies between an end and a later offset becomes zeros. */
  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.#require(end);
    this.#bytes.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
  }

  /** Cuts it, or makes it longer with zeros. */
  truncate(length: number): void {
    this.#require(length);
    if (length < this.#size) this.#bytes.fill(0, length, this.#size);
    this.#size = length;
  }

  #require(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(length, 2 * this.#bytes.length, 64));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}

/** A change of a file's bytes that is not on the platters. */
export type FileChange =
  | { readonly order: number; readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly order: number; readonly kind: 'truncate'; readonly length: number };

export function applyChange(content: Content, change: FileChange): void {
  if (change.kind === 'write') content.write(change.offset, change.bytes);
  else content.truncate(change.length);
}

interface Common {
  readonly inode: number;
  /** In ms since the epoch, of the host's clock. */
  modifiedMs: number;
  readonly bornMs: number;
}

/** A file. */
export interface FileNode extends Common {
  readonly kind: 'file';
  live: Content;
  readonly durable: Content;
  changes: FileChange[];
  /** How many names it has, as processes see it, and how many have it open: with none of both its room is free. */
  names: number;
  opens: number;
}

/** A directory: names and what they stand for. */
export interface DirectoryNode extends Common {
  readonly kind: 'directory';
  live: Map<string, Inode>;
  readonly durable: Map<string, Inode>;
}

/** The name of a Unix socket. */
export interface SocketNode extends Common {
  readonly kind: 'socket';
  /** Who listens there; undefined once it is gone. */
  listener: object | undefined;
}

export type Inode = FileNode | DirectoryNode | SocketNode;

/** A change of names that is not on the platters. It touches one directory, or two when something moves between them. */
export interface NameChange {
  readonly order: number;
  readonly node: Inode;
  /** The name that it loses. */
  readonly from?: { readonly directory: DirectoryNode; readonly name: string };
  /** The name that it gets. */
  readonly to?: { readonly directory: DirectoryNode; readonly name: string };
}

export function applyNameChange({ node, from, to }: NameChange): void {
  // Something else may have got the name since.
  if (from !== undefined && from.directory.durable.get(from.name) === node) from.directory.durable.delete(from.name);
  if (to !== undefined) to.directory.durable.set(to.name, node);
}

/** The names that a change touches, each as a key. */
function keysOf({ from, to }: NameChange): string[] {
  return [from, to].flatMap((place) => (place === undefined ? [] : [`${place.directory.inode}/${place.name}`]));
}

/**
 * The changes that come to the platters when those do that are `wanted`, in their order: a name that is changed twice is never there
 * as of the later change alone.
 */
export function withEarlier(changes: readonly NameChange[], wanted: (change: NameChange) => boolean): NameChange[] {
  const needed = new Set<string>();
  return changes
    .toReversed()
    .filter((change) => {
      const keys = keysOf(change);
      if (!wanted(change) && !keys.some((key) => needed.has(key))) return false;
      for (const key of keys) needed.add(key);
      return true;
    })
    .reverse();
}
