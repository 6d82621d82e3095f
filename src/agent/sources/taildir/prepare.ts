/** What must be there before the first look: the directories of the groups, and a position file that can be read and written. */
import path from 'node:path';
import { messageOf, StreamjobError, systemCodeOf } from '../../../core/errors.ts';
import { fileError, nodeFiles } from '../../../core/files.ts';
import { fs } from '../../../core/machine.ts';
import type { SourceContext } from '../source.ts';
import type { FileGroup } from './groups.ts';
import type { PositionFile } from './position-file.ts';
import type { Position } from './tail.ts';

/**
 * Checks the directories and reads the position file.
 * @returns the positions of a former run
 * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS
 */
export async function prepare(
  groups: readonly FileGroup[],
  file: PositionFile,
  { log, name }: SourceContext,
): Promise<readonly Position[]> {
  const where = `source ${name}`;
  for (const group of groups) await checkDirectory(group, where);
  try {
    const directory = path.dirname(file.path);
    await nodeFiles.makeDirectory(directory);
    await fs.access(directory, fs.constants.W_OK);
    const { positions, damage } = await file.read();
    if (damage !== undefined) {
      log.warn(
        { file: file.path, damage },
        `source ${name}: the position file ${file.path} is damaged: ${damage}. Files without an entry are read as new ones, so that events may come twice`,
      );
    }
    return positions;
  } catch (error) {
    throw fileError(error, `the position file ${file.path} of positionFile cannot be used`, where);
  }
}

async function checkDirectory({ name, directory }: FileGroup, where: string): Promise<void> {
  try {
    if (!(await fs.stat(directory)).isDirectory()) throw new Error('it is no directory');
    await fs.access(directory, fs.constants.R_OK | fs.constants.X_OK);
  } catch (cause) {
    const missing = systemCodeOf(cause) === 'ENOENT';
    throw new StreamjobError(
      missing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS',
      missing
        ? `the directory of filegroups.${name} does not exist: ${directory}`
        : `the directory of filegroups.${name} cannot be used: ${directory}: ${messageOf(cause)}`,
      {
        where,
        hint: missing
          ? `make the directory, or correct filegroups.${name}`
          : 'give this user the right to list it, and to read its files',
        cause,
      },
    );
  }
}
