/**
 * The load_balance processor: its sinks take turns, or are drawn; when one fails, the next one of the order delivers. Source:
 * LoadBalancingSinkProcessor, OrderSelector and its two kinds of Flume 1.11.
 */
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { random } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import { bool, choice, int, type Values } from '../component/fields.ts';
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

const FIRST_MS = 1000;
const MOST_DOUBLINGS = 16;
/** A failure that comes so long after the last time out, in ms, is the first of a new row. */
const ROW_MS = 3_600_000;

/** Which sinks are left out, and how long. */
class TimeOuts {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #rows = new Map<Member, { fails: number; at: number; until: number }>();

  /** @param most in ms */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  isOut(member: Member): boolean {
    return (this.#rows.get(member)?.until ?? Number.NEGATIVE_INFINITY) >= this.#clock.now();
  }

  failed(member: Member): void {
    const now = this.#clock.now();
    const row = this.#rows.get(member);
    const isRow = row !== undefined && now - row.at < this.#length(row.fails) + ROW_MS;
    const fails = isRow ? Math.min(row.fails + 1, MOST_DOUBLINGS) : 1;
    this.#rows.set(member, { fails, at: now, until: now + this.#length(fails) });
  }

  #length(fails: number): number {
    return Math.min(this.#most, FIRST_MS * 2 ** fails);
  }
}

class LoadBalance implements SinkProcessor {
  readonly #context: ProcessorContext;
  readonly #members: Members;
  readonly #timeOuts: TimeOuts | undefined;
  readonly #isRandom: boolean;
  /** Whose turn it is. */
  #next = 0;

  constructor(values: Values<typeof fields>, context: ProcessorContext) {
    this.#context = context;
    this.#members = new Members(context.sinks);
    this.#isRandom = values.selector === 'random';
    this.#timeOuts = values.backoff ? new TimeOuts(context.clock, values['selector.maxTimeOut']) : undefined;
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
    for (const member of this.#order()) {
      try {
        return await member.sink.process(signal);
      } catch (error) {
        if (signal.aborted) throw error;
        reason = error;
        this.#timeOuts?.failed(member);
        log.warn({ sink: member.name }, `sink ${member.name} has failed, another one is tried: ${messageOf(error)}`);
      }
    }
    throw reason ?? new Error(`all sinks of the group ${group} have failed, and are left out for a while`);
  }

  /** Those that are not left out, in the order in which they are tried. */
  #order(): readonly Member[] {
    const active = this.#members.all.filter((member) => this.#timeOuts?.isOut(member) !== true);
    if (this.#isRandom) return shuffled(active);
    const first = this.#next >= active.length ? 0 : this.#next;
    this.#next = first + 1 >= active.length ? 0 : first + 1;
    return [...active.slice(first), ...active.slice(0, first)];
  }

  idle(): Promise<number | undefined> {
    return this.#members.idle();
  }

  available(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#members.available(timeoutMs, signal);
  }

  async whenEmpty(): Promise<void> {}
}

/** Source: Fisher and Yates, as Knuth has it (TAOCP 3.4.2, algorithm P). */
function shuffled<T>(values: readonly T[]): T[] {
  const left = [...values];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(random() * left.length), 1));
  return order;
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
