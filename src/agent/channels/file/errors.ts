/** Errors of lmdb and of the disk below it, in words. */
import { messageOf, StreamjobError } from '../../../core/errors.ts';

/** That lmdb cannot open a store. */
export function notOpened(directory: string, cause: unknown): StreamjobError {
  const damaged = /MDB_(INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND|PANIC)|not an LMDB file/i.test(
    messageOf(cause),
  );
  return new StreamjobError(
    damaged ? 'CHANNEL_CORRUPT' : 'FILE_ACCESS',
    `the file channel's database in ${directory} cannot be opened: ${messageOf(cause)}`,
    { where: directory, hint: 'restore the directory, or move it away to start with an empty channel', cause },
  );
}

/** That a store cannot be read or written. */
export function unusable(directory: string, what: 'read' | 'written', cause: unknown): StreamjobError {
  return new StreamjobError('FILE_ACCESS', `the file channel in ${directory} cannot be ${what}: ${messageOf(cause)}`, {
    where: directory,
    hint: 'check the disk and the permissions of the directory',
    cause,
  });
}
