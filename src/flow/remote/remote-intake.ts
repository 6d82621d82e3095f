/**
 * Where a receiver on another host than the driver puts what it receives: a block is written to the storage, and when it is on disk the driver
 * is told where it lies. While there is no driver, peers are told to send again.
 */
import { crc32 } from 'node:zlib';
import { EventBlock } from '../../avro/event-block.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { relativePlace } from '../../core/storage/places.ts';
import type { BlockLog, BlockRef } from '../block/block-log.ts';
import type { Delivery, GiveUpResult, Intake, Outcome, Receiver } from '../receive/receiver.ts';
import type { Channel } from './channel.ts';
import type { FromHost, GivenUp, Withdrawn } from './messages.ts';

/** A driver that is there. */
export interface DriverLink {
  readonly channel: Channel;
  readonly blocks: BlockLog;
  /** The directory of the storage. */
  readonly root: string;
}

/** Where a receiver on another host than the driver puts what it receives. */
export class RemoteIntake implements Intake {
  readonly #input: number;
  readonly #receiver: Receiver;
  readonly #log: Logger;
  readonly #onFailure: (error: Error) => void;
  #driver: DriverLink | undefined;
  /** What has been received and is not settled; undefined: it is on its way to the disk. */
  readonly #open = new Map<number, BlockRef | undefined>();

  /** @param onFailure the host cannot go on */
  constructor(input: number, receiver: Receiver, log: Logger, onFailure: (error: Error) => void) {
    this.#input = input;
    this.#receiver = receiver;
    this.#log = log;
    this.#onFailure = onFailure;
  }

  /** A driver is there. */
  attach(driver: DriverLink): void {
    this.#driver = driver;
  }

  /** It is lost: what it had not settled is sent again by the peers. */
  detach(): void {
    this.#driver = undefined;
    const open = [...this.#open.keys()];
    this.#open.clear();
    if (open.length > 0) void this.#settleHere(open, 'given-up');
  }

  /** The driver has settled deliveries. @returns how many events were acknowledged */
  async settled(sequences: readonly number[], outcome: Outcome): Promise<number> {
    const refs = sequences.flatMap((sequence) => this.#open.get(sequence) ?? []);
    for (const sequence of sequences) this.#open.delete(sequence);
    // A driver that comes meanwhile has blocks of its own, which begin with the same numbers.
    const blocks = this.#driver?.blocks;
    const acked = await this.#settleHere(sequences, outcome);
    await blocks?.release(refs);
    return acked;
  }

  offer({ events, sequence }: Delivery): void {
    const driver = this.#driver;
    if (driver === undefined || !(events instanceof EventBlock)) return void this.#settleHere([sequence], 'given-up');
    this.#open.set(sequence, undefined);
    void this.#write(driver, sequence, events);
  }

  async withdraw(sequences: readonly number[]): Promise<readonly number[]> {
    const driver = this.#driver;
    const here = sequences.filter((sequence) => this.#open.has(sequence) && this.#open.get(sequence) === undefined);
    for (const sequence of here) this.#open.delete(sequence);
    const there = sequences.filter((sequence) => this.#open.get(sequence) !== undefined);
    if (driver === undefined || there.length === 0) return here;
    const message: FromHost = { type: 'withdraw', input: this.#input, sequences: there };
    const withdrawn = await driver.channel.call<Withdrawn>(message).catch((): Withdrawn => []);
    const refs = withdrawn.flatMap((sequence) => this.#open.get(sequence) ?? []);
    for (const sequence of withdrawn) this.#open.delete(sequence);
    await driver.blocks.release(refs);
    return [...here, ...withdrawn];
  }

  async giveUp(sequence: number, reason: string): Promise<GiveUpResult> {
    const driver = this.#driver;
    if (!this.#open.has(sequence)) return 'unknown';
    const ref = this.#open.get(sequence);
    if (driver === undefined || ref === undefined) {
      this.#open.delete(sequence);
      return 'withdrawn';
    }
    const message: FromHost = { type: 'giveUp', input: this.#input, sequence, reason };
    const result = await driver.channel.call<GivenUp>(message).catch((): GivenUp => 'unknown');
    if (result === 'withdrawn') {
      this.#open.delete(sequence);
      await driver.blocks.release([ref]);
    }
    return result;
  }

  reportError(message: string): void {
    this.#driver?.channel.send({ type: 'error', input: this.#input, message } satisfies FromHost);
  }

  fail(error: Error): void {
    this.#onFailure(error);
  }

  renew(): Intake {
    return this;
  }

  async #write(driver: DriverLink, sequence: number, events: EventBlock): Promise<void> {
    let ref: BlockRef;
    try {
      ref = await driver.blocks.append(events);
    } catch (error) {
      if (this.#open.delete(sequence)) {
        this.#log.error(
          { err: error },
          `received events cannot be written, their peers send them again: ${messageOf(error)}`,
        );
        await this.#settleHere([sequence], 'given-up');
      }
      return;
    }
    // Meanwhile its peer, or the driver, may have gone.
    if (this.#driver !== driver || !this.#open.has(sequence)) return await driver.blocks.release([ref]);
    this.#open.set(sequence, ref);
    const place = driver.blocks.placeOf(ref);
    const relative = relativePlace(driver.root, place.path);
    const checked = events.items().reduce((crc, part) => crc32(part, crc), 0);
    driver.channel.send({
      ...{ type: 'offer', input: this.#input, sequence },
      place: { ...place, path: relative, crc32: checked },
    } satisfies FromHost);
  }

  async #settleHere(sequences: readonly number[], outcome: Outcome): Promise<number> {
    try {
      return await this.#receiver.settle(sequences, outcome);
    } catch (error) {
      this.#log.warn({ err: error }, `${this.#receiver.name} could not settle: ${messageOf(error)}`);
      return 0;
    }
  }
}
