/**
 * Long work on a terminal: a bar with how much is done, how fast, and how long it will take; where stderr is no terminal, a line of the log
 * now and then. Work that is over soon is not shown.
 */
import type { Logger } from '../core/log.ts';
import { monotonicMs } from '../core/machine.ts';
import type { Work } from '../core/telemetry.ts';
import { durationText } from '../observe/verdict.ts';
import { drawnLine } from './terminal.ts';

/** What is over sooner is not shown, in ms. */
const SOON_MS = 500;
const BETWEEN_DRAWINGS_MS = 100;
const BETWEEN_LINES_MS = 10_000;
const BAR = 24;
const CLEAR_LINE = '\r\u001b[2K';

/** Shows work, one at a time. */
export class ProgressLine {
  readonly #out: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;
  readonly #log: Pick<Logger, 'info'>;
  #what: string | undefined;
  #beganAt = 0;
  #toldAt = 0;
  #wasShown = false;

  constructor(out: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>, log: Pick<Logger, 'info'>) {
    this.#out = out;
    this.#log = log;
  }

  /** Takes what is told of work (TelemetryRegistry.onWork). */
  show(work: Work): void {
    const now = monotonicMs();
    if (this.#what !== work.what) {
      this.#what = work.what;
      this.#beganAt = now;
      this.#toldAt = now + (this.#out.isTTY ? SOON_MS - BETWEEN_DRAWINGS_MS : 0);
      this.#wasShown = false;
    }
    const ms = now - this.#beganAt;
    if (work.isOver) {
      if (this.#wasShown && this.#out.isTTY) this.#out.write(CLEAR_LINE);
      if (this.#wasShown) this.#log.info({ ...work }, `${work.what} took ${durationText(ms)}`);
      this.#what = undefined;
      return;
    }
    if (now - this.#toldAt < (this.#out.isTTY ? BETWEEN_DRAWINGS_MS : BETWEEN_LINES_MS)) return;
    this.#toldAt = now;
    this.#wasShown = true;
    if (!this.#out.isTTY) this.#log.info({ ...work }, progressText(work, ms, 0));
    else this.#out.write(`${CLEAR_LINE}${drawnLine(progressText(work, ms, BAR), this.#out)}`);
  }
}

/**
 * @param ms how long it goes on
 * @param bar how many characters the bar has; 0: there is none
 * @example progressText({ what: 'reading the journal', done: 512e6, total: 1024e6, unit: 'bytes', isOver: false }, 2000, 10)
 * // 'reading the journal [#####.....] 50 %, 512.0 MB of 1.0 GB, 256.0 MB/s, 2.0 s left'
 */
export function progressText({ done, total, unit, what }: Work, ms: number, bar: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * bar);
  const drawn = bar === 0 ? ':' : ` [${'#'.repeat(filled)}${'.'.repeat(bar - filled)}]`;
  const perMs = ms === 0 ? 0 : done / ms;
  const left = perMs === 0 ? 'how long is not known' : `${durationText(Math.max(0, total - done) / perMs)} left`;
  const amount = (value: number): string =>
    unit === 'bytes' ? sizeText(value) : Math.round(value).toLocaleString('en-US');
  const unitText = unit === 'bytes' ? '' : ` ${unit}`;
  return `${what}${drawn} ${Math.floor(share * 100)} %, ${amount(done)} of ${amount(total)}${unitText}, ${amount(perMs * 1000)}/s, ${left}`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${SIZES[power]}`;
}
