/**
 * A run with a checkpoint directory. Which blocks are logged, and when, follows from the job's level and from whether its events have
 * ids.
 */

import { EventBlock } from '../../avro/event-block.ts';
import { StoredEvents } from '../../avro/stored-events.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { TakesInput } from '../../core/shared-memory.ts';
import type { BatchReport, Engine, Recovery } from '../../engine/engine.ts';
import type { Windows } from '../../graph/windows.ts';
import { type Batch, holdsAcknowledged } from '../batch/batch.ts';
import { Dedupe } from '../batch/dedupe.ts';
import type { BlockRef } from '../block/block-log.ts';
import { type Admitted, type Blocks, onlyCounted } from '../block/block-queue.ts';
import { broughtOf } from '../block/stored-block.ts';
import { blockToValues, valuesToBlock } from '../block/value-block.ts';
import type { Input } from '../receive/input.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Durability, Unfinished } from './durability.ts';
import type { LoggedBlock, StoredIds, StoredPosition } from './records.ts';

/** What it is made of. */
export interface CheckpointedSettings {
  readonly checkpoint: Checkpoint;
  /** Which windows read the past of streams. */
  readonly windows: Windows;
  readonly level: Reliability;
  readonly inputs: readonly Input[];
  /** Names of the inputs across restarts. */
  readonly inputNames: ReadonlyMap<number, string>;
  /** Where what is read from the log is best put for the engine. */
  readonly takesInput: TakesInput;
  readonly log: Logger;
}

/** Of what an earlier run received: its peers were answered, and no receiver that is attached now gave it. */
const NO_EPOCH = 0;

/** A run with a checkpoint directory. */
export class Checkpointed implements Durability {
  readonly #settings: CheckpointedSettings;
  readonly #inputsByName: ReadonlyMap<string, Input>;
  readonly #dedupes = new Map<number, Dedupe>();
  /** Sequence numbers of blocks that a last run logged: below all that receivers give. */
  #recoveredSequence = -1;
  #logged: { readonly time: number; readonly refs: readonly BlockRef[] } | undefined;
  #warnedOfIds = false;

  /** @throws StreamjobError CHECKPOINT_INCOMPATIBLE when the log has events of an input that the job does not have */
  constructor(settings: CheckpointedSettings) {
    this.#settings = settings;
    const { checkpoint, inputs } = settings;
    this.#inputsByName = new Map(inputs.map((input) => [this.#nameOf(input.id), input]));
    for (const { id, dedupe } of inputs) {
      if (dedupe !== undefined) this.#dedupes.set(id, new Dedupe(dedupe.header, dedupe.remember));
    }
    const { recovered } = checkpoint;
    for (const { value } of [...recovered.ids.values()].sort((a, b) => a.value.time - b.value.time)) {
      const input = this.#inputsByName.get(value.input);
      if (input !== undefined) this.#dedupes.get(input.id)?.restore(value.time, value.ids);
    }
    for (const { input } of [
      ...(recovered.pending?.blocks ?? []),
      ...[...recovered.waiting.values()].map(({ value }) => value),
    ]) {
      if (!this.#inputsByName.has(input)) throw unknownInput(input);
    }
    if (recovered.lastTime === undefined) return;
    for (const [name, { position }] of this.#inputsByName) {
      position?.resume(recovered.lastTime, recovered.positions.get(name)?.value);
    }
  }

  get lastTime(): number | undefined {
    return this.#settings.checkpoint.recovered.lastTime;
  }

  get logBytes(): number {
    return this.#settings.checkpoint.blockBytes;
  }

  get logBlock(): Durability['logBlock'] {
    const { checkpoint, level } = this.#settings;
    if (level !== 'store-on-failure') return undefined;
    return (input, block, values) => checkpoint.logBlock(input, block, values);
  }

  get recovery(): Recovery {
    const { checkpoint } = this.#settings;
    return {
      async restore(into) {
        await checkpoint.restoreStates((name) => into.state(name));
        for (const { value } of checkpoint.recovered.slices.values()) into.slice(value, value.time);
      },
    };
  }

  waiting(): Admitted[] {
    return [...this.#settings.checkpoint.recovered.waiting.values()].map(({ value }) => this.#admitted(value));
  }

  pending(): Unfinished | undefined {
    const { pending } = this.#settings.checkpoint.recovered;
    if (pending === undefined) return undefined;
    const blocks = new Map<number, Admitted[]>();
    for (const block of pending.blocks) {
      const admitted = this.#admitted(block);
      blocks.set(admitted.token.input, [...(blocks.get(admitted.token.input) ?? []), admitted]);
    }
    this.#logged = { time: pending.time, refs: pending.blocks.map(({ ref }) => ref) };
    return { time: pending.time, id: pending.id, blocks };
  }

  async load(blocks: Blocks): Promise<Blocks> {
    const loaded = new Map<number, Admitted[]>();
    const isReadOf = (input: number): boolean => this.#dedupes.has(input) || this.#settings.takesInput === 'heap';
    const brought = await broughtOf([...blocks].flatMap(([input, all]) => (isReadOf(input) ? all.map(eventsOf) : [])));
    for (const [input, arrivals] of blocks) {
      const dedupe = this.#dedupes.get(input);
      dedupe?.begin();
      const events: Admitted[] = [];
      for (const arrival of arrivals) {
        const found = arrival.onDisk === true ? await this.#read(arrival, dedupe === undefined) : arrival;
        const read = isReadOf(input) ? { ...found, events: brought(found.events) } : found;
        const filtered =
          dedupe === undefined || !(read.events instanceof EventBlock)
            ? read
            : { ...read, events: await dedupe.filter(read.events) };
        events.push(filtered);
      }
      loaded.set(input, events);
    }
    this.#warnOfMissingIds();
    return loaded;
  }

  async logCut(batch: Batch): Promise<void> {
    const { checkpoint, level } = this.#settings;
    if (this.#logged?.time === batch.time) return;
    // What a run of another level has left in the log must be known to be in a batch, or each run would process it again.
    const isInLog = [...batch.blocks.values()].some((arrivals) => arrivals.some(({ ref }) => ref !== undefined));
    if (level !== 'store-on-failure' && this.#dedupes.size === 0 && !isInLog) return;
    const left = [...batch.blocks.values()].flat().filter(({ ref }) => ref === undefined);
    const brought = await broughtOf(left.map(eventsOf));
    const blocks = [...batch.blocks].flatMap(([id, arrivals]) =>
      arrivals
        .filter(({ ref, events }) => ref !== undefined || events.count > 0)
        .map(({ ref, events }) => {
          const input = this.#nameOf(id);
          const values = !(events instanceof EventBlock || events instanceof StoredEvents);
          // What was not read yet has its place in the log.
          if (ref !== undefined) return { input, ref, values: 'values' in events };
          const held = brought(events);
          return { input, values, block: held instanceof EventBlock ? held : valuesToBlock(held, input) };
        }),
    );
    const logged = await checkpoint.logBatch(batch.time, batch.id, blocks, this.#positions());
    this.#logged = { time: batch.time, refs: logged.map(({ ref }) => ref) };
  }

  isLogged(time: number): boolean {
    return this.#logged?.time === time;
  }

  async commit(batch: Batch, report: BatchReport, engine: Pick<Engine, 'bucket'>): Promise<void> {
    const { checkpoint, windows } = this.#settings;
    const ids: StoredIds[] = [...this.#dedupes]
      .filter(([input]) => batch.blocks.has(input))
      .map(([input, dedupe]) => ({ input: this.#nameOf(input), time: batch.time, ids: dedupe.openIds }))
      .filter((each) => each.ids.length > 0);
    await checkpoint.commit({
      time: batch.time,
      states: report.states,
      bucket: (state, index) => engine.bucket(state, index),
      slices: report.slices.map((slice) => ({ ...slice, time: batch.time })),
      keepsSlice: ({ owners, time }) => windows.isRead(owners, time, batch.time),
      ids,
      keepsIds: ({ input, time }) => {
        const id = this.#inputsByName.get(input)?.id;
        return id !== undefined && this.#dedupes.get(id)?.knows(time) === true;
      },
      positions: this.#positions(),
      blocks: this.#logged?.time === batch.time ? this.#logged.refs : [],
      synced: batch.events > 0 || batch.blocks.size > 0,
    });
  }

  committed(batch: Batch): void {
    for (const [input, dedupe] of this.#dedupes) if (batch.blocks.has(input)) dedupe.commit(batch.time);
    this.#logged = undefined;
  }

  async givenUp(batch: Batch, outputsBegun: boolean): Promise<void> {
    const { checkpoint } = this.#settings;
    const logged = this.#logged;
    if (logged?.time !== batch.time) return;
    if (holdsAcknowledged(batch) || outputsBegun) return;
    this.#logged = undefined;
    await checkpoint.abandon(batch.time, logged.refs);
  }

  async close(): Promise<void> {
    await this.#settings.checkpoint.close();
  }

  /** The name of an input across restarts. */
  #nameOf(input: number): string {
    return this.#settings.inputNames.get(input) ?? '';
  }

  #positions(): StoredPosition[] {
    return this.#settings.inputs.flatMap(({ id, position }) =>
      position === undefined ? [] : [{ input: this.#nameOf(id), position: position.current() }],
    );
  }

  #admitted({ input, ref, values }: LoggedBlock): Admitted {
    const id = this.#inputsByName.get(input)?.id ?? -1;
    const token = { input: id, receiver: 0, epoch: NO_EPOCH, sequence: this.#recoveredSequence-- };
    const events = onlyCounted(ref.count, values === true);
    return { token, events, bytes: ref.length, ref, onDisk: true, acked: 0 };
  }

  /** @param byWorker whether nobody looks at the events before a worker does, which may then read them itself */
  async #read(arrival: Admitted, byWorker: boolean): Promise<Admitted> {
    const { onDisk: _, ...rest } = arrival;
    const { checkpoint, takesInput } = this.#settings;
    const ref = arrival.ref as BlockRef;
    const place =
      byWorker && takesInput !== 'heap' && !('values' in arrival.events) ? checkpoint.placeOf(ref) : undefined;
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

function eventsOf({ events }: Admitted): Admitted['events'] {
  return events;
}
