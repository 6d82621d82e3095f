/**
 * The file-system seam: all that is to survive a crash goes through it, so that tests can let the n-th write, fsync or rename
 * fail, and can forget what was written but not synced, as a power cut does (a kill -9 does not: the kernel keeps it).
 */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { StreamjobError, systemCodeOf } from './errors.ts';
import { fs, fsSync, ofProcess } from './machine.ts';

/** A file that is appended to. */
export interface AppendFile {
  /** Appends the parts, one behind the other, whole or with an error. Not durable before `sync`. */
  append(parts: readonly Uint8Array[]): Promise<void>;
  /** Resolves when all that was appended is on disk. After a failure nothing more may be appended: see fsync(2). */
  sync(): Promise<void>;
  /** Cuts the file to `length` bytes. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The file-system seam. Paths are absolute or relative to the working directory; sizes are in bytes. */
export interface Files {
  /** Opens a new file to append to it. @throws when it exists */
  create(file: string): Promise<AppendFile>;
  /** Cuts a file that exists, durably. @param from what is left behind that byte is written once more; left out: nothing is */
  truncate(file: string, length: number, from?: number): Promise<void>;
  read(file: string): Promise<Buffer>;
  /** A part of a file; shorter when the file ends before. */
  readAt(file: string, offset: number, length: number): Promise<Buffer>;
  size(file: string): Promise<number>;
  /** Names in a directory, sorted. @param beginning of the names; others are not listed */
  list(directory: string, beginning?: string): Promise<string[]>;
  /** Makes a directory and those above it, where they are not there; when it resolves their names are on disk. */
  makeDirectory(directory: string): Promise<void>;
  /** Removes a file, or a directory with all that is in it; nothing happens when there is none. */
  remove(target: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Resolves when the names in the directory are on disk. */
  syncDirectory(directory: string): Promise<void>;
}

/** Files of this machine. */
export const nodeFiles: Files = {
  create: async (file) => appendFile(await fs.open(file, 'ax')),
  async truncate(file, length, from = length) {
    const handle = await fs.open(file, 'r+');
    try {
      await handle.truncate(length);
      if (from < length) await writeAgain(handle, from, length);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  read: (file) => fs.readFile(file),
  async readAt(file, offset, length) {
    const handle = await fs.open(file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    } finally {
      await handle.close();
    }
  },
  size: async (file) => (await fs.stat(file)).size,
  list: async (directory, beginning = '') =>
    (await fs.readdir(directory)).filter((name) => name.startsWith(beginning)).sort(),
  makeDirectory,
  remove: (target) => fs.rm(target, { recursive: true, force: true }),
  rename: (from, to) => fs.rename(from, to),
  syncDirectory,
};

/** A part of a file; shorter when the file ends before. Blocks the thread: it is for one that has nothing else to do. */
export function readPartSync(file: string, offset: number, length: number): Buffer {
  const opened = fsSync.openSync(file, 'r');
  try {
    return readOpenSync(opened, offset, length);
  } finally {
    fsSync.closeSync(opened);
  }
}

/** The same of a file that is open. */
export function readOpenSync(opened: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  for (let more = 1; filled < length && more > 0; filled += more) {
    more = fsSync.readSync(opened, bytes, filled, length - filled, offset + filled);
  }
  return bytes.subarray(0, filled);
}

async function writeAgain(handle: FileHandle, from: number, end: number): Promise<void> {
  const part = Buffer.allocUnsafe(Math.min(end - from, 1024 * 1024));
  for (let at = from; at < end; ) {
    const { bytesRead } = await handle.read(part, 0, Math.min(part.length, end - at), at);
    if (bytesRead === 0) return;
    for (let done = 0; done < bytesRead; ) {
      done += (await handle.write(part, done, bytesRead - done, at + done)).bytesWritten;
    }
    at += bytesRead;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Directories whose names this process knows to be on disk. */
const durableDirectories = ofProcess(() => new Set<string>());

/**
 * Makes a directory and those above it, and syncs their names: a directory whose name is not on disk is gone after a power cut, with
 * all that was synced in it. One that is there already may have been made by a process that was killed before it could sync it. Node's own way, `recursive`, never ends where the system says that there is no such directory
 * although the one above is there, as it does in /proc.
 */
async function makeDirectory(directory: string): Promise<void> {
  const target = path.resolve(directory);
  const known = durableDirectories();
  const missing: string[] = [];
  for (let at = target; ; at = path.dirname(at)) {
    const found = await fs.stat(at).catch((error: unknown) => {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found?.isDirectory() === false) {
      throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${at}'`), { code: 'ENOTDIR' });
    }
    if (found !== undefined) break;
    missing.unshift(at);
  }
  for (const each of missing) {
    await fs.mkdir(each).catch((error: unknown) => {
      // Somebody else was faster.
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    });
    await syncDirectory(path.dirname(each));
  }
  if (missing.length > 0 || known.has(target)) return;
  await syncDirectory(path.dirname(target)).catch((error: unknown) => {
    // Who may not look into the directory above did not make this one.
    if (!['EACCES', 'EPERM'].includes(systemCodeOf(error) ?? '')) throw error;
  });
  known.add(target);
}

function appendFile(handle: FileHandle): AppendFile {
  return {
    async append(parts) {
      let left = parts.filter((part) => part.length > 0);
      while (left.length > 0) {
        // A disk that fills up takes a part of it first: the rest is tried, and that fails with the reason.
        const { bytesWritten } = await handle.writev(left);
        left = after(left, bytesWritten);
      }
    },
    // The data and the length; not the time of change, which costs a second write of the inode.
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

/** What is left of `parts` behind their first `bytes`. */
function after(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  const left: Uint8Array[] = [];
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length;
    else {
      left.push(part.subarray(skip));
      skip = 0;
    }
  }
  return left;
}

/** What went wrong with a file as the error that says so, with what to do. */
export function fileError(thrown: unknown, what: string, where: string): StreamjobError {
  if (thrown instanceof StreamjobError) return thrown;
  const code = systemCodeOf(thrown);
  const hints: Readonly<Record<string, string>> = {
    ENOSPC: 'the disk is full: make room; what was not logged was not acknowledged, and it goes on by itself',
    EDQUOT: 'the quota is used up: make room; what was not logged was not acknowledged, and it goes on by itself',
    EACCES: 'give the user of this process the right to write there',
    EPERM: 'give the user of this process the right to write there',
    ECONNREFUSED: 'see that S3 runs, and that AWS_ENDPOINT_URL_S3 says where',
    ENOTFOUND: 'see that S3 runs, and that AWS_ENDPOINT_URL_S3 says where',
    NoRegion: 'say with AWS_REGION where the bucket is; for another server than AWS has, AWS_ENDPOINT_URL_S3 says it',
    NoSuchBucket: 'make the bucket, or name another one',
    NoCredentials:
      'give this process its keys as any other that uses S3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role',
    EROFS: 'the file system is mounted read-only: mount it for writing, or choose another directory',
  };
  const hint = hints[code ?? ''] ?? 'see the cause; look at the disk and the rights of its directory';
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new StreamjobError('FILE_ACCESS', `${what}: ${reason}`, { where, hint, cause: thrown });
}
