/**
 * Reads the files of an agent again, now and then or when it is told to, and lets the agent go over to what they say. A file that is
 * wrong changes nothing: the agent runs on as it was, and the log says why, once.
 */
import { type Clock, sleep } from '../../core/clock.ts';
import { type ErrorCode, messageOf, StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { type Backup, keepTexts, readPlaces } from '../conf/places.ts';
import type { ConfText } from '../conf/read-files.ts';

/** A file that is being written is read again after this time, until it stays as it is, in ms. */
const SETTLE_MS = 1000;
/** What may go well the next time with the same file: somebody else has the port, or the directory is not there yet. */
const OF_THE_MACHINE: readonly ErrorCode[] = ['PORT_IN_USE', 'LISTEN_FAILED', 'FILE_NOT_FOUND', 'FILE_ACCESS'];

/** What a reloader needs. */
export interface ReloaderGiven {
  readonly places: readonly string[];
  readonly backup: Backup | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Goes over to what the texts say; @returns whether that is anything else; @throws when it cannot, and has not */
  readonly apply: (texts: readonly ConfText[]) => Promise<boolean>;
}

/** Reads the files of an agent again. */
export class Reloader {
  readonly #given: ReloaderGiven;
  /** What was read last, whether it could be used or not. */
  #seen: string;
  /** Whether that is to be tried again although it is the same. */
  #isToRetry = false;
  #told: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param texts what the agent runs by */
  constructor(given: ReloaderGiven, texts: readonly ConfText[]) {
    this.#given = given;
    this.#seen = keyOf(texts);
  }

  /**
   * Reads the files at once, and goes over to what they say.
   * @returns whether that is anything else than before
   * @throws StreamjobError of reading and of what cannot be had; then the agent runs on as it was
   */
  now(): Promise<boolean> {
    return this.#inTurn(async () => await this.#use(await readPlaces(this.#given.places)));
  }

  /** Looks at the files every `intervalMs` until `signal` aborts; never rejects. */
  async watch(intervalMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#given;
    for (;;) {
      await sleep(clock, intervalMs, signal);
      if (signal.aborted) return;
      await this.#inTurn(() => this.#look(signal)).catch((error: unknown) => this.tell(error));
    }
  }

  /** Says that the agent runs on as it was, and why; the same is said once. */
  tell(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#told) return;
    this.#told = message;
    this.#given.log.error({ cause: message }, `the agent runs on as it was, since its file cannot be used: ${message}`);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, places } = this.#given;
    let texts = await readPlaces(places);
    if (keyOf(texts) === this.#seen) {
      if (this.#isToRetry) await this.#use(texts);
      return;
    }
    for (;;) {
      await sleep(clock, SETTLE_MS, signal);
      if (signal.aborted) return;
      const later = await readPlaces(places);
      if (keyOf(later) === keyOf(texts)) break;
      texts = later;
    }
    await this.#use(texts);
  }

  async #use(texts: readonly ConfText[]): Promise<boolean> {
    const { apply, backup, log } = this.#given;
    this.#seen = keyOf(texts);
    try {
      const changed = await apply(texts);
      this.#isToRetry = false;
      this.#told = undefined;
      if (backup !== undefined) await keepTexts(backup, texts, log);
      return changed;
    } catch (error) {
      this.#isToRetry = error instanceof StreamjobError && OF_THE_MACHINE.includes(error.code);
      throw error;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

function keyOf(texts: readonly ConfText[]): string {
  return JSON.stringify(texts.map(({ text }) => text));
}
