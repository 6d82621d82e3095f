/**
 * The spooling directory source: every file that is put into a directory becomes events (one per line, unless another
 * deserializer is named), each delivered once or more; then the file is renamed, removed or noted as done. A restart goes on where the last commit ended.
 * Where Flume's source dies for ever (a file changed while it was read, a name used again, bytes that are no text) this one
 * logs one error, leaves that file as it is, and goes on with the next.
 */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FileProgress } from '../../core/agent-inspection.ts';
import { sleep } from '../../core/clock.ts';
import { messageOf, systemCodeOf } from '../../core/errors.ts';
import { fs } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import { bool, charset, choice, int, regex, text, type Values } from '../component/fields.ts';
import { nested } from '../component/nested.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';
import { deserializers } from './spooldir/deserializers.ts';
import { FileEvents, type OneDeserializer } from './spooldir/file-events.ts';
import { PositionLog } from './spooldir/position.ts';
import { prepare } from './spooldir/prepare.ts';
import { isLacking, type TryingAgain, untilDone } from './spooldir/room.ts';
import { type Candidate, candidateOf, sameFile, scan } from './spooldir/scan.ts';
import { type DonePolicy, exists, Marks, settleFile, settleInterrupted } from './spooldir/settle.ts';

const fields = {
  spoolDir: text({ doc: 'the directory', required: true }),
  fileSuffix: text({ doc: 'ending of the names of files that are done', default: '.COMPLETED' }),
  deletePolicy: choice(['never', 'immediate'], { doc: 'whether files that are done are removed', default: 'never' }),
  trackingPolicy: choice(['rename', 'tracker_dir'], {
    doc: 'how files that are done are told: by name, or by marks in trackerDir',
    default: 'rename',
  }),
  trackerDir: text({ doc: 'directory of positions and marks, below spoolDir unless absolute', default: '.flumespool' }),
  fileHeader: bool({ doc: 'set a header to the absolute path of the file', default: false }),
  fileHeaderKey: text({ doc: 'its name', default: 'file' }),
  basenameHeader: bool({ doc: 'set a header to the name of the file', default: false }),
  basenameHeaderKey: text({ doc: 'its name', default: 'basename' }),
  includePattern: regex({ doc: 'names of files to read', default: '^.*$' }),
  ignorePattern: regex({ doc: 'names of files to leave; wins over includePattern', default: '^$' }),
  consumeOrder: choice(['oldest', 'youngest', 'random'], { doc: 'order of the files', default: 'oldest' }),
  pollDelay: int({ unit: 'ms', doc: 'ms between looks into the directory', default: 500, min: 1 }),
  recursiveDirectorySearch: bool({ doc: 'read files of sub-directories too', default: false }),
  maxBackoff: int({ unit: 'ms', doc: 'ms of the longest wait when a channel is full', default: 4000, min: 1 }),
  batchSize: int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 }),
  inputCharset: charset({ doc: 'character set of the files, for lines', default: 'UTF-8' }),
  decodeErrorPolicy: choice(['FAIL', 'REPLACE', 'IGNORE'], {
    doc: 'what bytes that are no text do: the file is left, U+FFFD is put, they are left out',
    default: 'FAIL',
  }),
  bufferMaxLineLength: int({
    unit: 'characters',
    doc: 'deprecated: deserializer.maxLineLength, which it takes the place of',
    min: 1,
  }),
};

class SpoolDirSource implements Source {
  readonly endless = false;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #directory: string;
  readonly #trackerDir: string;
  readonly #position: PositionLog;
  readonly #events: FileEvents;
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

  constructor(values: Values<typeof fields>, deserializer: OneDeserializer, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.#directory = path.resolve(values.spoolDir);
    this.#trackerDir = path.resolve(this.#directory, values.trackerDir);
    this.#position = new PositionLog(this.#trackerDir);
    const how = values.deletePolicy === 'immediate' ? 'remove' : values.trackingPolicy === 'rename' ? 'rename' : 'mark';
    this.#done = { how, directory: this.#directory, trackerDir: this.#trackerDir, suffix: values.fileSuffix };
    this.#marks = new Marks(this.#done);
    this.#again = { context, retry: { first: 250, max: values.maxBackoff }, signal: this.#stop.signal };
    this.#events = new FileEvents({
      again: this.#again,
      position: this.#position,
      trackerDir: this.#trackerDir,
      deserializer,
      batchSize: values.batchSize,
      headers: (file) => this.#headers(file),
    });
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

  files(): readonly FileProgress[] {
    const { progress } = this.#position;
    return progress === undefined ? [] : [progress];
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
    this.#interrupted = last?.file;
    try {
      if (last !== undefined && (await settleInterrupted(last, this.#done))) await this.#position.end();
    } catch (error) {
      if (isLacking(error)) throw error;
      const { counters, log, name } = this.#context;
      counters.GenericProcessingFail++;
      log.error(
        { file: last?.file, cause: messageOf(error) },
        `source ${name}: what the last run was doing to ${last?.file} cannot be brought to its end: ${messageOf(error)}`,
      );
    }
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
      if (!(await this.#events.deliver(candidate, file))) return;
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

  #headers(file: string): Record<string, string> {
    const v = this.#values;
    return {
      ...(v.fileHeader ? { [v.fileHeaderKey]: file } : {}),
      ...(v.basenameHeader ? { [v.basenameHeaderKey]: path.basename(file) } : {}),
    };
  }
}

/** The spooling directory source. */
export const spooldir: SourceType = defineComponent({
  type: 'spooldir',
  aliases: ['org.apache.flume.source.SpoolDirectorySource'],
  doc: 'the lines of files that are put into a directory, or the files themselves',
  delivery:
    'At least once: a batch that a channel does not take is tried again with the same events, and a restart goes on where the last commit ended; a kill repeats one transaction at most.',
  differences: [
    'A file that was changed while it was read, whose name is used again, or whose bytes are no text is told once and left, and the next is read; Flume ends the source for ever.',
    'Positions are in a log of its own in trackerDir, which are not taken over from a Flume. A file that was read in part is read on before others after a restart, whatever consumeOrder says: Flume begins it anew where another one comes first.',
    'While trackerDir has no room the source tells so, waits, and goes on as soon as it has; Flume ends the source for ever.',
  ],
  fields,
  nested: {
    deserializer: nested({
      doc: 'how a file becomes events',
      prefix: 'deserializer',
      types: deserializers,
      fallback: 'LINE',
    }),
  },
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
  create: (values, context: SourceContext, { nested: { deserializer } }): Source => {
    const { bufferMaxLineLength: longestLine, decodeErrorPolicy: policy, inputCharset } = values;
    const open = deserializer.create({ charset: inputCharset, policy, longestLine });
    return new SpoolDirSource(values, { type: deserializer.type, open }, context);
  },
});
