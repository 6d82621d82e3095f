/** What must be there before the first scan: the spooling directory, and a tracker directory that can be written. */
import { messageOf, StreamjobError, systemCodeOf } from '../../../core/errors.ts';
import { fs } from '../../../core/machine.ts';

/**
 * Checks the directories, and makes the tracker directory.
 * @param renames whether files of the spooling directory are to be renamed
 * @param where the source, for people
 * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS
 */
export async function prepare(directory: string, trackerDir: string, renames: boolean, where: string): Promise<void> {
  try {
    await fs.access(directory, renames ? fs.constants.R_OK | fs.constants.W_OK : fs.constants.R_OK);
    await fs.mkdir(trackerDir, { recursive: true });
    await fs.access(trackerDir, fs.constants.W_OK);
  } catch (cause) {
    const missing = systemCodeOf(cause) === 'ENOENT';
    throw new StreamjobError(
      missing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS',
      missing
        ? `the spooling directory ${directory} does not exist`
        : `the spooling directory ${directory} cannot be used: ${messageOf(cause)}`,
      {
        where,
        hint: missing
          ? 'make the directory, or correct spoolDir'
          : 'give this user the right to read and write it; for a directory that must not be written set trackingPolicy = tracker_dir and a trackerDir elsewhere',
        cause,
      },
    );
  }
}
