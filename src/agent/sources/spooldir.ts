/**
 * The spooling directory source: every file that is put into a directory becomes events (one per line, unless another
 * deserializer is named), each delivered once or more; then the file is renamed, removed or noted as done. A restart goes on where the last commit ended.
 * Where Flume's source dies for ever (a file changed while it was read, a name used again, bytes that are no text) this one
 * logs one error, leaves that file as it is, and goes on with the next.
 */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { sleep } from '../../core/clock.ts';
import { messageOf, StreamjobError, systemCodeOf } from '../../core/errors.ts';
import { fs } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import { bool, charset, choice, int, regex, text, type Values } from '../component/fields.ts';
import { nested } from '../component/nested.ts';
import { breathe, deliver, never, type Source, type SourceContext, type SourceType } from './source.ts';
import type { OpenDeserializer } from './spooldir/deserializer.ts';
import { deserializers } from './spooldir/deserializers.ts';
import { PositionLog } from './spooldir/position.ts';
import { type Candidate, candidateOf, sameFile, scan } from './spooldir/scan.ts';
import { type DonePolicy, exists, Marks, settleFile } from './spooldir/settle.ts';

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
  readonly #open: OpenDeserializer;
  readonly #deserializer: string;
  readonly #position: PositionLog;
  readonly #done: DonePolicy;
  readonly #marks: Marks;
  readonly #stop = new AbortController();
  /** Files that were left, by their paths, so that one bad file is told once; forgotten at a restart. */
  readonly #left = new Map<string, Candidate>();
  #running: Promise<void> = Promise.resolve();
  #endWaiters: (() => void)[] = [];
  #warnedOfCut = false;

  /** @param deserializer its type, and what opens files with it */
  constructor(values: Values<typeof fields>, deserializer: [string, OpenDeserializer], context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.#directory = path.resolve(values.spoolDir);
    this.#trackerDir = path.resolve(this.#directory, values.trackerDir);
    [this.#deserializer, this.#open] = deserializer;
    this.#position = new PositionLog(this.#trackerDir);
    const how = values.deletePolicy === 'immediate' ? 'remove' : values.trackingPolicy === 'rename' ? 'rename' : 'mark';
    this.#done = { how, directory: this.#directory, trackerDir: this.#trackerDir, suffix: values.fileSuffix };
    this.#marks = new Marks(this.#done);
  }

  async start(): Promise<void> {
    const where = { where: `source ${this.#context.name}` };
    try {
      const needed =
        this.#values.trackingPolicy === 'rename' ? fs.constants.R_OK | fs.constants.W_OK : fs.constants.R_OK;
      await fs.access(this.#directory, needed);
      await fs.mkdir(this.#trackerDir, { recursive: true });
      await fs.access(this.#trackerDir, fs.constants.W_OK);
    } catch (cause) {
      const missing = systemCodeOf(cause) === 'ENOENT';
      throw new StreamjobError(
        missing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS',
        missing
          ? `the spooling directory ${this.#directory} does not exist`
          : `the spooling directory ${this.#directory} cannot be used: ${messageOf(cause)}`,
        {
          ...where,
          hint: missing
            ? 'make the directory, or correct spoolDir'
            : 'give this user the right to read and write it; for a directory that must not be written set trackingPolicy = tracker_dir and a trackerDir elsewhere',
          cause,
        },
      );
    }
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
    for (const candidate of candidates) {
      if (this.#stop.signal.aborted) break;
      await this.#readFile(candidate);
    }
    return candidates.length > 0;
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
      if (!(await this.#deliverFile(candidate, file))) return;
      await settleFile(candidate, this.#done, this.#marks);
      await this.#position.end();
      log.info({ file: candidate.path }, `source ${name}: read ${candidate.path} to its end`);
    } catch (error) {
      // It was taken away by somebody else.
      if (systemCodeOf(error) === 'ENOENT' && !(await exists(candidate.path))) return;
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
  async #deliverFile(candidate: Candidate, file: FileHandle): Promise<boolean> {
    const v = this.#values;
    const retry = { first: 250, max: v.maxBackoff };
    const headers = this.#headers(candidate.path);
    const start = await this.#position.begin(candidate, file, this.#deserializer);
    if (start.mismatch !== undefined) this.#tellMismatch(candidate, start.mismatch);
    const reader = await this.#open(file, start);
    for (let first = start.offset === 0; ; first = false) {
      const read = await reader.read(v.batchSize);
      if (read.length === 0) {
        // Flume makes one empty event of an empty file.
        return first
          ? await deliver([{ headers, body: Buffer.alloc(0) }], this.#context, retry, this.#stop.signal)
          : true;
      }
      if (read.some(({ cut }) => cut === true)) this.#warnOfCut(candidate, reader.whenCut);
      if (this.#stop.signal.aborted) return false;
      const events = read.map(({ body, headers: own }) => ({ headers: own ? { ...own, ...headers } : headers, body }));
      if (!(await deliver(events, this.#context, retry, this.#stop.signal))) return false;
      await this.#position.commit(reader.progress);
      await breathe();
    }
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

  #warnOfCut(candidate: Candidate, whenCut: string | undefined): void {
    if (this.#warnedOfCut || whenCut === undefined) return;
    this.#warnedOfCut = true;
    this.#context.log.warn({ file: candidate.path }, `source ${this.#context.name}: ${whenCut}`);
  }
}

/** The spooling directory source. */
export const spooldir: SourceType = defineComponent({
  type: 'spooldir',
  aliases: ['org.apache.flume.source.SpoolDirectorySource'],
  doc: 'the lines of files that are put into a directory, or the files themselves',
  delivery:
    'At least once: a batch that a channel does not take is tried again with the same events, and a restart goes on where the last commit ended.',
  differences: [
    'A file that was changed while it was read, whose name is used again, or whose bytes are no text is told once and left, and the next is read; Flume ends the source for ever.',
    'Positions are in a log of its own in trackerDir, which are not taken over from a Flume.',
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
    return new SpoolDirSource(values, [deserializer.type, open], context);
  },
});
