/** The directory of a file channel, before it is opened. */

import path from 'node:path';
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import { nodeFiles } from '../../../core/files.ts';
import { fs } from '../../../core/machine.ts';

/**
 * Makes the directory, durably; refuses one that holds the data of Flume's own file channel, whose events would be left behind.
 * @throws StreamjobError FILE_ACCESS, CONFIG_INVALID
 */
export async function makeDirectory(directory: string, owner: string): Promise<void> {
  let names: string[];
  try {
    await nodeFiles.makeDirectory(directory);
    names = await fs.readdir(directory);
  } catch (cause) {
    throw new StreamjobError('FILE_ACCESS', `${owner} cannot use ${directory}: ${messageOf(cause)}`, {
      where: directory,
      hint: 'give a directory that this user may write to',
      cause,
    });
  }
  if (!names.some((name) => /^log-\d+$/.test(name))) return;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `${directory} holds the data of Flume's own file channel, which is not read here`,
    {
      where: owner,
      hint: 'let Flume deliver its events first, or give another dataDirs',
    },
  );
}

/** The first of a list: one directory is enough for a store that appends to one file. */
export function directoryOf(dataDirs: string): string {
  return path.resolve((dataDirs.split(',')[0] ?? '').trim());
}
