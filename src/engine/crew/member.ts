/** One member of the crew: it has the job's graph, its partitions of the data, and its buckets of the states. */

import { StreamjobError } from '../../core/errors.ts';
import { soon } from '../../core/machine.ts';
import type { Graph } from '../../graph/graph.ts';
import { isKnownEmpty, type Lineage, type Partition, partitionsOf } from '../../graph/lineage.ts';
import type { Node } from '../../graph/node.ts';
import type { Accumulators } from '../../graph/shared.ts';
import { LocalState } from '../../state/durable-state.ts';
import { States } from '../../state/states.ts';
import type { OpenStore, StateStore } from '../../state/store.ts';
import { LetterBox } from '../letters.ts';
import { toMessage } from '../run/codecs.ts';
import { ElsewherePartition } from '../run/exchange.ts';
import { Generations } from '../run/generations.ts';
import { ownerOfBucket, ownerOfPartition } from '../run/ownership.ts';
import { Runner } from '../run/runner.ts';
import { packPartition, unpackPartition } from '../slices.ts';
import { describeGraph } from './graph-description.ts';
import {
  type FromMember,
  type MemberStart,
  packError,
  type RunReport,
  type ToMember,
  type TradeMessage,
} from './messages.ts';
import { unpackInput } from './packing.ts';
import { Trading } from './trading.ts';
import type { Channel, InputMemory } from './transport.ts';

/** What a member is made of. */
export interface MemberSettings extends Pick<MemberStart, 'member' | 'members' | 'numPartitions'> {
  readonly graph: Graph;
  readonly accumulators: Accumulators;
  /** Opens the states of a node, where this process keeps them. */
  readonly openStore: OpenStore;
  readonly memory: InputMemory;
  /** Tells the crew. */
  readonly send: (message: FromMember) => void;
}

/** One member of the crew. */
export class Member {
  readonly #settings: MemberSettings;
  readonly #trading: Trading;
  readonly #letters = new LetterBox();
  readonly #generations: Generations;
  readonly #states: States;
  #abort = new AbortController();
  #isCounting = false;

  constructor(settings: MemberSettings) {
    this.#settings = settings;
    const { graph, member, members, numPartitions, openStore } = settings;
    const names = graph.identities();
    this.#states = new States(graph, names, openStore);
    this.#trading = new Trading(member, members);
    const runner = new Runner({
      signal: () => this.#abort.signal,
      skipPolicy: this.#letters,
      isCounting: () => this.#isCounting,
      exchange: this.#trading,
      states: this.#states,
    });
    this.#generations = new Generations(graph, this.#states, runner, numPartitions, names);
    for (const { node, store } of this.#states.all) {
      store.restrict((bucket) => ownerOfBucket(node, bucket, settings) === member);
    }
  }

  /** The way to another member. */
  connect(member: number, channel: Channel<TradeMessage, TradeMessage>): void {
    this.#trading.connect(member, channel);
  }

  /** Tells the crew that it is there: from now on it takes messages. */
  serve(): void {
    const { graph } = this.#settings;
    graph.validate();
    graph.freeze('started');
    this.#send({ type: 'ready', graph: describeGraph(graph) });
  }

  /** Does what the crew says. */
  take(message: ToMember): void {
    switch (message.type) {
      case 'run':
        return void this.#run(message);
      case 'abort': {
        const reason = new StreamjobError('CONTEXT_STATE', 'the run was ended by another worker or by a stop');
        this.#abort.abort(reason);
        return this.#trading.abort(reason);
      }
      case 'complete':
        return this.#generations.complete(message.time);
      case 'forget':
        return this.#generations.forget(message.time);
      case 'fetch':
        return this.#answer(message.id, () => this.#fetch(message));
      case 'bucket':
        return this.#answer(message.id, () => new LocalState(this.#storeOf(message.node)).bucket(message.bucket));
      case 'state':
        return new LocalState(this.#storeOf(message.node)).restore(message.change, true);
      case 'stated':
        return this.#storeOf(message.node).restored(message.lastCommitted);
      case 'slice':
        return this.#generations.restore(message.owners, message.time, () =>
          message.partitions.map((bytes, i) => this.#sliced(bytes, i)),
        );
    }
  }

  async #run({ counts, run, time, inputs, skips, durable, taps }: Extract<ToMember, { type: 'run' }>): Promise<void> {
    const { accumulators, members, memory } = this.#settings;
    this.#abort = new AbortController();
    this.#trading.begin(run);
    this.#letters.clear();
    this.#letters.active = skips;
    this.#isCounting = counts;
    try {
      const inputOf = (id: number): Lineage<unknown> | undefined => {
        const packed = inputs.find(({ input }) => input === id);
        // An input that gave nothing has an empty batch, not none.
        const partitions = packed === undefined ? [] : unpackInput(packed, members, memory);
        return partitions && { kind: 'source', partitions };
      };
      const ran = await this.#generations.run(time, inputOf, taps);
      this.#send({ type: 'ran', run, report: this.#report(time, durable, ran) });
    } catch (error) {
      // What an attempt that failed has added does not count.
      accumulators.take();
      this.#send({ type: 'failed', run, error: packError(error), aborted: this.#abort.signal.aborted });
      // A member whose states are gone ends: the crew makes new ones and puts all that has committed back.
      if (this.#states.areLost) soon(() => rethrow(error));
    } finally {
      this.#letters.active = false;
    }
  }

  #report(time: number, durable: boolean, ran: Pick<RunReport, 'stages' | 'tapped'>): RunReport {
    const { accumulators } = this.#settings;
    return {
      nodes: [...this.#generations.kept(time)].map(([{ id }, lineage]) => ({
        node: id,
        owners: partitionsOf(lineage)?.map((partition, i) => this.#ownerOf(lineage, partition, i)) ?? [],
        nonEmpty: !isKnownEmpty(lineage),
      })),
      states: this.#states.all.map(({ node: { id }, store }) => {
        const touched = store.touchedBy(time);
        const changes = durable && touched ? new LocalState(store).changes() : [];
        return { node: id, touched, size: store.size, changes };
      }),
      slices: durable ? this.#slices(time) : [],
      ...ran,
      letters: this.#letters.letters,
      accumulators: accumulators.take(),
    };
  }

  #slices(time: number): RunReport['slices'] {
    return this.#generations.slices(time).map(({ owners, partitions }) => ({
      owners,
      partitions: partitions.map((partition) =>
        partition instanceof ElsewherePartition ? null : packPartition(partition, owners.join(', ')),
      ),
    }));
  }

  /** Sources that every member has, and inputs, are dealt out by number. */
  #ownerOf({ kind }: Lineage<unknown>, partition: Partition<unknown>, index: number): number {
    const { member, members } = this.#settings;
    if (partition instanceof ElsewherePartition) return partition.owner;
    return kind === 'source' ? ownerOfPartition(index, members) : member;
  }

  #fetch({ node, time, partition, limit }: Extract<ToMember, { type: 'fetch' }>): unknown {
    const lineage = this.#generations.rddOf(this.#node(node), time)?.lineage;
    const found = lineage && partitionsOf(lineage)?.[partition];
    if (found === undefined) throw new StreamjobError('CONTEXT_STATE', `a batch of ${time} is not remembered any more`);
    const values: unknown[] = [];
    for (const chunk of found.chunks) {
      chunk.forEach((value) => {
        values.push(value);
      });
      if (values.length >= limit) break;
    }
    return toMessage(values.length > limit ? values.slice(0, limit) : values, this.#node(node).name);
  }

  #sliced(bytes: Uint8Array | null, index: number): Partition<unknown> {
    return bytes === null
      ? new ElsewherePartition(ownerOfPartition(index, this.#settings.members))
      : unpackPartition(bytes);
  }

  #answer(id: number, work: () => unknown): void {
    try {
      this.#send({ type: 'answer', id, value: work() });
    } catch (error) {
      this.#send({ type: 'refused', id, error: packError(error) });
    }
  }

  #node(id: number): Node<unknown> {
    return this.#settings.graph.nodes[id] as Node<unknown>;
  }

  #storeOf(node: number): StateStore {
    const { state } = this.#node(node);
    if (state === undefined) throw new Error(`node ${node} has no states`);
    return this.#states.of(state);
  }

  #send(message: FromMember): void {
    this.#settings.send(message);
  }
}

function rethrow(error: unknown): never {
  throw error;
}
