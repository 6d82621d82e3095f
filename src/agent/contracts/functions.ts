/** What interceptors, selectors and serializers promise: they take every event. One that throws would stop its source or sink for ever. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { ManualClock } from '../../core/clock.ts';
import type { PlainEvent } from '../../core/event.ts';
import { silentLogger } from '../../core/log.ts';
import { memory } from '../channels/memory.ts';
import type { Interceptor, InterceptorContext } from '../interceptors/interceptor.ts';
import type { Selector, SelectorContext } from '../selectors/selector.ts';
import type { Serializer, SerializerContext } from '../serializers/serializer.ts';
import {
  type ContractProperties,
  type ContractTest,
  configured,
  makeChannel,
  type TypeGiven,
  typeOf,
} from './contract.ts';
import { declarationContract } from './declaration.ts';
import { oddEvents } from './odd-events.ts';

/**
 * The tests that every interceptor passes, the built-in ones too.
 * @param interceptor what `defineInterceptor` made
 * @example for (const { name, run } of interceptorContract(stage, () => ({ stage: 'test' }))) test(name, run);
 */
export function interceptorContract(
  interceptor: TypeGiven<'interceptor', InterceptorContext, Interceptor>,
  properties: () => ContractProperties,
): readonly ContractTest[] {
  const type = typeOf(interceptor);
  return [
    ...declarationContract(type, properties, false),
    ...ofOddEvents(
      (what) => `takes an event with ${what}, and leaves it as it was`,
      (event) => {
        const intercept = configured(type, properties(), { clock: new ManualClock(1), log: silentLogger });
        const [before, body] = [JSON.stringify(event.headers), event.body];
        const made = intercept(event);
        if (made !== undefined) {
          ok(made.body instanceof Uint8Array, 'a body is bytes');
          for (const [name, value] of Object.entries(made.headers)) equal(typeof value, 'string', `header ${name}`);
        }
        equal(JSON.stringify(event.headers), before, 'the headers of the event that it was given');
        equal(event.body, body, 'the body of the event that it was given');
      },
    ),
  ];
}

/**
 * The tests that every channel selector passes, the built-in ones too.
 * @param selector what `defineSelector` made
 * @param properties of one whose source has the channels c1, c2, c3
 * @example for (const { name, run } of selectorContract(bySize, () => ({ large: 100 }))) test(name, run);
 */
export function selectorContract(
  selector: TypeGiven<'selector', SelectorContext, Selector>,
  properties: () => ContractProperties,
): readonly ContractTest[] {
  const type = typeOf(selector);
  return [
    ...declarationContract(type, properties, false),
    ...ofOddEvents(
      (what) => `takes an event with ${what}: each channel at most once, none that is not its own`,
      (event) => {
        const channels = new Map(['c1', 'c2', 'c3'].map((name) => [name, makeChannel(memory, {})]));
        const { required, optional } = configured(type, properties(), { channels })(event);
        const chosen = [...required, ...optional];
        equal(new Set(chosen).size, chosen.length, 'a channel is chosen once');
        for (const channel of chosen) ok([...channels.values()].includes(channel), 'a channel of its source');
      },
    ),
  ];
}

/**
 * The tests that every serializer passes, the built-in ones too.
 * @param serializer what `defineSerializer` made
 * @param keepsBodies whether the bytes of a file have those of each body in them. Default: true
 * @example for (const { name, run } of serializerContract(lengths, () => ({}), false)) test(name, run);
 */
export function serializerContract(
  serializer: TypeGiven<'serializer', SerializerContext, Serializer>,
  properties: () => ContractProperties,
  keepsBodies = true,
): readonly ContractTest[] {
  const type = typeOf(serializer);
  const begin = (): Serializer => configured(type, properties(), { owner: 'sink k1' });
  const bytes = (parts: readonly Uint8Array[]): Buffer => Buffer.concat([...parts]);
  return [
    ...declarationContract(type, properties, false),
    ...ofOddEvents(
      (what) => `takes an event with ${what}`,
      (event) => {
        const file = begin()();
        const made = bytes(file.batch([event]));
        if (keepsBodies) ok(made.includes(Buffer.from(event.body)), 'the bytes have the body in them');
        ok(bytes(file.batch([event])).equals(made), 'an event makes the same bytes each time');
      },
    ),
    {
      name: 'begins each file by itself, as the same',
      run: async () => {
        const serializer = begin();
        const [one, other] = [serializer(), serializer()];
        const [first, second] = [one.begin(), other.begin()].map(bytes);
        deepEqual(first?.length, second?.length);
        for (const file of [one, other]) for (const event of Object.values(oddEvents)) file.batch([event]);
      },
    },
  ];
}

function ofOddEvents(name: (what: string) => string, run: (event: PlainEvent) => void): ContractTest[] {
  return Object.entries(oddEvents).map(([what, event]) => ({ name: name(what), run: async () => run(event) }));
}
