/**
 * The file_roll sink: appends events to a file of a directory, and begins a new file every so often, also while no events come.
 * A batch is synced to the disk before its transaction commits. After a failed write the file is cut back to the last batch that is
 * on disk, as far as that can be done, and the batch goes to a file of its own when it is tried again.
 */
import path from 'node:path';
import { systemCodeOf } from '../../core/errors.ts';
import { type AppendFile, type Files, fileError, nodeFiles } from '../../core/files.ts';
import { defineComponent } from '../component/component.ts';
import { choice, int, text, type Values } from '../component/fields.ts';
import { nested } from '../component/nested.ts';
import { serializers } from '../serializers/index.ts';
import type { FileSerializer, Serializer } from '../serializers/serializer.ts';
import { type Batch, deliverBatch, type Sink, type SinkContext, type SinkStatus, type SinkType } from './sink.ts';

const fields = {
  'sink.directory': text({ doc: 'directory of the files; it is made when it is not there', required: true }),
  'sink.rollInterval': int({
    unit: 's',
    doc: 'how long a file is written; 0: there is one file for ever',
    default: 30,
  }),
  'sink.batchSize': int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 }),
  'sink.pathManager': choice(['DEFAULT', 'ROLLTIME'], {
    doc: 'what files are called: by the time of the start in ms and a number, or by the local time of each roll (yyyyMMddHHmmss) and a number',
    default: 'DEFAULT',
  }),
  'sink.pathManager.prefix': text({ doc: 'how names begin', default: '' }),
  'sink.pathManager.extension': text({ doc: 'how names end, without the dot', default: '' }),
};

/** Gives each file its name: `PREFIXtime-number.EXTENSION`. */
class Names {
  readonly #prefix: string;
  readonly #extension: string;
  readonly #rollTime: boolean;
  #time: string;
  #number = 0;

  constructor(values: Values<typeof fields>, startMs: number) {
    this.#prefix = values['sink.pathManager.prefix'];
    this.#extension = values['sink.pathManager.extension'];
    this.#rollTime = values['sink.pathManager'] === 'ROLLTIME';
    this.#time = String(startMs);
  }

  next(nowMs: number): string {
    const time = this.#rollTime ? localTime(nowMs) : this.#time;
    if (time !== this.#time) this.#number = 0;
    this.#time = time;
    this.#number++;
    const extension = this.#extension === '' ? '' : `.${this.#extension}`;
    return `${this.#prefix}${time}-${this.#number}${extension}`;
  }
}

/** `20260131235959`, in the time zone of the machine. */
function localTime(ms: number): string {
  const time = new Date(ms);
  const parts = [time.getMonth() + 1, time.getDate(), time.getHours(), time.getMinutes(), time.getSeconds()];
  return `${time.getFullYear()}${parts.map((part) => String(part).padStart(2, '0')).join('')}`;
}

interface OpenFile {
  readonly path: string;
  readonly file: AppendFile;
  readonly serializer: FileSerializer;
  /** Whether its beginning is on disk, or there is none. */
  isBegun: boolean;
  /** When the next file is to begin, in ms since the epoch. */
  readonly rollAt: number;
  /** Bytes that are on disk for sure. */
  synced: number;
}

class FileRollSink implements Sink {
  readonly #values: Values<typeof fields>;
  readonly #context: SinkContext;
  readonly #serializer: Serializer;
  readonly #files: Files;
  readonly #directory: string;
  readonly #names: Names;
  #open: OpenFile | undefined;
  /** What was begun last and may still be at the disk: a stop waits for it, so that no file stays open. */
  #working: Promise<unknown> = Promise.resolve();

  constructor(values: Values<typeof fields>, context: SinkContext, serializer: Serializer) {
    this.#values = values;
    this.#context = context;
    this.#serializer = serializer;
    this.#files = context.files ?? nodeFiles;
    this.#directory = path.resolve(values['sink.directory']);
    this.#names = new Names(values, context.clock.now());
  }

  async start(): Promise<void> {
    try {
      await this.#files.makeDirectory(this.#directory);
    } catch (cause) {
      throw this.#error(cause, `cannot make its directory ${this.#directory}`, this.#directory);
    }
  }

  async stop(): Promise<void> {
    await this.#working;
    await this.#close();
  }

  process(): Promise<SinkStatus> {
    return this.#track(this.#deliver());
  }

  /** A file is rolled also when no events come, so that whoever waits for the file that is done need not wait for an event. */
  idle(): Promise<number | undefined> {
    return this.#track(this.#roll());
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#working = work.catch(() => {});
    return work;
  }

  #deliver(): Promise<SinkStatus> {
    return deliverBatch(this.#context, this.#values['sink.batchSize'], (batch) => this.#write(batch));
  }

  /** @returns ms until the file is rolled */
  async #roll(): Promise<number | undefined> {
    const { rollAt } = await this.#current();
    return rollAt === Number.POSITIVE_INFINITY ? undefined : Math.max(0, rollAt - this.#context.clock.now());
  }

  async #write({ events }: Batch): Promise<void> {
    const open = await this.#current();
    const beginning = open.isBegun ? [] : open.serializer.begin();
    const parts = [...beginning, ...open.serializer.batch(events)];
    try {
      await open.file.append(parts);
      await open.file.sync();
    } catch (cause) {
      await this.#abandon(open);
      throw this.#error(cause, `cannot write ${open.path}`, open.path);
    }
    open.isBegun = true;
    open.synced += parts.reduce((bytes, part) => bytes + part.length, 0);
  }

  /** The file to write to: a new one when there is none, or when it is time. */
  async #current(): Promise<OpenFile> {
    if (this.#open !== undefined && this.#context.clock.now() >= this.#open.rollAt) await this.#close();
    this.#open ??= await this.#create();
    return this.#open;
  }

  async #create(): Promise<OpenFile> {
    const now = this.#context.clock.now();
    const seconds = this.#values['sink.rollInterval'];
    const rollAt = seconds === 0 ? Number.POSITIVE_INFINITY : now + seconds * 1000;
    for (;;) {
      const file = path.join(this.#directory, this.#names.next(now));
      try {
        const made = await this.#files.create(file);
        await this.#files.syncDirectory(this.#directory).catch(async (error: unknown) => {
          await made.close();
          throw error;
        });
        return { path: file, file: made, serializer: this.#serializer(), isBegun: false, rollAt, synced: 0 };
      } catch (cause) {
        // A file of an earlier run: Flume would write over it.
        if (systemCodeOf(cause) === 'EEXIST') continue;
        throw this.#error(cause, `cannot make the file ${file}`, file);
      }
    }
  }

  /** After a failed sync nobody knows what is on disk, so nothing more may be appended to that file. */
  async #abandon({ file, synced }: OpenFile): Promise<void> {
    this.#open = undefined;
    // The write has failed already, and that is what is told: a disk that fails here too leaves events that come again.
    await file.truncate(synced).catch(() => {});
    await file.close().catch(() => {});
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  #error(cause: unknown, what: string, where: string): Error {
    return fileError(cause, `sink ${this.#context.name} ${what}`, where);
  }
}

/** The file_roll sink. */
export const fileRoll: SinkType = defineComponent({
  type: 'file_roll',
  aliases: ['org.apache.flume.sink.RollingFileSink'],
  doc: 'appends events to files of a directory, a new one every so often',
  delivery:
    'At least once: a batch is synced to the disk before it leaves the channel. One whose write failed may be in two files, in part in the first.',
  differences: [
    'A batch is synced before its transaction commits; Flume leaves it with the kernel, and a power cut loses it.',
    'A write that failed is cut off again as far as the disk allows, and goes on in a new file; in Flume half a batch may stay.',
    'The directory is made when it is not there. A file of an earlier run with the same name is kept, and the next number is used.',
    'A new file is due an interval after the last one began, not by a fixed beat from the start.',
  ],
  fields,
  nested: {
    serializer: nested({
      prefix: 'sink.serializer',
      types: serializers,
      fallback: 'text',
      doc: 'how an event becomes bytes',
    }),
  },
  limits: (values) => ({ batch: { property: 'sink.batchSize', events: values['sink.batchSize'] } }),
  resources: (values) => [
    { kind: 'directory', path: path.resolve(values['sink.directory']), property: 'sink.directory' },
  ],
  create: (values, context: SinkContext, { nested: { serializer } }): Sink =>
    new FileRollSink(values, context, serializer.create({ owner: `sink ${context.name}` })),
});
