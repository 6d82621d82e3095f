/** The functions by which a user declares components of an agent. A flume.conf names the module that exports one as its type. */

import type { Channel, ChannelContext } from '../channels/channel.ts';
import { type Declaration, defineComponent } from '../component/component.ts';
import type { Fields } from '../component/fields.ts';
import type { OwnComponent, OwnKind } from '../component/own-types.ts';
import type { Interceptor, InterceptorContext } from '../interceptors/interceptor.ts';
import type { Selector, SelectorContext } from '../selectors/selector.ts';
import type { Serializer, SerializerContext } from '../serializers/serializer.ts';
import type { Sink, SinkContext } from '../sinks/sink.ts';
import type { Source, SourceContext } from '../sources/source.ts';
import { checkedInterceptor, checkedSelector, checkedSerializer, made, withMethods } from './checked.ts';

type None = Readonly<Record<never, never>>;

/**
 * How a user declares a component: its name and what it is for, its typed properties, and how one is made. The properties are read,
 * checked and told by their lines as those of the built-in components are.
 */
export type OwnDeclaration<F extends Fields, Context, Instance> = Pick<
  Declaration<F, Context, Instance, None, None>,
  'type' | 'doc' | 'delivery' | 'fields' | 'check' | 'limits' | 'resources' | 'create' | 'adapt'
>;

/** A source of a user's. */
export type OwnSource = OwnComponent<'source', SourceContext, Source>;
/** A channel of a user's. */
export type OwnChannel = OwnComponent<'channel', ChannelContext, Channel>;
/** A sink of a user's. */
export type OwnSink = OwnComponent<'sink', SinkContext, Sink>;
/** An interceptor of a user's. */
export type OwnInterceptor = OwnComponent<'interceptor', InterceptorContext, Interceptor>;
/** A channel selector of a user's. */
export type OwnSelector = OwnComponent<'selector', SelectorContext, Selector>;
/** A serializer of a user's. */
export type OwnSerializer = OwnComponent<'serializer', SerializerContext, Serializer>;

/**
 * Declares a source. It puts batches of events into its channels with `deliver`, which tries again until they take them.
 * @throws StreamjobError COMPONENT_INVALID when an agent makes one whose `create` throws, or gives something that is no source
 * @example
 * // ticks.ts, and in flume.conf: a1.sources.r1.type = ./ticks.ts
 * export default defineSource({
 *   type: 'ticks',
 *   doc: 'an event each interval',
 *   fields: { interval: int({ unit: 'ms', doc: 'time between events', default: 1000, min: 1 }) },
 *   create: ({ interval }, context) => {
 *     const stopped = new AbortController();
 *     let running = Promise.resolve();
 *     const run = async (): Promise<void> => {
 *       for (let n = 0; !stopped.signal.aborted; n++) {
 *         await deliver([{ headers: {}, body: Buffer.from(`tick ${n}`) }], context, { first: 100, max: 5000 }, stopped.signal);
 *         await sleep(context.clock, interval, stopped.signal);
 *       }
 *     };
 *     return {
 *       endless: true,
 *       start: async () => { running = run(); },
 *       stop: async () => { stopped.abort(); await running; },
 *       whenEnded: () => new Promise(() => {}),
 *     };
 *   },
 * });
 */
export function defineSource<F extends Fields>(declaration: OwnDeclaration<F, SourceContext, Source>): OwnSource {
  return own('source', declaration, ({ name }) => `source ${name}`, withMethods('start', 'stop', 'whenEnded'));
}

/**
 * Declares a channel. Its transactions keep the states of Flume's: new, open, completed, closed.
 * @throws StreamjobError COMPONENT_INVALID when an agent makes one whose `create` throws, or gives something that is no channel
 * @example export default defineChannel({ type: 'ring', doc: 'a ring', fields: {}, create: (_values, { clock }) => new Ring(clock) });
 */
export function defineChannel<F extends Fields>(declaration: OwnDeclaration<F, ChannelContext, Channel>): OwnChannel {
  const check = withMethods<Channel>('start', 'stop', 'transaction', 'available', 'whenEmpty');
  return own('channel', declaration, ({ name }) => `channel ${name}`, check);
}

/**
 * Declares a sink. Its `process` takes a batch with `takeBatch`, delivers it, and ends with `finish`, or with `giveBack` and an error.
 * @throws StreamjobError COMPONENT_INVALID when an agent makes one whose `create` throws, or gives something that is no sink
 * @example
 * export default defineSink({
 *   type: 'print',
 *   doc: 'prints bodies',
 *   fields: { batchSize: int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 }) },
 *   create: ({ batchSize }, { channel, counters }) => ({
 *     start: async () => {},
 *     stop: async () => {},
 *     process: async () => {
 *       const batch = takeBatch(channel, batchSize, counters);
 *       if (batch === undefined) return 'backoff';
 *       for (const { body } of batch.events) process.stdout.write(body);
 *       await finish(batch, counters);
 *       return 'ready';
 *     },
 *   }),
 * });
 */
export function defineSink<F extends Fields>(declaration: OwnDeclaration<F, SinkContext, Sink>): OwnSink {
  return own('sink', declaration, ({ name }) => `sink ${name}`, withMethods('start', 'stop', 'process'));
}

/**
 * Declares an interceptor: a function that gives the event to go on with, or undefined to drop it. One that throws fails the batch,
 * which its source brings again.
 * @throws StreamjobError COMPONENT_INVALID when `create` throws, or the function gives something that is no event
 * @example
 * export default defineInterceptor({
 *   type: 'stage',
 *   doc: 'names the stage',
 *   fields: { stage: text({ doc: 'its name', required: true }) },
 *   create: ({ stage }) => ({ headers, body }) => ({ headers: { ...headers, stage }, body }),
 * });
 */
export function defineInterceptor<F extends Fields>(
  declaration: OwnDeclaration<F, InterceptorContext, Interceptor>,
): OwnInterceptor {
  return own('interceptor', declaration, () => 'an interceptor', checkedInterceptor);
}

/**
 * Declares a channel selector: a function that chooses among the channels of its source for an event.
 * @throws StreamjobError COMPONENT_INVALID when `create` throws, or the function gives something else than channels of its source
 * @example
 * export default defineSelector({
 *   type: 'by-size',
 *   doc: 'the first channel, or the last one for large events',
 *   fields: { large: int({ unit: 'bytes', doc: 'what is large', default: 1_000_000 }) },
 *   create: ({ large }, { channels }) => {
 *     const all = [...channels.values()];
 *     return ({ body }) => ({ required: (body.length < large ? all.slice(0, 1) : all.slice(-1)), optional: [] });
 *   },
 * });
 */
export function defineSelector<F extends Fields>(
  declaration: OwnDeclaration<F, SelectorContext, Selector>,
): OwnSelector {
  return own('selector', declaration, () => 'a selector', checkedSelector);
}

/**
 * Declares a serializer: what a sink that writes files puts into them.
 * @throws StreamjobError COMPONENT_INVALID when `create` throws, or gives something else than bytes
 * @example
 * export default defineSerializer({
 *   type: 'lengths',
 *   doc: 'the length of each body, a line each',
 *   fields: {},
 *   create: () => () => ({
 *     begin: () => [],
 *     batch: (events) => events.map(({ body }) => Buffer.from(`${body.length}\n`)),
 *   }),
 * });
 */
export function defineSerializer<F extends Fields>(
  declaration: OwnDeclaration<F, SerializerContext, Serializer>,
): OwnSerializer {
  return own('serializer', declaration, ({ owner }) => `serializer of ${owner}`, checkedSerializer);
}

/** Turns what `create` gave into what the agent uses. @throws StreamjobError COMPONENT_INVALID */
export type Check<Context, Instance> = (instance: Instance, owner: string, context: Context) => Instance;

function own<K extends OwnKind, F extends Fields, Context, Instance>(
  kind: K,
  declaration: OwnDeclaration<F, Context, Instance>,
  ownerOf: (context: Context) => string,
  check: Check<Context, Instance>,
): OwnComponent<K, Context, Instance> {
  const create: typeof declaration.create = (values, context, given) => {
    const owner = `${ownerOf(context)} (${declaration.type})`;
    return check(
      made(owner, () => declaration.create(values, context, given)),
      owner,
      context,
    );
  };
  return { kind: `streamjob.${kind}`, type: defineComponent({ ...declaration, create }) };
}
