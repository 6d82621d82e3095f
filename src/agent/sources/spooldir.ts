/**
 * The spooling directory source: every file that is put into a directory becomes events, one per line, each delivered
 * once or more; then the file is renamed, removed or noted as done. A restart goes on where the last commit ended.
 * Where Flume's source dies for ever (a file changed while it was read, a name used again, bytes that are no text) this one
 * logs one error, leaves that file as it is, and goes on with the next.
 */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { sleep } from '../../core/clock.ts';
import { messageOf, systemCodeOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { fs } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import type { Values } from '../component/fields.ts';
import { breathe, deliver, never, type Source, type SourceContext, type SourceType } from './source.ts';
import { FileEncoding, type LineEncoding } from './spooldir/encoding.ts';
import { fields } from './spooldir/fields.ts';
import { type Line, LineReader } from './spooldir/line-reader.ts';
import { digestOf, PositionLog, type Progress } from './spooldir/position.ts';
import { prepare } from './spooldir/prepare.ts';
import { isLacking, type TryingAgain, untilDone } from './spooldir/room.ts';
import { type Candidate, candidateOf, sameFile, scan } from './spooldir/scan.ts';
import { type DonePolicy, exists, Marks, settleFile, settleInterrupted } from './spooldir/settle.ts';

class SpoolDirSource implements Source {
  readonly endless = false;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #directory: string;
  readonly #trackerDir: string;
  readonly #encoding: LineEncoding;
  readonly #position: PositionLog;
  readonly #done: DonePolicy;
  readonly #marks: Marks;
  readonly #stop = new AbortController();
  /** Files that were left, by their paths, so that one bad file is told once; forgotten at a restart. */
  readonly #left = new Map<string, Candidate>();
  /** Waits for channels and for room on the disk. */
  readonly #again: TryingAgain;
  /** The file that a former run was reading when it ended: its position is lost as soon as another one is begun. */
  #interrupted: string | undefined;
  #isFirstScan = true;
  #running: Promise<void> = Promise.resolve();
  #endWaiters: (() => void)[] = [];
  #warnedOfCut = false;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.#directory = path.resolve(values.spoolDir);
    this.#trackerDir = path.resolve(this.#directory, values.trackerDir);
    this.#encoding = {
      charset: values.inputCharset,
      policy: values.decodeErrorPolicy,
      output: values['deserializer.outputCharset'],
    };
    this.#position = new PositionLog(this.#trackerDir);
    const how = values.deletePolicy === 'immediate' ? 'remove' : values.trackingPolicy === 'rename' ? 'rename' : 'mark';
    this.#done = { how, directory: this.#directory, trackerDir: this.#trackerDir, suffix: values.fileSuffix };
    this.#marks = new Marks(this.#done);
    this.#again = { context, retry: { first: 250, max: values.maxBackoff }, signal: this.#stop.signal };
  }

  async start(): Promise<void> {
    const renames = this.#values.trackingPolicy === 'rename';
    await prepare(this.#directory, this.#trackerDir, renames, `source ${this.#context.name}`);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#position.close();
  }

  whenEnded(): Promise<void> {
    if (this.#stop.signal.aborted) return never();
    return new Promise((resolve) => this.#endWaiters.push(resolve));
  }

  async #run(): Promise<void> {
    const { clock, log, name } = this.#context;
    const signal = this.#stop.signal;
    let lastProblem = '';
    while (!signal.aborted) {
      // Only who asked before the scan began may take its finding nothing as the end.
      const asked = this.#endWaiters.splice(0);
      let found = false;
      try {
        found = await this.#scanAndRead();
        lastProblem = '';
      } catch (error) {
        if (messageOf(error) !== lastProblem) {
          lastProblem = messageOf(error);
          log.error(
            { cause: lastProblem },
            `source ${name}: cannot read the directory ${this.#directory}, it is tried again`,
          );
        }
        this.#endWaiters.unshift(...asked);
        await sleep(clock, this.#values.pollDelay, signal);
        continue;
      }
      if (found) this.#endWaiters.unshift(...asked);
      else {
        for (const resolve of asked) resolve();
        await sleep(clock, this.#values.pollDelay, signal);
      }
    }
  }

  /** @returns whether there was any file */
  async #scanAndRead(): Promise<boolean> {
    const v = this.#values;
    if (this.#isFirstScan) await this.#takeUp();
    await this.#marks.refresh();
    const candidates = await scan(
      {
        directory: this.#directory,
        recursive: v.recursiveDirectorySearch,
        suffix: v.fileSuffix,
        include: v.includePattern,
        ignore: v.ignorePattern,
        order: v.consumeOrder,
      },
      (candidate) => this.#isLeft(candidate) || this.#marks.has(candidate),
    );
    const interrupted = candidates.filter(({ path: file }) => file === this.#interrupted);
    for (const candidate of new Set([...interrupted, ...candidates])) {
      if (this.#stop.signal.aborted) break;
      await this.#readFile(candidate);
    }
    this.#interrupted = undefined;
    return candidates.length > 0;
  }

  /** Goes on where a former run has ended: with the file that it was reading, or with what it was doing to one that was read. */
  async #takeUp(): Promise<void> {
    const last = await this.#position.last();
    if (last !== undefined && (await settleInterrupted(last, this.#done))) await this.#position.end();
    else this.#interrupted = last?.file;
    this.#isFirstScan = false;
  }

  /** A file that took the place of one that was left is another, and is read. */
  #isLeft(candidate: Candidate): boolean {
    const left = this.#left.get(candidate.path);
    return left !== undefined && sameFile(left, candidate);
  }

  async #readFile(found: Candidate): Promise<void> {
    const { log, name, counters } = this.#context;
    let file: FileHandle | undefined;
    let candidate = found;
    try {
      file = await fs.open(found.path, 'r');
      // Since the scan the name may have gone to another file, or more may have been written: what was opened counts.
      candidate = candidateOf(found.path, await file.stat());
      if (!(await this.#deliverLines(candidate, file))) return;
      const settle = (): Promise<void> => settleFile(candidate, this.#done, this.#marks);
      if (!(await untilDone(this.#again, `${candidate.path} is read, but cannot be noted so`, settle, isLacking)))
        return;
      await this.#position.end();
      log.info({ file: candidate.path }, `source ${name}: read ${candidate.path} to its end`);
    } catch (error) {
      // It was taken away by somebody else.
      if (systemCodeOf(error) === 'ENOENT' && !(await exists(candidate.path))) return;
      if (isLacking(error)) throw error;
      counters.EventReadFail++;
      this.#left.set(candidate.path, candidate);
      await this.#position.end();
      log.error(
        { file: candidate.path, cause: messageOf(error) },
        `source ${name}: ${candidate.path} is left as it is until the agent is started again: ${messageOf(error)}`,
      );
    } finally {
      await file?.close();
    }
  }

  /** @returns whether the file was read to its end */
  async #deliverLines(candidate: Candidate, file: FileHandle): Promise<boolean> {
    const v = this.#values;
    const { retry } = this.#again;
    const headers = this.#headers(candidate.path);
    const start = await this.#position.begin(candidate, file);
    if (!(await this.#note({ offset: start.offset, digest: digestOf(start.hash) }))) return false;
    if (start.mismatch !== undefined) this.#tellMismatch(candidate, start.mismatch);
    const reader = new LineReader(file, await this.#encodingOf(file), v['deserializer.maxLineLength'], start);
    for (let first = start.offset === 0; ; first = false) {
      const lines = await reader.read(v.batchSize);
      if (lines.length === 0) {
        // Flume makes one empty event of an empty file.
        return first
          ? await deliver([{ headers, body: Buffer.alloc(0) }], this.#context, retry, this.#stop.signal)
          : true;
      }
      if (lines.some((line) => line.cut)) this.#warnOfCut(candidate);
      if (this.#stop.signal.aborted) return false;
      if (!(await deliver(toEvents(lines, headers), this.#context, retry, this.#stop.signal))) return false;
      if (!(await this.#note(reader.progress))) return false;
      await breathe();
    }
  }

  /** Notes how far the channel has the file. Nothing more is read before that, so that a kill repeats one batch. @returns false when it was stopped */
  async #note(progress: Progress): Promise<boolean> {
    const commit = (): Promise<void> => this.#position.commit(progress);
    return await untilDone(
      this.#again,
      `the position cannot be noted in ${this.#trackerDir}, and nothing is read until it is`,
      commit,
      (error) => systemCodeOf(error) !== undefined,
    );
  }

  async #encodingOf(file: FileHandle): Promise<FileEncoding> {
    const mark = Buffer.alloc(this.#encoding.charset.markBytes);
    const { bytesRead } = await file.read(mark, 0, mark.length, 0);
    return new FileEncoding(this.#encoding, mark.subarray(0, bytesRead));
  }

  #tellMismatch({ path: file }: Candidate, reason: string): void {
    const { log, name, counters } = this.#context;
    counters.GenericProcessingFail++;
    log.warn(
      { file, reason },
      `source ${name}: ${file} was read in part before, but is not as it was then: ${reason}. It is read from its start, so that events may come twice`,
    );
  }

  #headers(file: string): Record<string, string> {
    const v = this.#values;
    return {
      ...(v.fileHeader ? { [v.fileHeaderKey]: file } : {}),
      ...(v.basenameHeader ? { [v.basenameHeaderKey]: path.basename(file) } : {}),
    };
  }

  #warnOfCut(candidate: Candidate): void {
    if (this.#warnedOfCut) return;
    this.#warnedOfCut = true;
    const longest = this.#values['deserializer.maxLineLength'];
    this.#context.log.warn(
      { file: candidate.path },
      `source ${this.#context.name}: lines longer than deserializer.maxLineLength (${longest}) are cut into several events`,
    );
  }
}

function toEvents(lines: readonly Line[], headers: Readonly<Record<string, string>>): PlainEvent[] {
  return lines.map(({ body }) => ({ headers, body }));
}

/** The spooling directory source. */
export const spooldir: SourceType = defineComponent({
  type: 'spooldir',
  aliases: ['org.apache.flume.source.SpoolDirectorySource'],
  doc: 'the lines of files that are put into a directory',
  delivery:
    'At least once: a batch that a channel does not take is tried again with the same events, and a restart goes on where the last commit ended.',
  differences: [
    'A file that was changed while it was read, whose name is used again, or whose bytes are no text is told once and left, and the next is read; Flume ends the source for ever.',
    'Positions are in a log of its own in trackerDir, which are not taken over from a Flume.',
    'It reads lines only: other deserializers than LINE are refused.',
  ],
  fields,
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  check({ deletePolicy, trackingPolicy }, complain) {
    if (deletePolicy === 'immediate' && trackingPolicy === 'tracker_dir')
      complain('trackingPolicy', 'is tracker_dir, expected rename: files are removed by deletePolicy = immediate');
  },
  // Two sources may share a directory, each with a pattern of its own, but never their positions.
  resources: ({ spoolDir, trackerDir }) => [
    {
      kind: 'directory',
      path: path.resolve(spoolDir, trackerDir),
      within: path.resolve(spoolDir),
      property: 'trackerDir',
    },
  ],
  create: (values, context: SourceContext): Source => new SpoolDirSource(values, context),
});
