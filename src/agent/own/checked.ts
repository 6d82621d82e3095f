/** What a user's component gives to the agent is looked at before it is used: a mistake is told by its place, and no event is lost by it. */
import { userFrame } from '../../core/call-site.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import type { Interceptor } from '../interceptors/interceptor.ts';
import type { Selector, SelectorContext } from '../selectors/selector.ts';
import type { FileSerializer, Serializer } from '../serializers/serializer.ts';

/** What `create` gives. @throws StreamjobError COMPONENT_INVALID when it throws */
export function made<T>(owner: string, create: () => T): T {
  try {
    return create();
  } catch (cause) {
    throw new StreamjobError('COMPONENT_INVALID', `${owner} cannot be made: ${messageOf(cause)}`, {
      ...placeOf(cause),
      hint: 'mend the create function of the component',
      cause,
    });
  }
}

/** Checks that a component has the methods that the agent calls. */
export function withMethods<T extends object>(...methods: readonly (keyof T & string)[]): (one: T, owner: string) => T {
  return (one, owner) => {
    const missing = methods.filter((method) => typeof (one as T | null | undefined)?.[method] !== 'function');
    if (missing.length > 0) throw wrong(owner, `create gave something without ${missing.join('(), ')}()`);
    return one;
  };
}

/** An interceptor whose events are looked at. */
export function checkedInterceptor(intercept: Interceptor, owner: string): Interceptor {
  requireFunction(intercept, owner);
  return (event) => {
    const given = called(owner, () => intercept(event));
    if (given !== undefined && given !== event && !isEvent(given))
      throw wrong(owner, 'it gave something that is no event: expected { headers, body } with texts and bytes');
    return given;
  };
}

/** A selector whose choice is looked at. */
export function checkedSelector(select: Selector, owner: string, { channels }: SelectorContext): Selector {
  requireFunction(select, owner);
  const own = new Set(channels.values());
  return (event) => {
    const given = called(owner, () => select(event));
    const { required, optional } = given ?? {};
    if (!Array.isArray(required) || !Array.isArray(optional))
      throw wrong(owner, 'expected { required: […], optional: […] } with channels of its source');
    if (![...required, ...optional].every((channel) => own.has(channel)))
      throw wrong(owner, 'it chose something that is no channel of its source');
    return given;
  };
}

/** A serializer whose parts are looked at. */
export function checkedSerializer(begin: Serializer, owner: string): Serializer {
  requireFunction(begin, owner);
  const bytes = (parts: readonly Uint8Array[], what: string): readonly Uint8Array[] => {
    if (!Array.isArray(parts) || !parts.every((part) => part instanceof Uint8Array))
      throw wrong(owner, `${what} gave something else than a list of bytes`);
    return parts;
  };
  return () => {
    const file = withMethods<FileSerializer>('begin', 'batch')(called(owner, begin), owner);
    return {
      begin: () =>
        bytes(
          called(owner, () => file.begin()),
          'begin()',
        ),
      batch: (events) =>
        bytes(
          called(owner, () => file.batch(events)),
          'batch()',
        ),
    };
  };
}

/** What a function of a component gives. @throws StreamjobError USER_FUNCTION when it throws */
function called<T>(owner: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new StreamjobError('USER_FUNCTION', `${owner} threw: ${messageOf(cause)}`, {
      ...placeOf(cause),
      hint: 'mend the component; until then the same events come again and again',
      cause,
    });
  }
}

/** The user's line that something was thrown at. */
function placeOf(thrown: unknown): { readonly where?: string } {
  const where = thrown instanceof Error ? userFrame(thrown.stack) : undefined;
  return where === undefined ? {} : { where };
}

function requireFunction(given: unknown, owner: string): void {
  if (typeof given !== 'function') throw wrong(owner, 'create gave something that is no function');
}

function isEvent(given: unknown): boolean {
  if (typeof given !== 'object' || given === null || !('headers' in given) || !('body' in given)) return false;
  const { body, headers } = given;
  if (!(body instanceof Uint8Array) || typeof headers !== 'object' || headers === null) return false;
  return Object.values(headers).every((value) => typeof value === 'string');
}

function wrong(owner: string, message: string): StreamjobError {
  return new StreamjobError('COMPONENT_INVALID', `${owner}: ${message}`, {
    hint: 'mend the component; streamjob/testing has the tests that it must pass',
  });
}
