/**
 * A host that receives for a driver elsewhere: it runs the receivers of a job's inputs, writes what they receive to the storage, and tells
 * their peers what the driver says. When the driver is lost it goes on to look for it; meanwhile nothing is taken.
 */
import { type Clock, sleep } from '../../core/clock.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { uuid } from '../../core/machine.ts';
import { placeIn, relativePlace } from '../../core/storage/places.ts';
import { blockFilesOf, storageOf } from '../../core/storage/storages.ts';
import { BlockLog } from '../block/block-log.ts';
import type { Input } from '../receive/input.ts';
import type { Receiver } from '../receive/receiver.ts';
import { Channel } from './channel.ts';
import {
  type Attach,
  type Attached,
  type FromDriver,
  type FromHost,
  type HeldThere,
  PROTOCOL_VERSION,
} from './messages.ts';
import { type DriverLink, RemoteIntake } from './remote-intake.ts';
import { connectTo, requireSecurity, type Security } from './security.ts';

/** What it works with. */
export interface ReceiverHostParts {
  /** What tells this host from others. */
  readonly name: string;
  readonly driver: { readonly host: string; readonly port: number };
  /** Undefined: the driver is on this machine. */
  readonly security: Security | undefined;
  /** The directory of the storage. */
  readonly root: string;
  /** All inputs of the job. */
  readonly inputs: readonly Input[];
  /** What an input is called by all hosts of the job. */
  readonly nameOf: (input: Input) => string;
  /** Whether this host receives for an input. */
  readonly receives: (input: Input) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** A receiver and what it hands over to. */
interface Running {
  readonly receiver: Receiver;
  readonly intake: RemoteIntake;
  mostEvents: number;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;
const HELD_MS = 2000;

/** A host that receives for a driver elsewhere. */
export class ReceiverHost {
  readonly #parts: ReceiverHostParts;
  readonly #running = new Map<number, Running>();
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => {};
  /** What tells this process from others that come with its name. */
  readonly #process = uuid();
  #isStarted = false;

  /** @throws StreamjobError CONFIG_INVALID */
  constructor(parts: ReceiverHostParts) {
    this.#parts = parts;
    requireSecurity(parts.driver.host, parts.security, '--driver');
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
    for (const input of parts.inputs) {
      const [receiver] = input.receivers;
      if (receiver === undefined || !parts.receives(input)) continue;
      const intake = new RemoteIntake(input.id, receiver, parts.log, (error) => this.#fail(error));
      const running: Running = { receiver, intake, mostEvents: Number.POSITIVE_INFINITY };
      receiver.polling?.askAtMost(() => running.mostEvents);
      this.#running.set(input.id, running);
    }
    if (this.#running.size === 0) {
      throw new StreamjobError('CONFIG_INVALID', 'no input of the job is received on other hosts', {
        where: 'streamjob receive',
        hint: 'flumeStream and flumePollingStream are; all others are read by the driver',
      });
    }
  }

  /**
   * Runs until the signal aborts.
   * @throws StreamjobError HANDSHAKE_FAILED when the driver refuses it for good; what makes a receiver fail
   */
  async run(): Promise<void> {
    const { clock, log, signal } = this.#parts;
    let wait = FIRST_WAIT_MS;
    try {
      while (!signal.aborted) {
        const reason = await Promise.race([this.#serve(), this.#failed]);
        if (signal.aborted) break;
        wait = reason.wasAttached ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
        log.warn({}, `the driver is not there: ${reason.text}; tried again in ${wait} ms`);
        await sleep(clock, wait, signal);
      }
    } finally {
      await Promise.allSettled([...this.#running.values()].map(({ receiver }) => receiver.stopReceiving()));
      await Promise.allSettled([...this.#running.values()].map(({ receiver }) => receiver.close()));
    }
  }

  /** One connection, from its begin to its end. */
  async #serve(): Promise<{ readonly text: string; readonly wasAttached: boolean }> {
    const { driver, log, name, root, signal } = this.#parts;
    const channel = await this.#connect().catch((error: unknown) => messageOf(error));
    if (typeof channel === 'string') return { text: channel, wasAttached: false };
    const { ended, link } = channel;
    const abort = (): void => void link.end('this host stops');
    signal.addEventListener('abort', abort);
    // Hosts of other drivers may have this name and the same storage: a driver removes what older ones of the name have left.
    const ofDriver = `${driver.host}-${driver.port}`.replaceAll(/[^\w.-]/g, '-');
    const directory = placeIn(root, 'receivers', ofDriver, name, uuid());
    let blocks: BlockLog | undefined;
    try {
      // A new one each time: a driver that lost us may still read from the one before.
      await storageOf(root).makeDirectory(directory);
      const onLeftBehind = (error: Error): void => log.warn({ err: error }, error.message);
      blocks = await BlockLog.open({ ...blockFilesOf(root), directory, isOwn: true, onLeftBehind }, []);
      const attach: Attach = {
        ...{ type: 'attach', version: PROTOCOL_VERSION, name, process: this.#process },
        ...{ inputs: this.#parts.inputs.map(this.#parts.nameOf), directory: relativePlace(root, directory) },
      };
      const { forGood, paused, refused } = await link.call<Attached>(attach);
      if (refused !== undefined) return this.#refused(refused, forGood === true);
      log.info({ driver: link.remote }, `attached to the driver at ${driver.host}:${driver.port} as ${name}`);
      await this.#begin({ channel: link, blocks, root }, paused);
      const telling = this.#tellHeld(link);
      const text = await ended;
      telling.abort();
      for (const { intake, receiver } of this.#running.values()) {
        // Who sends again at once would only be refused again.
        receiver.reading?.pause();
        intake.detach();
      }
      return { text, wasAttached: true };
    } catch (error) {
      if (error instanceof StreamjobError && error.code === 'HANDSHAKE_FAILED') throw error;
      if (error instanceof StreamjobError && ['PORT_IN_USE', 'LISTEN_FAILED'].includes(error.code)) throw error;
      return { text: messageOf(error), wasAttached: false };
    } finally {
      signal.removeEventListener('abort', abort);
      link.close('it is over');
      await blocks?.close().catch((error: unknown) => log.warn({ err: error }, messageOf(error)));
    }
  }

  #refused(refused: string, forGood: boolean): { readonly text: string; readonly wasAttached: boolean } {
    if (!forGood) return { text: refused, wasAttached: false };
    throw new StreamjobError('HANDSHAKE_FAILED', `the driver refused this host: ${refused}`, {
      where: `${this.#parts.driver.host}:${this.#parts.driver.port}`,
      hint: 'run the same job file, of the same version of streamjob, on all hosts, each with a name of its own',
    });
  }

  #connect(): Promise<{ readonly link: Channel; readonly ended: Promise<string> }> {
    const { clock, driver, security } = this.#parts;
    return new Promise((resolve, reject) => {
      const socket = connectTo(driver.host, driver.port, security, () => {
        late.cancel();
        socket.removeListener('error', reject);
        let end: (reason: string) => void = () => {};
        const ended = new Promise<string>((over) => {
          end = over;
        });
        const link = new Channel({
          socket,
          clock,
          onMessage: (message) => this.#take(message as FromDriver),
          onClose: end,
        });
        resolve({ link, ended });
      });
      socket.once('error', reject);
      const late = clock.after(LONGEST_WAIT_MS * 2, () => socket.destroy(new Error('it does not answer')));
    });
  }

  async #begin(driver: DriverLink, paused: readonly number[]): Promise<void> {
    for (const [input, { intake, receiver }] of this.#running) {
      intake.attach(driver);
      if (!this.#isStarted) await receiver.start(intake);
      if (paused.includes(input)) receiver.reading?.pause();
      else receiver.reading?.resume();
    }
    this.#isStarted = true;
  }

  /** What peers wait for, for whoever looks at the job. */
  #tellHeld(channel: Channel): AbortController {
    const over = new AbortController();
    const tell = async (): Promise<void> => {
      while (!over.signal.aborted) {
        for (const [input, { receiver }] of this.#running) {
          const held: readonly HeldThere[] = receiver.peers?.held() ?? [];
          if (receiver.peers !== undefined) channel.send({ type: 'held', input, held } satisfies FromHost);
        }
        await sleep(this.#parts.clock, HELD_MS, over.signal);
      }
    };
    void tell();
    return over;
  }

  #take(message: FromDriver): unknown {
    const running = this.#running.get(message.input);
    if (running === undefined) throw new Error(`input ${message.input} is not received here`);
    const { intake, receiver } = running;
    switch (message.type) {
      case 'settle':
        return intake.settled(message.sequences, message.outcome);
      case 'pause':
        return receiver.reading?.pause();
      case 'resume':
        return receiver.reading?.resume();
      case 'abandon':
        return receiver.abandon();
      case 'limit':
        running.mostEvents = message.events ?? Number.POSITIVE_INFINITY;
        return undefined;
      case 'stopReceiving':
        return receiver.reading?.pause();
    }
  }
}
