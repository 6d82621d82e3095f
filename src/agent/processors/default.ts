/** The default processor: one sink on its own channel. A failure of the sink is the runner's to wait out. */
import type { Channel } from '../channels/channel.ts';
import { defineComponent } from '../component/component.ts';
import type { Sink } from '../sinks/sink.ts';
import { onlySink, type ProcessorContext, type ProcessorType, type SinkProcessor } from './processor.ts';

/** The processor of a single sink. */
export function defaultProcessor(sink: Sink, channel: Channel): SinkProcessor {
  return {
    start: () => sink.start(),
    stop: () => sink.stop(),
    process: (signal) => sink.process(signal),
    idle: async () => sink.idle?.(),
    available: (timeoutMs, signal) => channel.available(timeoutMs, signal),
    whenEmpty: async () => {},
  };
}

/** The default processor. */
export const defaultType: ProcessorType = defineComponent({
  type: 'default',
  aliases: ['org.apache.flume.sink.DefaultSinkProcessor'],
  doc: 'drives one sink; what it cannot deliver stays in its channel',
  delivery: 'That of its channel: what cannot be delivered stays there.',
  fields: {},
  limits: () => ({ sinks: 1 }),
  gives: { durable: 'end-to-end', memory: 'best-effort' },
  create: (_values, context: ProcessorContext): SinkProcessor => {
    const sink = onlySink(context);
    return defaultProcessor(sink.open(sink.channel), sink.channel);
  },
});
