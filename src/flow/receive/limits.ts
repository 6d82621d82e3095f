/** The limits that the receivers of Flume's events hold strangers to: what users may set, and their defaults. */
import { DEFAULT_EVENT_LIMITS } from '../../avro/event-check.ts';
import { count, type OptionTable, type SizeLike, size } from '../../core/options.ts';

/** What one request, or one batch of a sink, may hold. What holds more is refused with the reason. */
export interface EventLimitOptions {
  /** Events of one request. Default 100,000. */
  readonly maxEvents?: number;
  /** Headers of one event. Default 1000. */
  readonly maxHeaders?: number;
  /** Headers of one event: bytes, or a text such as '256KiB', the default. */
  readonly maxHeaderBytes?: SizeLike;
}

export const EVENT_LIMIT_OPTIONS = {
  maxEvents: count({
    min: 1,
    default: DEFAULT_EVENT_LIMITS.maxEvents,
    unit: 'events',
    doc: 'the most events of one request',
    more: 'One that holds more is refused with the reason.',
  }),
  maxHeaders: count({
    min: 1,
    default: DEFAULT_EVENT_LIMITS.maxHeaders,
    unit: 'headers',
    doc: 'the most headers of one event',
  }),
  maxHeaderBytes: size({
    default: DEFAULT_EVENT_LIMITS.maxHeaderBytes,
    doc: 'the most that the headers of one event take',
  }),
} satisfies OptionTable<EventLimitOptions>;
