/** The limits that the receivers of Flume's events hold strangers to: what users may set, and their defaults. */
import { DEFAULT_EVENT_LIMITS } from '../../avro/event-check.ts';
import { count, type OptionTable, type SizeLike, size } from '../../core/options.ts';

/** What one request, or one batch of a sink, may hold. What holds more is refused with the reason. */
export interface EventLimitOptions {
  /**
   * The most events of one request, or of one batch of a sink. One that holds more is refused with the reason. Default:
   * 100,000.
   */
  readonly maxEvents?: number;
  /** The most headers of one event. Default: 1,000. */
  readonly maxHeaders?: number;
  /** The most that the headers of one event take. In bytes, or a text such as '64MiB'. Default: 256KiB. */
  readonly maxHeaderBytes?: SizeLike;
}

export const EVENT_LIMIT_OPTIONS = {
  maxEvents: count({
    min: 1,
    default: DEFAULT_EVENT_LIMITS.maxEvents,
    unit: 'events',
    doc: 'the most events of one request, or of one batch of a sink',
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
