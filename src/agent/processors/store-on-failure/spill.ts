/** The spill of a store_on_failure group: a file channel of its own, bounded in bytes, and the way into it. */
import { StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Channel } from '../../channels/channel.ts';
import { file } from '../../channels/file.ts';
import { putAll } from '../../channels/put-all.ts';
import type { ChannelCounters } from '../../component/counters.ts';
import { Problems } from '../../component/problems.ts';
import type { Setting, Settings } from '../../component/settings.ts';
import type { ProcessorContext } from '../processor.ts';

/** One move takes at most so much into memory beside the channel. */
const MOVE_EVENTS = 1000;
const MOVE_BYTES = 4 * 1024 * 1024;

/** How a spill is bounded. */
export interface SpillLimits {
  readonly directory: string;
  /** Bytes that events take in it at most. */
  readonly maxBytes: number;
  /** Bytes of the disk that it leaves free. */
  readonly minimumRequiredSpace: number;
  /** The properties of encryption, without their prefix. */
  readonly encryption: Settings;
}

/** Makes the spill; nothing is opened yet. */
export function makeSpill(
  { name, log, clock }: ProcessorContext,
  counters: ChannelCounters,
  limits: SpillLimits,
): Channel {
  const properties = {
    dataDirs: limits.directory,
    byteCapacity: limits.maxBytes,
    minimumRequiredSpace: limits.minimumRequiredSpace,
    capacity: Number.MAX_SAFE_INTEGER,
    transactionCapacity: Number.MAX_SAFE_INTEGER,
    'keep-alive': 0,
  };
  const settings = new Map<string, Setting>(
    Object.entries(properties).map(([key, value]) => [key, { key, value: String(value), line: 0 }]),
  );
  for (const [name, setting] of limits.encryption) settings.set(`encryption.${name}`, setting);
  const owner = `spill of ${name}`;
  const problems = new Problems(owner);
  const channel = file.configure(settings, { owner, line: undefined, problems });
  problems.throwIfAny();
  if (channel === undefined) throw new StreamjobError('CONFIG_INVALID', `the ${owner} cannot be used`);
  return channel.create({ name: owner, log, clock, counters });
}

/**
 * Moves what `from` has now, up to a bound, to the end of `to`: there it is synced before it is taken out of `from`.
 * @returns how many events were moved
 * @throws StreamjobError of the channels; then the events are where they were
 */
export async function move(from: Channel, to: Channel): Promise<number> {
  const transaction = from.transaction();
  transaction.begin();
  try {
    const events = takeSome(() => transaction.take(), Math.min(MOVE_EVENTS, from.transactionCapacity));
    if (events.length > 0) await putAll(to, events);
    await transaction.commit();
    return events.length;
  } catch (error) {
    await transaction.rollback();
    throw error;
  } finally {
    transaction.close();
  }
}

function takeSome(take: () => PlainEvent | undefined, most: number): PlainEvent[] {
  const events: PlainEvent[] = [];
  for (let bytes = 0; events.length < most && bytes < MOVE_BYTES; ) {
    const event = take();
    if (event === undefined) break;
    events.push(event);
    bytes += event.body.length;
  }
  return events;
}
