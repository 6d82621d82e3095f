/** Results on stdout, for as long as somebody reads them. */
import { once } from 'node:events';

/** Nobody reads stdout any more: the command has stopped, and ends with a code of its own. */
export class OutputClosed extends Error {}

/**
 * Writes to stdout, and waits while who reads it is slower.
 * @param signal ends the wait
 * @throws OutputClosed when nobody reads it any more
 */
export async function writeOut(text: string, signal?: AbortSignal): Promise<void> {
  const { stdout } = process;
  const closed = new OutputClosed('stdout is closed');
  if (!stdout.writable) throw closed;
  if (stdout.write(text)) return;
  try {
    await once(stdout, 'drain', signal === undefined ? {} : { signal });
  } catch {
    if (signal?.aborted !== true) throw closed;
  }
}
