/** Brings the new lines of one file after the other to the channel. */
import type { FileHandle } from 'node:fs/promises';
import type { PlainEvent } from '../../../core/event.ts';
import { deliver, type Retry, type SourceContext } from '../source.ts';
import { sameState } from './directory.ts';
import type { Troubles } from './finder.ts';
import type { OpenFiles } from './open-files.ts';
import { type Found, type Line, TailReader } from './reader.ts';
import type { Tail } from './tail.ts';

/** Flume's name of the header. */
const BYTE_OFFSET = 'byteoffset';

/** What it needs: the properties of the source by their names, and its parts. */
export interface FileTailerParts {
  readonly context: SourceContext;
  readonly files: OpenFiles;
  readonly troubles: Troubles;
  readonly batchSize: number;
  readonly maxBatchCount: number;
  /** In bytes. */
  readonly maxLineLength: number;
  /** In ms. */
  readonly idleTimeout: number;
  readonly byteOffsetHeader: boolean;
  /** The name of the header with the path. */
  readonly fileHeader: string | undefined;
  readonly retry: Retry;
  /** Called when the channel has a batch, and its position has changed; the next batch is read when it resolves. */
  readonly delivered: () => Promise<void>;
  /** Called when a position has changed otherwise. */
  readonly changed: () => void;
  readonly signal: AbortSignal;
}

/** Reads tails. */
export class FileTailer {
  readonly #parts: FileTailerParts;
  readonly #reader: TailReader;
  /** Compressed files, so that each is told once. */
  readonly #compressed = new WeakSet<Tail>();
  /** Files whose name led to another one when they were to be opened. */
  readonly #missed = new WeakSet<Tail>();
  #toldCut = false;

  constructor(parts: FileTailerParts) {
    this.#parts = parts;
    this.#reader = new TailReader({ lines: parts.batchSize, longest: parts.maxLineLength });
  }

  /**
   * Brings the new lines of a file, no more than it had at the last look, so that one that grows quickly does not hold up the others.
   * @returns whether there may be more to read at once; false too when it was stopped
   */
  async read(tail: Tail): Promise<boolean> {
    const { files, troubles, idleTimeout, context } = this.#parts;
    const idle = context.clock.now() - tail.changedAt >= idleTimeout;
    try {
      const { seen, read } = tail;
      const unchanged = seen !== undefined && read?.settled === true && sameState(seen, read);
      let found = false;
      if (!unchanged || (idle && tail.held)) {
        const file = await files.open(tail);
        if (file === undefined) return this.#isMissed(tail);
        this.#missed.delete(tail);
        this.#reader.begin(tail, file);
        found = await this.#readLines(tail, file, idle);
      }
      troubles.fine(tail.name);
      if (idle && !found) await files.close(tail);
      return found;
    } catch (error) {
      await files.close(tail);
      troubles.tell(tail.name, error);
      return false;
    }
  }

  /** The name of a file leads to another one by now. @returns whether the next look, which finds its new name, is to come at once */
  #isMissed(tail: Tail): boolean {
    if (this.#missed.has(tail)) return false;
    this.#missed.add(tail);
    return true;
  }

  /** @returns whether there were any */
  async #readLines(tail: Tail, file: FileHandle, idle: boolean): Promise<boolean> {
    const { maxBatchCount, signal, delivered } = this.#parts;
    const { seen } = tail;
    tail.read = undefined;
    for (let batches = 0; batches < maxBatchCount; ) {
      const found = await this.#reader.next(idle);
      if (found.kind === 'end' || found.kind === 'compressed') {
        this.#atEnd(tail, found);
        tail.read = seen;
        return batches > 0;
      }
      if (found.kind === 'rewritten') {
        if (!tail.sure) {
          tail.isForeign = true;
          return false;
        }
        this.#restart(tail, file);
        continue;
      }
      if (found.cut) this.#tellCut(tail);
      if (found.lines.length > 0) {
        batches++;
        const events = this.#events(tail, found.lines);
        if (signal.aborted || !(await deliver(events, this.#parts.context, this.#parts.retry, signal))) return false;
      }
      tail.advance(found.pos, found.proof);
      tail.held = false;
      await delivered();
      if (seen !== undefined && found.pos >= seen.size) {
        tail.read = seen;
        return true;
      }
    }
    return true;
  }

  #atEnd(tail: Tail, found: Extract<Found, { kind: 'end' | 'compressed' }>): void {
    if (found.kind === 'compressed') return this.#tellCompressed(tail, found.by);
    tail.held = found.held > 0;
    if (tail.proof.kind === 'bytes') return;
    // What a position of a former run was noted of is proved now.
    tail.advance(tail.pos, found.proof);
    this.#parts.changed();
  }

  #restart(tail: Tail, file: FileHandle): void {
    const { log, name, counters } = this.#parts.context;
    const { name: path, pos, seen } = tail;
    if ((seen?.size ?? 0) < pos) {
      log.info({ file: path, pos }, `source ${name}: ${path} is shorter than it was: it is read from its start`);
    } else {
      counters.GenericProcessingFail++;
      log.warn(
        { file: path, pos },
        `source ${name}: the bytes of ${path} before ${pos} are not those that were read there: it was truncated or written anew, or another file has its inode. It is read from its start`,
      );
    }
    tail.restart();
    this.#reader.begin(tail, file);
    this.#parts.changed();
  }

  #events({ group, name }: Tail, lines: readonly Line[]): PlainEvent[] {
    const { byteOffsetHeader, fileHeader } = this.#parts;
    const headers = { ...group.headers, ...(fileHeader === undefined ? {} : { [fileHeader]: name }) };
    return lines.map(({ body, offset }) => ({
      headers: byteOffsetHeader ? { ...headers, [BYTE_OFFSET]: String(offset) } : headers,
      body,
    }));
  }

  #tellCompressed(tail: Tail, by: string): void {
    if (this.#compressed.has(tail)) return;
    this.#compressed.add(tail);
    const { log, name, counters } = this.#parts.context;
    counters.EventReadFail++;
    log.warn(
      { file: tail.name, by },
      `source ${name}: ${tail.name} is compressed (${by}) and is not read: let the pattern of ${tail.group.name} not match it`,
    );
  }

  #tellCut({ name: file }: Tail): void {
    if (this.#toldCut) return;
    this.#toldCut = true;
    const { context, maxLineLength } = this.#parts;
    context.log.warn(
      { file },
      `source ${context.name}: lines longer than maxLineLength (${maxLineLength} bytes) are cut into several events`,
    );
  }
}
