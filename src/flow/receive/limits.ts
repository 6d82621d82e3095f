/** The limits that the receivers of Flume's events hold strangers to: what users may set, and their defaults. */
import { DEFAULT_EVENT_LIMITS, type EventLimits } from '../../avro/event-check.ts';
import { count, type OptionTable, type SizeLike, size, sizeBytes } from '../../core/options.ts';

/** What one request, or one batch of a sink, may hold. What holds more is refused with the reason. */
export interface EventLimitOptions {
  /** Events of one request. Default 100,000. */
  readonly maxEvents?: number;
  /** Headers of one event. Default 1000. */
  readonly maxHeaders?: number;
  /** Headers of one event: bytes, or a text such as '256KiB', the default. */
  readonly maxHeaderBytes?: SizeLike;
}

export const EVENT_LIMIT_OPTIONS: OptionTable<EventLimitOptions> = {
  maxEvents: count({ min: 1 }),
  maxHeaders: count({ min: 1 }),
  maxHeaderBytes: size({}),
};

/** @param options checked already */
export function eventLimits(options: EventLimitOptions): EventLimits {
  const { maxEvents, maxHeaders, maxHeaderBytes } = options;
  return {
    maxEvents: maxEvents ?? DEFAULT_EVENT_LIMITS.maxEvents,
    maxHeaders: maxHeaders ?? DEFAULT_EVENT_LIMITS.maxHeaders,
    maxHeaderBytes: sizeBytes(maxHeaderBytes ?? DEFAULT_EVENT_LIMITS.maxHeaderBytes, 'maxHeaderBytes'),
  };
}
