/** Errors of system calls, as Node makes them: with code, errno, syscall, and what the call was about. */
import { constants } from 'node:os';

const TEXTS = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'address not available',
  EBADF: 'bad file descriptor',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EEXIST: 'file already exists',
  EINVAL: 'invalid argument',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
  EPIPE: 'broken pipe',
  EROFS: 'read-only file system',
  ETIMEDOUT: 'connection timed out',
} as const;

/** Codes of errors that a simulated machine makes. */
export type SystemCode = keyof typeof TEXTS;

/** The error of a call of the file system. */
export function fileSystemError(code: SystemCode, syscall: string, path?: string, dest?: string): Error {
  const from = path === undefined ? '' : ` '${path}'`;
  const to = dest === undefined ? '' : ` -> '${dest}'`;
  return Object.assign(new Error(`${code}: ${TEXTS[code]}, ${syscall}${from}${to}`), {
    errno: -constants.errno[code],
    code,
    syscall,
    ...(path === undefined ? {} : { path }),
    ...(dest === undefined ? {} : { dest }),
  });
}

/** The error of a call of the network. @param about the other side's address, or that which was asked for */
export function networkError(code: SystemCode, syscall: string, about?: NetworkAddress): Error {
  const shown = about === undefined ? '' : ` ${about.address}${about.port === undefined ? '' : `:${about.port}`}`;
  const text = syscall === 'listen' ? `listen ${code}: ${TEXTS[code]}${shown}` : `${syscall} ${code}${shown}`;
  return Object.assign(new Error(text), { errno: -constants.errno[code], code, syscall, ...about });
}

/** What an error of the network is about. */
export interface NetworkAddress {
  readonly address: string;
  readonly port?: number | undefined;
}
