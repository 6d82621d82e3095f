/** What an interceptor is: it changes or drops events between a source and its channels. */
import type { Clock } from '../../core/clock.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Logger } from '../../core/log.ts';
import type { ComponentType } from '../component/component-type.ts';

/** Returns the event to go on with, or undefined to drop it. An event is not changed in place: a source may send it again. */
export interface Interceptor {
  (event: PlainEvent): PlainEvent | undefined;
  /** What the first event waits for, such as an answer of the name server. It never fails. Only those that are built in have it. */
  readonly ready?: Promise<void>;
}

/** What an interceptor is given. */
export interface InterceptorContext {
  /** What time it is. */
  readonly clock: Clock;
  /** Where its lines go. */
  readonly log: Logger;
}

/** A type of interceptor. */
export type InterceptorType = ComponentType<InterceptorContext, Interceptor>;

/** The event with header `name` set; as it was when `preserve` is asked for and the header is there. */
export function withHeader(event: PlainEvent, name: string, value: string, preserve: boolean): PlainEvent {
  if (preserve && Object.hasOwn(event.headers, name)) return event;
  return { headers: { ...event.headers, [name]: value }, body: event.body };
}
