/** The limits that the receivers of Flume's events hold strangers to: what users may set, and how it is checked. */
import { DEFAULT_EVENT_LIMITS, type EventLimits } from '../../avro/event-check.ts';
import { StreamjobError } from '../../core/errors.ts';

/** What one request, or one batch of a sink, may hold. What holds more is refused with the reason. */
export interface EventLimitOptions {
  /** Events of one request. Default 100,000. */
  readonly maxEvents?: number;
  /** Headers of one event. Default 1000. */
  readonly maxHeaders?: number;
  /** Headers of one event, in bytes. Default 256 KiB. */
  readonly maxHeaderBytes?: number;
}

/** @throws StreamjobError CONFIG_INVALID */
export function eventLimits(options: EventLimitOptions, where: string): EventLimits {
  const { maxEvents, maxHeaders, maxHeaderBytes } = { ...DEFAULT_EVENT_LIMITS, ...options };
  return {
    maxEvents: positive(maxEvents, 'maxEvents', where),
    maxHeaders: positive(maxHeaders, 'maxHeaders', where),
    maxHeaderBytes: positive(maxHeaderBytes, 'maxHeaderBytes', where),
  };
}

/** @throws StreamjobError CONFIG_INVALID unless it is a whole number greater than 0 */
export function positive(value: number, option: string, where: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new StreamjobError('CONFIG_INVALID', `${option} must be a whole number greater than 0, not ${value}`, {
    where,
  });
}
