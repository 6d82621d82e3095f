/** The integrity tool of file channels: what it looks for in directories, and what it mends. */
import type { PlainEvent } from '../../../../core/event.ts';
import { fileError } from '../../../../core/files.ts';
import { lockDirectory } from '../../../../durable/lock.ts';
import type { Keys } from '../keys/keys.ts';
import { type Inspection, inspect, isClean, namesIn } from './inspect.ts';
import { type Repaired, repair } from './repair.ts';

export { type EventValidator, type Inspection, isClean } from './inspect.ts';
export type { Repaired } from './repair.ts';

/** What the tool is to do. */
export interface IntegrityOptions {
  readonly keys: Keys;
  readonly validate?: (event: PlainEvent) => boolean;
  /** Whether damaged events, and those that are refused, are removed. */
  readonly repair: boolean;
}

/** What was found, and what was done. */
export interface Integrity {
  readonly inspection: Inspection;
  /** Undefined: nothing was changed. */
  readonly repaired: Repaired | undefined;
}

/**
 * Looks through one directory, and repairs it if that is wanted and something is damaged.
 * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, CONFIG_INVALID, CHANNEL_LOCKED, CHANNEL_FULL; what `validate` throws
 */
export async function checkIntegrity(directory: string, options: IntegrityOptions): Promise<Integrity> {
  const owner = 'the integrity tool';
  await namesIn(directory);
  const lock = await lockDirectory(directory, owner, {
    code: 'CHANNEL_LOCKED',
    message: `${owner} cannot look into ${directory}: a channel uses it`,
    hint: 'stop the agent first',
  });
  try {
    const inspection = await inspect(directory, options);
    const repaired = options.repair && !isClean(inspection) ? await repair(inspection) : undefined;
    return { inspection, repaired };
  } catch (error) {
    throw fileError(error, `${owner} cannot go on in ${directory}`, directory);
  } finally {
    await lock.release();
  }
}
