/**
 * The failover processor: the sink of the highest priority takes all, until it fails; then the next one does. One that has failed is tried
 * again when its penalty is over, and takes all again once it has delivered. Source: FailoverSinkProcessor of Flume 1.11.
 */
import { messageOf } from '../../core/errors.ts';
import { defineComponent } from '../component/component.ts';
import { int, map, type Values } from '../component/fields.ts';
import type { SinkStatus } from '../sinks/sink.ts';
import type { ProcessorContext, ProcessorType, SinkProcessor } from './processor.ts';
import { type Member, Members } from './several.ts';

const fields = {
  'priority.*': map(int({ doc: 'priority', min: Number.MIN_SAFE_INTEGER }), {
    doc: 'priority of each sink by its name, the highest first; a sink without one comes behind all that have one of at least 0',
  }),
  maxpenalty: int({ unit: 'ms', doc: 'most ms that a sink that has failed is left alone', default: 30_000 }),
};

const PENALTY_MS = 1000;
const MOST_DOUBLINGS = 30;

interface Ranked extends Member {
  readonly priority: number;
}

interface Failed {
  readonly member: Ranked;
  fails: number;
  /** When it is tried again, in ms of the clock. */
  until: number;
}

class Failover implements SinkProcessor {
  readonly #context: ProcessorContext;
  readonly #members: Members;
  readonly #maxPenalty: number;
  /** Those that take events, the highest priority first. */
  readonly #live: Ranked[];
  #failed: Failed[] = [];

  constructor(values: Values<typeof fields>, context: ProcessorContext) {
    this.#context = context;
    this.#members = new Members(context.sinks);
    this.#maxPenalty = values.maxpenalty;
    this.#live = this.#ranked(values['priority.*'] ?? new Map());
  }

  #ranked(priorities: ReadonlyMap<string, number | undefined>): Ranked[] {
    const { log, name: group } = this.#context;
    let without = 0;
    const ranked = this.#members.all.map((member) => ({
      ...member,
      priority: priorities.get(member.name) ?? --without,
    }));
    const names = new Set(ranked.map(({ name }) => name));
    for (const name of priorities.keys()) {
      if (!names.has(name))
        log.warn({}, `sink group ${group}: a priority is given to ${name}, which is none of its sinks`);
    }
    // Sinks of the same priority keep the order of the file.
    return ranked.sort((a, b) => b.priority - a.priority);
  }

  start(): Promise<void> {
    return this.#members.start();
  }

  stop(): Promise<void> {
    return this.#members.stop();
  }

  async process(signal: AbortSignal): Promise<SinkStatus> {
    const again = await this.#tryFailed(signal);
    if (again !== undefined) return again;
    let reason: unknown;
    for (let active = this.#live[0]; active !== undefined; active = this.#live[0]) {
      try {
        return await active.sink.process(signal);
      } catch (error) {
        if (signal.aborted) throw error;
        reason = error;
        this.#live.shift();
        this.#penalize({ member: active, fails: 0, until: 0 }, error);
      }
    }
    throw reason ?? new Error(`all sinks of the group ${this.#context.name} have failed, and none is to be tried yet`);
  }

  /** Those whose penalty is over, the one that waits longest first. @returns what one of them said that did not fail again */
  async #tryFailed(signal: AbortSignal): Promise<SinkStatus | undefined> {
    const { clock, log } = this.#context;
    for (let next = this.#failed[0]; next !== undefined && next.until <= clock.now(); next = this.#failed[0]) {
      const { member } = next;
      try {
        const status = await member.sink.process(signal);
        // One that had nothing to deliver has not shown that it can.
        if (status === 'ready') {
          this.#failed.shift();
          this.#live.push(member);
          this.#live.sort((a, b) => b.priority - a.priority);
          log.info({ sink: member.name }, `sink ${member.name} delivers again`);
        }
        return status;
      } catch (error) {
        if (signal.aborted) throw error;
        this.#failed.shift();
        this.#penalize(next, error);
      }
    }
    return undefined;
  }

  #penalize(failed: Failed, error: unknown): void {
    const { clock, log } = this.#context;
    failed.fails++;
    const ms = Math.min(this.#maxPenalty, PENALTY_MS * 2 ** Math.min(failed.fails, MOST_DOUBLINGS));
    failed.until = clock.now() + ms;
    this.#failed = [...this.#failed, failed].sort((a, b) => a.until - b.until);
    const { name } = failed.member;
    log.warn(
      { sink: name, fails: failed.fails, triedAgainInMs: ms },
      `sink ${name} has failed, it is tried again in ${ms} ms: ${messageOf(error)}`,
    );
  }

  idle(): Promise<number | undefined> {
    return this.#members.idle();
  }

  available(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#members.available(timeoutMs, signal);
  }

  async whenEmpty(): Promise<void> {}
}

/** The failover processor. */
export const failover: ProcessorType = defineComponent({
  type: 'failover',
  aliases: ['org.apache.flume.sink.FailoverSinkProcessor'],
  doc: 'the sink of the highest priority takes all; when it fails, the next one does',
  delivery: 'That of its channels: what cannot be delivered stays there.',
  differences: [
    'Sinks of the same priority are all used, in the order of the file; Flume drops all but one.',
    'A sink that is tried again and has nothing to deliver is not put behind others that wait.',
  ],
  fields,
  gives: { durable: 'end-to-end', memory: 'best-effort' },
  create: (values, context: ProcessorContext): SinkProcessor => new Failover(values, context),
});
