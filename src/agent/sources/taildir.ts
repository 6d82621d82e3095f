/**
 * The TAILDIR source: the lines that are appended to files whose names match, each delivered once or more, also when the files are
 * rotated, truncated, moved or removed meanwhile. It looks into the directories again and again, and knows files by their inodes. How
 * far each was delivered is in the position file, so that a restart goes on there.
 */
import os from 'node:os';
import path from 'node:path';
import type { FileProgress } from '../../core/agent-inspection.ts';
import { sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { defineComponent } from '../component/component.ts';
import { bool, int, map, names, text, type Values } from '../component/fields.ts';
import { breathe, never, type Source, type SourceContext, type SourceType } from './source.ts';
import { FileTailer } from './taildir/file-tailer.ts';
import { type FileGroup, groupsOf, problemOfGroup } from './taildir/groups.ts';
import { OpenFiles } from './taildir/open-files.ts';
import { PositionFile } from './taildir/position-file.ts';
import { PositionWriter } from './taildir/position-writer.ts';
import { prepare } from './taildir/prepare.ts';
import { Tails } from './taildir/tails.ts';
import { TroubleLog } from './taildir/trouble-log.ts';

/** How many files are open at once: most are idle, and are opened again when more comes. */
const MOST_OPEN = 100;

const fields = {
  filegroups: names({ doc: 'names of the groups of files', required: true }),
  'filegroups.*': map(text({ doc: 'directory and pattern', required: true }), {
    doc: "the files of a group: an absolute directory, a / and a regular expression of Java's for their whole names",
  }),
  positionFile: text({
    doc: 'JSON file with the inode, the position and the path of each file; one of a Flume is taken over',
    default: '~/.flume/taildir_position.json',
  }),
  'headers.*': map(text({ doc: 'value of the header', required: true }), {
    doc: 'a header of all events of a group: headers.GROUP.NAME = VALUE',
  }),
  byteOffsetHeader: bool({
    doc: 'set the header byteoffset to where the line begins in its file, in bytes',
    default: false,
  }),
  skipToEnd: bool({
    doc: 'read files that are there at the start, and have no position yet, from their end',
    default: false,
  }),
  idleTimeout: int({
    unit: 'ms',
    doc: 'ms after which a file that does not change is closed; a last line without a newline is an event then. A file that is gone is remembered that long',
    default: 120_000,
  }),
  writePosInterval: int({
    unit: 'ms',
    doc: 'ms between two writes of positionFile; 0: it is written before the next transaction',
    default: 3000,
  }),
  batchSize: int({ unit: 'lines', doc: 'lines per transaction', default: 100, min: 1 }),
  maxBatchCount: int({
    doc: 'batches that are read from a file before the next file has its turn',
    default: Number.MAX_SAFE_INTEGER,
    shown: 'no limit',
    min: 1,
  }),
  backoffSleepIncrement: int({
    unit: 'ms',
    doc: 'ms of the first wait when there is nothing new, or a channel is full',
    default: 1000,
    min: 1,
  }),
  maxBackoffSleep: int({ unit: 'ms', doc: 'ms of the longest wait', default: 5000, min: 1 }),
  cachePatternMatching: bool({
    doc: 'list a directory again only when its time of change is another one',
    default: true,
  }),
  fileHeader: bool({ doc: 'set a header to the absolute path of the file', default: false }),
  fileHeaderKey: text({ doc: 'its name', default: 'file' }),
  maxLineLength: int({
    unit: 'bytes',
    doc: "longest line in bytes; longer ones are cut into several events. Flume's has no limit",
    default: 16 * 1024 * 1024,
    min: 1,
  }),
};

class TaildirSource implements Source {
  readonly endless = false;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #groups: readonly FileGroup[];
  readonly #stop = new AbortController();
  readonly #file: PositionFile;
  readonly #files = new OpenFiles(MOST_OPEN);
  readonly #tails: Tails;
  readonly #writer: PositionWriter;
  readonly #tailer: FileTailer;
  /** Ends the sleep between two looks. */
  #wake = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #endWaiters: (() => void)[] = [];
  /** Whether the position file names all files that the last look has found. */
  #isNoted = true;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    const { name, log, clock, counters } = context;
    this.#values = values;
    this.#context = context;
    this.#groups = groupsOf(values.filegroups, values['filegroups.*'], values['headers.*']);
    this.#file = new PositionFile(positionPath(values.positionFile));
    const troubles = new TroubleLog(context);
    this.#tails = new Tails({
      groups: this.#groups,
      own: this.#file.paths,
      cachePatternMatching: values.cachePatternMatching,
      skipToEnd: values.skipToEnd,
      rememberMs: values.idleTimeout,
      files: this.#files,
      troubles,
    });
    this.#writer = new PositionWriter({
      file: this.#file,
      clock,
      interval: values.writePosInterval,
      positions: () => this.#tails.positions(),
      onError: (cause) => {
        counters.GenericProcessingFail++;
        log.error(
          { file: this.#file.path, cause },
          `source ${name}: the position file ${this.#file.path} cannot be written: ${cause}. It is tried again; a restart until then would bring events again`,
        );
      },
    });
    this.#tailer = new FileTailer({
      ...values,
      context,
      files: this.#files,
      troubles,
      retry: { first: values.backoffSleepIncrement, max: values.maxBackoffSleep },
      fileHeader: values.fileHeader ? values.fileHeaderKey : undefined,
      delivered: () => this.#writer.delivered(),
      changed: () => this.#writer.changed(),
      signal: this.#stop.signal,
    });
  }

  async start(): Promise<void> {
    this.#tails.restore(await prepare(this.#groups, this.#file, this.#context));
    this.#tellUnlisted();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
    await this.#writer.close();
    await this.#files.closeAll();
  }

  whenEnded(): Promise<void> {
    if (this.#stop.signal.aborted) return never();
    const ended = new Promise<void>((resolve) => this.#endWaiters.push(resolve));
    this.#wake.abort();
    return ended;
  }

  files(): readonly FileProgress[] {
    return this.#tails.progress();
  }

  #tellUnlisted(): void {
    const { filegroups, 'filegroups.*': values } = this.#values;
    const { log, name } = this.#context;
    for (const group of values.keys()) {
      if (filegroups.includes(group)) continue;
      log.warn({ group }, `source ${name}: filegroups.${group} is not read, as filegroups does not name ${group}`);
    }
  }

  async #run(): Promise<void> {
    const { backoffSleepIncrement, maxBackoffSleep } = this.#values;
    const { signal } = this.#stop;
    for (let wait = 0; !signal.aborted; ) {
      this.#wake = new AbortController();
      // Only who asked before the look began may take its finding nothing as the end.
      const asked = this.#endWaiters.splice(0);
      const found = await this.#poll();
      if (found !== 'nothing') this.#endWaiters.unshift(...asked);
      if (found === 'more') {
        wait = 0;
        await breathe();
        continue;
      }
      if (signal.aborted) break;
      if (found === 'nothing') for (const resolve of asked) resolve();
      wait = Math.min(wait + backoffSleepIncrement, maxBackoffSleep);
      if (found === 'failed' || this.#endWaiters.length === 0) {
        await sleep(this.#context.clock, wait, this.#wake.signal);
      }
    }
  }

  /** Looks once at all files. @returns whether there may be more to read at once, or why not */
  async #poll(): Promise<'more' | 'nothing' | 'failed'> {
    const { clock, log, name, counters } = this.#context;
    try {
      const { tails, changed } = await this.#tails.look(clock.now());
      if (!(await this.#note(changed))) return 'failed';
      let found = false;
      for (const tail of tails) {
        if (this.#stop.signal.aborted) return 'nothing';
        found = (await this.#tailer.read(tail)) || found;
      }
      return found ? 'more' : 'nothing';
    } catch (error) {
      counters.GenericProcessingFail++;
      log.error({ cause: messageOf(error) }, `source ${name}: a look at the files failed, it is tried again`);
      return 'failed';
    }
  }

  /**
   * Notes which files there are, before anything of a new one is read: one that is renamed to a name of no group while nobody looks,
   * after a kill, is found again by its inode only.
   * @returns whether files may be read: where the next start would skip what has no position, only when all have one
   */
  async #note(changed: boolean): Promise<boolean> {
    const { skipToEnd } = this.#values;
    if (changed) this.#writer.changed();
    else if (this.#isNoted || !skipToEnd) return true;
    this.#isNoted = await this.#writer.write();
    return this.#isNoted || !skipToEnd;
  }
}

/** Flume's default is in the home directory; nobody means a directory that is called ~. */
function positionPath(given: string): string {
  return path.resolve(given.startsWith('~/') ? path.join(os.homedir(), given.slice(2)) : given);
}

/** The TAILDIR source. */
export const taildir: SourceType = defineComponent({
  type: 'TAILDIR',
  aliases: ['org.apache.flume.source.taildir.TaildirSource'],
  doc: 'the lines that are appended to files whose names match a pattern, through rotation and restarts',
  delivery:
    'At least once: a batch that a channel does not take is tried again with the same events. A stop writes the position file, and a restart goes on there; after a kill the events since its last write come again.',
  differences: [
    'A file is known by its inode and by the bytes before its position. One that is renamed is read on: to a name that matches, where Flume reads it again from its start, and to one that does not, in the same directory, where Flume loses what it had not read. What a file had that came and was renamed to a name that does not match between two looks, nobody sees: let the pattern match rotated names too if that can be.',
    'A file that was truncated and has grown past its position since, or that has the inode of another one, is read from its start; Flume goes on in the midst of it. With copytruncate what is written between the last look and the truncation is lost, as everywhere, and a copy whose name matches is a new file: let the pattern not match it.',
    'Compressed files (gzip, bzip2, xz, zstd, lz4) whose names match are skipped with a warning; Flume sends their bytes as lines.',
    'The position file is replaced as a whole and synced: when files come or go, at most every writePosInterval when lines were delivered, and at a stop. It is never read as a log, whatever the pattern is. After a kill the events since its last write come again; with writePosInterval = 0 that is at most one transaction. Flume writes over the file in place, and loses all positions when it is killed meanwhile.',
    'The fingerprints of the positions are in a file beside it (positionFile with .fingerprints behind it), as Flume fails at keys that it does not know. Entries that Flume has written have none: they count for their inode as in Flume.',
    'A position file that is empty or damaged is told, and its whole entries count. Entries of files that are gone are dropped after idleTimeout; those of a directory that cannot be listed stay.',
    'Lines that are longer than maxLineLength (16 MiB) are cut into several events; Flume keeps a line of any length in memory.',
    'A newline that comes after its line was made an event by idleTimeout makes no empty event.',
    'At most 100 files are open at once. A file that grows as fast as it is read does not hold up the others: each look reads what it has found.',
    'A file or directory that cannot be read is told once and counted, and tried again; in Flume a directory that vanishes ends each look with an error.',
    'A file of two groups has the headers of the first; a file with several names (links) is read once.',
    'It can be drained: --until-drained ends it when all lines are delivered.',
  ],
  fields,
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  check({ filegroups, 'filegroups.*': values }, complain) {
    for (const group of filegroups) {
      const problem = problemOfGroup(values.get(group));
      if (problem !== undefined) complain(`filegroups.${group}`, problem);
    }
    if (filegroups.length === 0) complain('filegroups', 'has no names');
  },
  resources: ({ positionFile }) => [{ kind: 'directory', path: positionPath(positionFile), property: 'positionFile' }],
  create: (values, context: SourceContext): Source => new TaildirSource(values, context),
});
