/**
 * One owner per directory. The lock is a listening Unix socket in the directory: the kernel ends it with the process,
 * however that dies, so no stale lock is left that a person has to remove; it holds between containers that share the
 * directory too, where process ids would mean nothing. The name appears by link(2), which fails when it exists.
 */
import type { Server } from 'node:net';
import path from 'node:path';
import { type ErrorCode, messageOf, StreamjobError, systemCodeOf } from '../core/errors.ts';
import { fs, net, uuid } from '../core/machine.ts';

const NAME = 'in_use.sock';
const ATTEMPTS = 5;

/** A held lock. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** What is said when another owner lives. */
export interface LockedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/**
 * Locks a directory that exists.
 * @param owner for messages
 * @throws StreamjobError with `locked` when another owner lives, FILE_ACCESS when the directory cannot hold a lock
 */
export async function lockDirectory(directory: string, owner: string, locked: LockedError): Promise<DirectoryLock> {
  const handle = await fs.open(directory, 'r');
  try {
    return await lockVia(directory, shortPath(directory, handle.fd), locked);
  } catch (error) {
    if (error instanceof StreamjobError) throw error;
    throw new StreamjobError('FILE_ACCESS', `${owner} cannot lock ${directory}: ${messageOf(error)}`, {
      where: directory,
      hint: 'the directory must be writable and on a file system that has Unix sockets and hard links',
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

/** Whether the directory has, or had, an owner: between the making of a directory and its lock it has none yet. */
export async function wasLocked(directory: string): Promise<boolean> {
  return (await fs.readdir(directory)).includes(NAME);
}

/** Whether an owner lives. Nothing is changed. @throws what opening the directory throws */
export async function isLocked(directory: string): Promise<boolean> {
  const handle = await fs.open(directory, 'r');
  try {
    const lock = path.join(shortPath(directory, handle.fd), NAME);
    return await answers(lock);
  } finally {
    await handle.close();
  }
}

/** The name of a Unix socket has room for some 100 bytes only; Linux lets us name the directory by its descriptor. */
function shortPath(directory: string, fd: number): string {
  return process.platform === 'linux' ? `/proc/self/fd/${fd}` : directory;
}

async function lockVia(directory: string, short: string, locked: LockedError): Promise<DirectoryLock> {
  const own = `in_use.${uuid().slice(0, 8)}.sock`;
  const server = await listen(path.join(short, own));
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await linked(directory, own)) {
        await fs.rm(path.join(directory, own), { force: true });
        return { release: () => release(directory, server) };
      }
      if (await answers(path.join(short, NAME))) break;
      await removeStale(directory, short);
    }
  } catch (error) {
    await close(server);
    throw error;
  }
  await close(server);
  await fs.rm(path.join(directory, own), { force: true });
  throw new StreamjobError(locked.code, locked.message, { where: directory, hint: locked.hint });
}

async function linked(directory: string, own: string): Promise<boolean> {
  try {
    await fs.link(path.join(directory, own), path.join(directory, NAME));
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the dead name away before it is removed, so that a live lock that came in between is seen and put back. */
async function removeStale(directory: string, short: string): Promise<void> {
  const stale = `in_use.${uuid().slice(0, 8)}.old`;
  try {
    await fs.rename(path.join(directory, NAME), path.join(directory, stale));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (await answers(path.join(short, stale))) await fs.link(path.join(directory, stale), path.join(directory, NAME));
  await fs.rm(path.join(directory, stale), { force: true });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Refused: nobody listens. No such name: it went away. Anything else: rather believe that it is held.
    socket.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(systemCodeOf(error) ?? '')));
  });
}

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

async function release(directory: string, server: Server): Promise<void> {
  await fs.rm(path.join(directory, NAME), { force: true });
  await close(server);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
