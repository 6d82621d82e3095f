/**
 * What the flow asks of a checkpoint, batch by batch; without one, nothing is remembered across runs and every question has an
 * easy answer. Which blocks are logged, and when, follows from the job's level and from whether its events have ids.
 */
import { EventBlock } from '../../avro/event-block.ts';
import { StoredEvents } from '../../avro/stored-events.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { Engine, Reload } from '../../engine/engine.ts';
import type { Batch } from '../batch/batch.ts';
import { Dedupe } from '../batch/dedupe.ts';
import type { BlockRef } from '../block/block-log.ts';
import { type Admitted, type Blocks, onlyCounted } from '../block/block-queue.ts';
import { blockToValues, valuesToBlock } from '../block/value-block.ts';
import type { Receiver } from '../receive/receiver.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { LoggedBlock, StoredIds, StoredPosition } from './records.ts';

/** What it is made of. */
export interface DurabilitySettings {
  readonly checkpoint: Checkpoint | undefined;
  readonly level: Reliability;
  readonly receivers: readonly Receiver[];
  /** Names of the inputs across restarts, by receiver. */
  readonly inputNames: ReadonlyMap<number, string>;
  /** Whether the engine's threads read what is on disk themselves. */
  readonly shared: boolean;
  readonly log: Logger;
}

/** See the file's head. */
export class Durability {
  readonly #settings: DurabilitySettings;
  readonly #receiversByName: ReadonlyMap<string, Receiver>;
  readonly #dedupes = new Map<number, Dedupe>();
  /** Sequence numbers of blocks that a last run logged: below all that receivers give. */
  #recoveredSequence = -1;
  #logged: { readonly time: number; readonly refs: readonly BlockRef[] } | undefined;
  #warnedOfIds = false;

  /** @throws StreamjobError CHECKPOINT_INCOMPATIBLE when the log has events of an input that the job does not have */
  constructor(settings: DurabilitySettings) {
    this.#settings = settings;
    const { checkpoint, receivers } = settings;
    this.#receiversByName = new Map(receivers.map((receiver) => [this.#nameOf(receiver.id), receiver]));
    for (const { id, dedupe } of receivers) {
      if (dedupe !== undefined) this.#dedupes.set(id, new Dedupe(dedupe.header, dedupe.remember));
    }
    if (checkpoint === undefined) return;
    const { recovered } = checkpoint;
    for (const { value } of [...recovered.ids.values()].sort((a, b) => a.value.time - b.value.time)) {
      const receiver = this.#receiversByName.get(value.input);
      if (receiver !== undefined) this.#dedupes.get(receiver.id)?.restore(value.time, value.ids);
    }
    for (const { input } of [
      ...(recovered.pending?.blocks ?? []),
      ...[...recovered.waiting.values()].map(({ value }) => value),
    ]) {
      if (!this.#receiversByName.has(input)) throw unknownInput(input);
    }
    if (recovered.lastTime === undefined) return;
    for (const [name, receiver] of this.#receiversByName) {
      receiver.resume?.(recovered.lastTime, recovered.positions.get(name)?.value);
    }
  }

  /** Time of the last run's last batch. */
  get lastTime(): number | undefined {
    return this.#settings.checkpoint?.recovered.lastTime;
  }

  /** Bytes of received data in the log. */
  get logBytes(): number {
    return this.#settings.checkpoint?.blockBytes ?? 0;
  }

  /** Writes a received block to the log; undefined: the level does not ask for it. */
  get logBlock(): ((input: string, block: EventBlock, values: boolean) => Promise<BlockRef>) | undefined {
    const { checkpoint, level } = this.#settings;
    if (checkpoint === undefined || level !== 'store-on-failure') return undefined;
    return (input, block, values) => checkpoint.logBlock(input, block, values);
  }

  /** Gives windows back what they remembered. */
  restoreSlices(engine: Pick<Engine, 'restore'>): void {
    for (const { value } of this.#settings.checkpoint?.recovered.slices.values() ?? [])
      engine.restore(value, value.time);
  }

  /** Whether what batches change is written down. */
  get isDurable(): boolean {
    return this.#settings.checkpoint !== undefined;
  }

  /** Puts back all that has committed; undefined: it is nowhere. */
  get reload(): ((into: Reload) => Promise<void>) | undefined {
    const { checkpoint } = this.#settings;
    if (checkpoint === undefined) return undefined;
    return async (into) => {
      await checkpoint.reloadStates(into.states);
      this.restoreSlices(into);
    };
  }

  /** What the last run had acknowledged and put into no batch. */
  waiting(): Admitted[] {
    return [...(this.#settings.checkpoint?.recovered.waiting.values() ?? [])].map(({ value }) => this.#admitted(value));
  }

  /** The batch that the last run had cut and not committed. */
  pending(): { readonly time: number; readonly id: string; readonly blocks: Blocks } | undefined {
    const pending = this.#settings.checkpoint?.recovered.pending;
    if (pending === undefined) return undefined;
    const blocks = new Map<number, Admitted[]>();
    for (const block of pending.blocks) {
      const admitted = this.#admitted(block);
      blocks.set(admitted.token.receiver, [...(blocks.get(admitted.token.receiver) ?? []), admitted]);
    }
    this.#logged = { time: pending.time, refs: pending.blocks.map(({ ref }) => ref) };
    return { time: pending.time, id: pending.id, blocks };
  }

  /** What a batch was cut from, read where it is on disk, without events that came before. */
  async load(blocks: Blocks): Promise<Blocks> {
    const loaded = new Map<number, Admitted[]>();
    for (const [receiver, arrivals] of blocks) {
      const dedupe = this.#dedupes.get(receiver);
      dedupe?.begin();
      const events: Admitted[] = [];
      for (const arrival of arrivals) {
        const read = arrival.onDisk === true ? await this.#read(arrival, dedupe === undefined) : arrival;
        const filtered =
          dedupe === undefined || !(read.events instanceof EventBlock)
            ? read
            : { ...read, events: await dedupe.filter(read.events) };
        events.push(filtered);
      }
      loaded.set(receiver, events);
    }
    this.#warnOfMissingIds();
    return loaded;
  }

  /**
   * Logs a batch that was cut, where its contents must be the same after a crash: at store-on-failure, and when events have ids.
   * @throws StreamjobError FILE_ACCESS
   */
  async logCut(batch: Batch): Promise<void> {
    const { checkpoint, level } = this.#settings;
    if (checkpoint === undefined || this.#logged?.time === batch.time) return;
    if (level !== 'store-on-failure' && this.#dedupes.size === 0) return;
    const blocks = [...batch.blocks].flatMap(([receiver, arrivals]) =>
      arrivals
        .filter(({ ref, events }) => ref !== undefined || events.count > 0)
        .map(({ ref, events }) => {
          const input = this.#nameOf(receiver);
          const values = !(events instanceof EventBlock || events instanceof StoredEvents);
          // What was not read yet has its place in the log.
          if (ref !== undefined) return { input, ref, values: 'values' in events };
          return { input, values, block: events instanceof EventBlock ? events : valuesToBlock(events, input) };
        }),
    );
    const logged = await checkpoint.logBatch(batch.time, batch.id, blocks, this.#positions());
    this.#logged = { time: batch.time, refs: logged.map(({ ref }) => ref) };
  }

  /** Whether a batch is in the log, so that it runs again with the same contents until it commits. */
  isLogged(time: number): boolean {
    return this.#logged?.time === time;
  }

  /** Makes durable what the batch changed. @throws StreamjobError FILE_ACCESS, CHECKPOINT_VALUE */
  async commit(batch: Batch, engine: Engine): Promise<void> {
    const { checkpoint } = this.#settings;
    if (checkpoint === undefined) return;
    const ids: StoredIds[] = [...this.#dedupes]
      .filter(([receiver]) => batch.blocks.has(receiver))
      .map(([receiver, dedupe]) => ({ input: this.#nameOf(receiver), time: batch.time, ids: dedupe.openIds }))
      .filter((each) => each.ids.length > 0);
    await checkpoint.commit({
      time: batch.time,
      slices: (await engine.slices(batch.time)).map((slice) => ({ ...slice, time: batch.time })),
      keepsSlice: ({ owners, time }) => engine.isRead(owners, time, batch.time),
      ids,
      keepsIds: ({ input, time }) => {
        const receiver = this.#receiversByName.get(input);
        return receiver !== undefined && this.#dedupes.get(receiver.id)?.knows(time) === true;
      },
      positions: this.#positions(),
      blocks: this.#logged?.time === batch.time ? this.#logged.refs : [],
      synced: batch.events > 0 || batch.blocks.size > 0,
    });
  }

  /** The batch has committed, and its commit is on disk. */
  committed(batch: Batch): void {
    for (const [receiver, dedupe] of this.#dedupes) if (batch.blocks.has(receiver)) dedupe.commit(batch.time);
    this.#logged = undefined;
  }

  /**
   * The batch was given up. Where no peer was told of its events and no output was called with them, it never was; otherwise it
   * stays in the log, for the next run: an output may have seen it although it failed, or has not ended.
   */
  async givenUp(batch: Batch, outputsBegun: boolean): Promise<void> {
    const { checkpoint } = this.#settings;
    const logged = this.#logged;
    if (checkpoint === undefined || logged?.time !== batch.time) return;
    const acked = [...batch.blocks.values()].some((arrivals) =>
      arrivals.some((arrival) => arrival.acked !== undefined),
    );
    if (acked || outputsBegun) return;
    this.#logged = undefined;
    await checkpoint.abandon(batch.time, logged.refs);
  }

  async close(): Promise<void> {
    await this.#settings.checkpoint?.close();
  }

  /** The name of a receiver's input across restarts. */
  #nameOf(receiver: number): string {
    return this.#settings.inputNames.get(receiver) ?? '';
  }

  #positions(): StoredPosition[] {
    return this.#settings.receivers.flatMap((receiver) =>
      receiver.position === undefined ? [] : [{ input: this.#nameOf(receiver.id), position: receiver.position() }],
    );
  }

  #admitted({ input, ref, values }: LoggedBlock): Admitted {
    const receiver = this.#receiversByName.get(input)?.id ?? -1;
    const token = { receiver, sequence: this.#recoveredSequence-- };
    const events = onlyCounted(ref.count, values === true);
    return { token, events, bytes: ref.length, ref, onDisk: true, acked: 0 };
  }

  /** @param byWorker whether nobody looks at the events before a worker does, which may then read them itself */
  async #read(arrival: Admitted, byWorker: boolean): Promise<Admitted> {
    const { onDisk: _, ...rest } = arrival;
    const checkpoint = this.#settings.checkpoint as Checkpoint;
    const ref = arrival.ref as BlockRef;
    const place =
      byWorker && this.#settings.shared && !('values' in arrival.events) ? checkpoint.placeOf(ref) : undefined;
    if (place !== undefined) return { ...rest, events: new StoredEvents(place) };
    const block = await checkpoint.read(ref);
    return { ...rest, events: 'values' in arrival.events ? blockToValues(block) : block };
  }

  #warnOfMissingIds(): void {
    const missing = [...this.#dedupes.values()].reduce((sum, { withoutId }) => sum + withoutId, 0);
    if (missing === 0 || this.#warnedOfIds) return;
    this.#warnedOfIds = true;
    this.#settings.log.warn(
      { events: missing },
      'events without the id header came: they cannot be told from others, and count again when they come again',
    );
  }
}

function unknownInput(input: string): StreamjobError {
  return new StreamjobError(
    'CHECKPOINT_INCOMPATIBLE',
    `the log holds events of ${input}, which the job does not have`,
    {
      where: 'the checkpoint directory',
      hint: `run the job as it was until they are processed; or give the stream that takes its place uid('${input}')`,
    },
  );
}
