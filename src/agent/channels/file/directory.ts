/** The directory of a file channel, before it is opened. */
import fs from 'node:fs/promises';
import { messageOf, StreamjobError } from '../../../core/errors.ts';

/**
 * Makes the directory; refuses one that holds the data of Flume's own file channel, whose events would be left behind.
 * @throws StreamjobError FILE_ACCESS, CONFIG_INVALID
 */
export async function makeDirectory(directory: string, owner: string): Promise<void> {
  let names: string[];
  try {
    await fs.mkdir(directory, { recursive: true });
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
