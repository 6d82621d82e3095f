/** Writes the position file, when there is something new: at once, but not before an interval has passed since the last time. */
import type { Clock, Timer } from '../../../core/clock.ts';
import { messageOf } from '../../../core/errors.ts';
import type { PositionFile } from './position-file.ts';
import type { Position } from './tail.ts';

/** The shortest time between two tries to write a file that could not be written, in ms. */
const RETRY_MS = 1000;

/** What a writer needs. */
export interface PositionWriterParts {
  readonly file: PositionFile;
  readonly clock: Clock;
  /** In ms. */
  readonly interval: number;
  /** The positions of all that the channel has. */
  readonly positions: () => readonly Position[];
  /** Tells that it cannot be written; once, until it can again. */
  readonly onError: (cause: string) => void;
}

/** Writes positions. */
export class PositionWriter {
  readonly #parts: PositionWriterParts;
  #changed = false;
  #failed = false;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(parts: PositionWriterParts) {
    this.#parts = parts;
  }

  /** The positions have changed. */
  changed(): void {
    this.#changed = true;
    if (this.#timer !== undefined) return;
    const { clock, interval } = this.#parts;
    const wait = this.#lastAt + (this.#failed ? Math.max(interval, RETRY_MS) : interval) - clock.now();
    if (wait <= 0) void this.write();
    else {
      this.#timer = clock.after(wait, () => {
        this.#timer = undefined;
        void this.write();
      });
    }
  }

  /**
   * The channel has one more batch. Resolves when the next one may be read: with an interval of 0 when the position is noted, so that a
   * kill repeats no more than one batch; also when it cannot be noted, which is told and tried again.
   */
  async delivered(): Promise<void> {
    this.changed();
    if (this.#parts.interval === 0) await this.#writing;
  }

  /** Writes them now, if they have changed. Never rejects. @returns whether all that has changed is written */
  write(): Promise<boolean> {
    const written = this.#writing.then(async () => {
      await this.#write();
      return !this.#changed;
    });
    this.#writing = written;
    return written;
  }

  /** Writes them a last time. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.write();
    this.#timer?.cancel();
  }

  async #write(): Promise<void> {
    if (!this.#changed) return;
    const { file, clock, positions, onError } = this.#parts;
    this.#changed = false;
    this.#lastAt = clock.now();
    try {
      await file.write(positions());
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) onError(messageOf(error));
      this.#failed = true;
      this.changed();
    }
  }
}
