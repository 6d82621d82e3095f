/** A file handle of Node's `fs/promises`, on a simulated disk. */
import type { BigIntStats, Stats } from 'node:fs';
import { fileSystemError } from '../errors.ts';
import { type StatOptions, statsOf } from './stats.ts';
import type { DiskView, OpenFile } from './view.ts';

/** What is written: bytes, or a text in UTF-8. */
export type Written = string | Uint8Array;

/** Options as Node takes them where a text can be asked for: an encoding, or an object with one. */
export type Encoding = BufferEncoding | { readonly encoding?: BufferEncoding | null } | null | undefined;

export function encodingOf(options: Encoding): BufferEncoding | undefined {
  return (typeof options === 'object' ? options?.encoding : options) ?? undefined;
}

/** A part of a buffer, as Node's calls name it: by three arguments or by an object. */
interface Part {
  readonly offset?: number | null | undefined;
  readonly length?: number | null | undefined;
  readonly position?: number | bigint | null | undefined;
}

/** A file handle. */
export class SimFileHandle {
  readonly #view: DiskView;
  readonly #open: OpenFile;
  #closing: Promise<void> | undefined;

  constructor(view: DiskView, open: OpenFile) {
    this.#view = view;
    this.#open = open;
  }

  get fd(): number {
    return this.#closing === undefined ? this.#open.fd : -1;
  }

  async read<B extends Uint8Array>(
    into: B,
    offset?: number | Part | null,
    length?: number | null,
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffer: B }> {
    const part = typeof offset === 'object' && offset !== null ? offset : { offset, length, position };
    const from = part.offset ?? 0;
    const target = into.subarray(from, from + (part.length ?? into.length - from));
    const bytesRead = await this.#view.call('read', this.#open.path, (fault) =>
      this.#view.read(this.#open, target, positionOf(part.position), fault),
    );
    return { bytesRead, buffer: into };
  }

  async readFile(options?: Encoding): Promise<Buffer | string> {
    const bytes = await this.#view.call('read', this.#open.path, (fault) => {
      const { node, position } = this.#open;
      const into = Buffer.alloc(node.kind === 'file' ? Math.max(0, node.live.size - position) : 0);
      this.#view.read(this.#open, into, undefined, fault);
      return into;
    });
    const encoding = encodingOf(options);
    return encoding === undefined ? bytes : bytes.toString(encoding);
  }

  async write<B extends Written>(
    what: B,
    offset?: number | Part | null,
    length?: number | BufferEncoding | null,
    position?: number | bigint | null,
  ): Promise<{ bytesWritten: number; buffer: B }> {
    const bytes = bytesOf(what);
    const given = { offset, length: typeof length === 'number' ? length : undefined, position };
    // Of a text the second argument is the position.
    const text = { position: typeof offset === 'number' ? offset : undefined };
    const part: Part =
      typeof what === 'string' ? text : typeof offset === 'object' && offset !== null ? offset : (given as Part);
    const from = part.offset ?? 0;
    const piece = bytes.subarray(from, from + (part.length ?? bytes.length - from));
    return { bytesWritten: await this.#write(piece, positionOf(part.position)), buffer: what };
  }

  async writev<B extends readonly Uint8Array[]>(
    buffers: B,
    position?: number,
  ): Promise<{ bytesWritten: number; buffers: B }> {
    return { bytesWritten: await this.#write(Buffer.concat(buffers), positionOf(position)), buffers };
  }

  /** As Node's: in one piece or, on a disk that fills up, in several, until all is written or one fails. */
  async writeFile(what: Written): Promise<void> {
    for (let left = bytesOf(what); left.length > 0; ) left = left.subarray(await this.#write(left, undefined));
  }

  appendFile(what: Written): Promise<void> {
    return this.writeFile(what);
  }

  truncate(length = 0): Promise<void> {
    const { node, path } = this.#open;
    return this.#view.call('truncate', path, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'ftruncate');
      if (node.kind !== 'file' || !this.#open.flags.write) throw fileSystemError('EINVAL', 'ftruncate');
      this.#view.disk.system.truncate(node, length);
    });
  }

  sync(): Promise<void> {
    return this.#sync('fsync');
  }

  datasync(): Promise<void> {
    return this.#sync('fdatasync');
  }

  stat(options?: StatOptions): Promise<Stats | BigIntStats> {
    return this.#view.call('stat', this.#open.path, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'fstat');
      return statsOf(this.#open.node, options);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#view.call('close', this.#open.path, (fault) => this.#view.close(this.#open, fault));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(bytes: Uint8Array, position: number | undefined): Promise<number> {
    return this.#view.call('write', this.#open.path, (fault) => this.#view.write(this.#open, bytes, position, fault));
  }

  #sync(syscall: string): Promise<void> {
    const { disk } = this.#view;
    // What is written from now on may be too late for it.
    const { order } = disk.system;
    return this.#view.call('sync', this.#open.path, (fault) => disk.sync(this.#open.node, order, syscall, fault));
  }
}

function bytesOf(what: Written): Uint8Array {
  return typeof what === 'string' ? Buffer.from(what) : what;
}

function positionOf(position: number | bigint | null | undefined): number | undefined {
  return position === null || position === undefined || position < 0 ? undefined : Number(position);
}
