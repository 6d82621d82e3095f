/**
 * The load_balance processor: its sinks take turns, or are drawn; when one fails, the next one of the order delivers.
 * Source: LoadBalancingSinkProcessor of Flume 1.11.
 */
import { messageOf } from '../../core/errors.ts';
import { defineComponent } from '../component/component.ts';
import { bool, choice, int, type Values } from '../component/fields.ts';
import { Turns } from '../component/turns.ts';
import type { SinkStatus } from '../sinks/sink.ts';
import type { ProcessorContext, ProcessorType, SinkProcessor } from './processor.ts';
import { type Member, Members } from './several.ts';

const fields = {
  selector: choice(['round_robin', 'random'], {
    doc: 'whether sinks take turns or are drawn',
    default: 'round_robin',
  }),
  backoff: bool({ doc: 'whether a sink that has failed is left out for a while', default: false }),
  'selector.maxTimeOut': int({ unit: 'ms', doc: 'most ms that it is left out', default: 30_000 }),
};

class LoadBalance implements SinkProcessor {
  readonly #context: ProcessorContext;
  readonly #members: Members;
  readonly #turns: Turns<Member>;

  constructor(values: Values<typeof fields>, context: ProcessorContext) {
    this.#context = context;
    this.#members = new Members(context.sinks);
    this.#turns = new Turns(this.#members.all, {
      clock: context.clock,
      isRandom: values.selector === 'random',
      mostOutMs: values.backoff ? values['selector.maxTimeOut'] : undefined,
    });
  }

  start(): Promise<void> {
    return this.#members.start();
  }

  stop(): Promise<void> {
    return this.#members.stop();
  }

  async process(signal: AbortSignal): Promise<SinkStatus> {
    const { log, name: group } = this.#context;
    let reason: unknown;
    for (const member of this.#turns.order()) {
      try {
        return await member.sink.process(signal);
      } catch (error) {
        if (signal.aborted) throw error;
        reason = error;
        this.#turns.failed(member);
        log.warn({ sink: member.name }, `sink ${member.name} has failed, another one is tried: ${messageOf(error)}`);
      }
    }
    throw reason ?? new Error(`all sinks of the group ${group} have failed, and are left out for a while`);
  }

  idle(): Promise<number | undefined> {
    return this.#members.idle();
  }

  available(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#members.available(timeoutMs, signal);
  }

  async whenEmpty(): Promise<void> {}
}

/** The load_balance processor. */
export const loadBalance: ProcessorType = defineComponent({
  type: 'load_balance',
  aliases: ['org.apache.flume.sink.LoadBalancingSinkProcessor'],
  doc: 'sinks take turns, or are drawn; when one fails, another one delivers',
  delivery: 'That of its channels: what cannot be delivered stays there.',
  fields,
  gives: { durable: 'end-to-end', memory: 'best-effort' },
  create: (values, context: ProcessorContext): SinkProcessor => new LoadBalance(values, context),
});
