/**
 * Where the events of a commit go: into memory, or into the overflow on disk. A commit goes whole into one of them. Memory is tried first;
 * when it is full the commit waits overflowTimeout for it, and then the overflow is on: from then on a commit that does not fit into memory
 * goes to disk at once, until takes have made overflowDeactivationThreshold per cent of memory free.
 */
import type { Clock } from '../../../core/clock.ts';
import { StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Taken } from '../transaction.ts';
import { Waiters } from '../waiters.ts';
import type { MemoryEvents, Use } from './memory.ts';

/** What a spillable memory channel is bounded by, beside its memory. */
export interface OverflowBounds {
  /** For errors. */
  readonly name: string;
  /** In events. */
  readonly memoryCapacity: number;
  /** In events; 0: there is no overflow. */
  readonly overflowCapacity: number;
  readonly timeoutMs: number;
  /** The share of memory that must be free, from 0 to 1, for the overflow to be off again. */
  readonly calmShare: number;
}

/** What a transaction has taken, by where it was. */
export interface TakenFrom {
  readonly memory: readonly Taken[];
  readonly disk: readonly Taken[];
}

/** The place of a commit's events, and the room that was taken for them there. */
export interface Place {
  readonly side: 'memory' | 'disk';
  readonly memory: Use;
  readonly disk: number;
}

const NOTHING: Use = { events: 0, slots: 0 };

/** The room of one channel. */
export class Room {
  readonly #memory: MemoryEvents;
  readonly #bounds: OverflowBounds;
  readonly #forMemory: Waiters;
  readonly #forDisk: Waiters;
  /** Events on disk, and room that was taken there. */
  #onDisk = 0;
  #isOverflowing = false;

  constructor(memory: MemoryEvents, bounds: OverflowBounds, clock: Clock) {
    this.#memory = memory;
    this.#bounds = bounds;
    this.#forMemory = new Waiters(clock);
    this.#forDisk = new Waiters(clock);
  }

  /** Events on disk, with those that are being written. */
  get onDisk(): number {
    return this.#onDisk;
  }

  /** Whether commits that do not fit into memory go to disk without waiting. */
  get isOverflowing(): boolean {
    return this.#isOverflowing;
  }

  /** @param onDisk events that were there before */
  start(onDisk: number): void {
    this.#onDisk = onDisk;
    this.#isOverflowing = false;
  }

  /** Sends all away who wait. */
  release(): void {
    this.#forMemory.release();
    this.#forDisk.release();
  }

  /**
   * Finds the place of `puts`, and takes the room there.
   * @param taken what the same transaction takes out: it makes room
   * @param requireDisk throws when the disk cannot be written now
   * @param requireOpen throws when the channel was stopped meanwhile
   * @throws StreamjobError CHANNEL_FULL, and what the two throw
   */
  async place(
    puts: readonly PlainEvent[],
    taken: TakenFrom,
    requireDisk: () => Promise<void>,
    requireOpen: () => void,
  ): Promise<Place> {
    const { overflowCapacity, timeoutMs } = this.#bounds;
    const whole = this.#memory.useOf(puts);
    const need = lessOf(whole, this.#memory.useOf(taken.memory.map(({ event }) => event)));
    const inMemory: Place = { side: 'memory', memory: need, disk: 0 };
    const fitsMemory = this.#memory.canHold(whole);
    const reserveMemory = (): boolean => fitsMemory && this.#memory.reserve(need);
    if (fitsMemory) {
      const placed = await this.#forMemory.wait(reserveMemory, this.#isOverflowing ? 0 : timeoutMs);
      requireOpen();
      if (placed) return inMemory;
    }
    if (puts.length > overflowCapacity) throw this.#noRoom(puts.length);
    await this.#diskIsUsable(requireDisk);
    requireOpen();
    const onDisk: Place = { side: 'disk', memory: NOTHING, disk: Math.max(0, puts.length - taken.disk.length) };
    let place: Place | undefined;
    await this.#forDisk.wait(() => {
      if (reserveMemory()) place = inMemory;
      else if (this.#reserveDisk(onDisk.disk)) place = onDisk;
      return place !== undefined;
    }, timeoutMs);
    requireOpen();
    if (place === undefined) throw this.#noRoom(puts.length);
    return place;
  }

  /** A commit failed: its room is free again. */
  giveBack({ memory, disk }: Place): void {
    this.#memory.release(memory);
    this.#onDisk -= disk;
    this.#wake();
  }

  /** The disk has taken what memory had no room for. */
  overflowed(): void {
    this.#isOverflowing = this.#bounds.memoryCapacity > 0;
  }

  /** The disk did not take it: who comes next had better wait for memory. */
  diskFailed(): void {
    this.#isOverflowing = false;
  }

  /** A commit is done: what it took out, beyond what it put in the same place, is free. */
  committed(puts: readonly PlainEvent[], taken: TakenFrom, place: Place | undefined): void {
    const [memoryPuts, diskPuts] = place?.side === 'memory' ? [puts, 0] : [[], puts.length];
    const takenUse = this.#memory.useOf(taken.memory.map(({ event }) => event));
    this.#memory.release(lessOf(takenUse, this.#memory.useOf(memoryPuts)));
    this.#onDisk -= Math.max(0, taken.disk.length - diskPuts);
    if (taken.memory.length + taken.disk.length === 0) return;
    const { calmShare, memoryCapacity } = this.#bounds;
    if (memoryCapacity - this.#memory.used >= calmShare * memoryCapacity) this.#isOverflowing = false;
    this.#wake();
  }

  /** So many events on disk were damaged and are not there any more. */
  lost(events: number): void {
    this.#onDisk -= events;
    this.#wake();
  }

  async #diskIsUsable(requireDisk: () => Promise<void>): Promise<void> {
    try {
      await requireDisk();
    } catch (error) {
      this.diskFailed();
      throw error;
    }
  }

  #reserveDisk(events: number): boolean {
    if (events > 0 && this.#onDisk + events > this.#bounds.overflowCapacity) return false;
    this.#onDisk += events;
    return true;
  }

  /** Those who have waited for memory in vain and wait for either of them now have waited longest. */
  #wake(): void {
    this.#forDisk.wake();
    this.#forMemory.wake();
  }

  #noRoom(events: number): StreamjobError {
    const { memoryCapacity, name, overflowCapacity } = this.#bounds;
    const overflow =
      overflowCapacity === 0
        ? 'it has no overflow (overflowCapacity is 0)'
        : `${this.#onDisk} of overflowCapacity, ${overflowCapacity}, are on disk`;
    return new StreamjobError(
      'CHANNEL_FULL',
      `channel ${name} has no room for ${events} events: ${this.#memory.used} of memoryCapacity, ${memoryCapacity}, are in memory, or byteCapacity is reached, and ${overflow}. Sinks do not keep up with sources, or the channel is too small`,
      {
        where: `channel ${name}`,
        hint: `raise ${overflowCapacity === 0 ? 'memoryCapacity' : 'overflowCapacity'} of channel ${name}, or see why its sinks are slow`,
      },
    );
  }
}

/** What the one uses beyond the other. */
function lessOf(one: Use, other: Use): Use {
  return {
    events: Math.max(0, one.events - other.events),
    slots: Math.max(0, one.slots - other.slots),
  };
}
