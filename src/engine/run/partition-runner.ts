/**
 * Runs one partition: the steps that are fused upon it, chunk by chunk. The thread is given back between chunks, so that sockets are
 * served and signals are heard meanwhile.
 */
import { StreamjobError } from '../../core/errors.ts';
import { monotonicMs, nextLoop } from '../../core/machine.ts';
import { type Operator, type Partition, partitionsOf, type Sink, type Skip, type Union } from '../../graph/lineage.ts';
import type { TaskReport } from '../engine.ts';
import { readAhead } from '../read-ahead.ts';
import type { SkipPolicy } from '../skip-policy.ts';
import { ElsewherePartition } from './exchange.ts';
import { type BoundStep, blamed, guarded } from './guarded.ts';

/** What running partitions needs. */
export interface PartitionSettings {
  /** Stops what is running, between two chunks of a partition at the latest. */
  readonly signal: () => AbortSignal;
  readonly skipPolicy?: SkipPolicy | undefined;
  /** Whether the values that each operator gives are counted now. Default: never. */
  readonly isCounting?: () => boolean;
}

/** A partition with the fused steps upon it, not yet run. */
export interface Plan {
  /** The partition's number in its stage; undefined: an output reads it, outside of any stage. */
  readonly partition: number | undefined;
  /** @param limit of values, where that is known before the steps are run */
  readonly load: (limit?: number) => Partition<unknown> | Promise<Partition<unknown>>;
  readonly steps: readonly BoundStep[];
}

/** What ran of a stage. */
export interface Ran {
  readonly tasks: readonly TaskReport[];
  /** How many values operators gave, by their numbers, as far as that was counted. */
  readonly gave: ReadonlyMap<number, number>;
}

/** How long the thread is kept without a break, in ms. */
const TIME_SLICE_MS = 8;

/** Thrown through the steps of a partition when enough values are there. */
const ENOUGH = new Error('enough');

/** Runs partitions, as one member of a crew. */
export class PartitionRunner {
  readonly #settings: PartitionSettings;
  readonly #member: number;
  #sliceEnd = 0;
  #tasks: TaskReport[] = [];
  #gave = new Map<number, number>();

  /** @param member which of the crew it is, from 0 */
  constructor(settings: PartitionSettings, member: number) {
    this.#settings = settings;
    this.#member = member;
  }

  /** What has run since it was asked last. */
  takeTasks(): readonly TaskReport[] {
    const tasks = this.#tasks;
    this.#tasks = [];
    return tasks;
  }

  /** What operators gave since it was asked last, by their numbers. */
  takeGave(): ReadonlyMap<number, number> {
    const gave = this.#gave;
    this.#gave = new Map();
    return gave;
  }

  /** An operator gave so many values more. */
  gave({ node }: Operator, values: number): void {
    if (node !== undefined) this.#gave.set(node, (this.#gave.get(node) ?? 0) + values);
  }

  /** What a window or a union gives is known where its parts are kept; counted while somebody looks. */
  countUnion({ node, parents }: Union<unknown>): void {
    if (node === undefined || this.#settings.isCounting?.() !== true) return;
    let values = 0;
    for (const parent of parents) {
      for (const partition of partitionsOf(parent) ?? [undefined]) {
        if (partition instanceof ElsewherePartition) continue;
        if (partition?.size === undefined) return;
        values += partition.size;
      }
    }
    this.#gave.set(node, values);
  }

  /** @param limit of values; what comes after them need not be worked out */
  async collect(plan: Plan, limit: number = Number.POSITIVE_INFINITY): Promise<readonly unknown[]> {
    const values: unknown[] = [];
    if (limit <= 0) return values;
    const push =
      limit === Number.POSITIVE_INFINITY
        ? (value: unknown): void => {
            values.push(value);
          }
        : (value: unknown): void => {
            values.push(value);
            if (values.length >= limit) throw ENOUGH;
          };
    try {
      await this.run(plan, { push, end() {} }, plan.steps.length === 0 ? { limit } : {});
    } catch (error) {
      if (error !== ENOUGH) throw error;
    }
    return values;
  }

  async count(plan: Plan): Promise<number> {
    if (plan.steps.length === 0) {
      const { size } = await plan.load();
      if (size !== undefined) return size;
    }
    let count = 0;
    const push = (): void => {
      count++;
    };
    await this.run(plan, { push, end() {} });
    return count;
  }

  /** @param limit of values @param into the operator that `end` is of, if it is one's */
  async run(
    plan: Plan,
    end: Sink<unknown>,
    { limit, into }: { readonly limit?: number; readonly into?: Operator } = {},
  ): Promise<void> {
    const began = monotonicMs();
    const partition = await plan.load(limit);
    let sink = end;
    const skip = this.skip;
    const isCounting = plan.partition !== undefined && this.#settings.isCounting?.() === true;
    for (const { step, index } of [...plan.steps].reverse()) {
      if (isCounting) sink = this.#counted(step, sink);
      sink = skip === undefined ? step.open(index, sink) : guarded(step, index, sink, skip);
    }
    let last: unknown;
    const push = (value: unknown): void => {
      last = value;
      sink.push(value);
    };
    try {
      for (const each of readAhead(partition.chunks)) {
        const chunk = each instanceof Promise ? await each : each;
        chunk.forEach(push);
        if (monotonicMs() >= this.#sliceEnd) await this.#yield();
      }
      sink.end();
      const member = this.#member;
      if (plan.partition !== undefined) {
        this.#tasks.push({ partition: plan.partition, member, durationMs: monotonicMs() - began });
      }
    } catch (error) {
      if (error === ENOUGH) throw error;
      throw blamed(plan.steps, last, error, into);
    }
  }

  /** What takes values that functions throw on; undefined: they fail the batch. */
  get skip(): Skip | undefined {
    const skipPolicy = this.#settings.skipPolicy;
    return skipPolicy?.active === true ? (...args) => skipPolicy.skip(...args) : undefined;
  }

  /** The values that a step gives are counted; what it gave counts when its partition is at its end. */
  #counted(step: Operator, down: Sink<unknown>): Sink<unknown> {
    let values = 0;
    return {
      push: (value) => {
        values++;
        down.push(value);
      },
      end: () => {
        this.gave(step, values);
        down.end();
      },
    };
  }

  async #yield(): Promise<void> {
    await nextLoop();
    if (this.#settings.signal().aborted) {
      throw new StreamjobError('CONTEXT_STATE', 'the context was stopped while a batch ran');
    }
    this.#sliceEnd = monotonicMs() + TIME_SLICE_MS;
  }
}
