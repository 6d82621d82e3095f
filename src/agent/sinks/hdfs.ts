/** The hdfs sink: events in files of HDFS or of this machine, in directories that their headers and times name. */
import path from 'node:path';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { nodeFiles } from '../../core/files.ts';
import { type Complain, defineComponent } from '../component/component.ts';
import { bool, choice, type Field, int, text, type Values } from '../component/fields.ts';
import { nested } from '../component/nested.ts';
import { type ExpandPath, type PathTime, pathEscapes } from '../component/time/path-escapes.ts';
import { serializers } from '../serializers/index.ts';
import type { Serializer } from '../serializers/serializer.ts';
import { Bucket, type BucketParts } from './hdfs/bucket.ts';
import type { BeginFile } from './hdfs/format.ts';
import { dataStream, gzipStream, sequenceFile } from './hdfs/formats.ts';
import { localStore } from './hdfs/local-store.ts';
import { placeOf } from './hdfs/place.ts';
import type { Store } from './hdfs/store.ts';
import { webHdfsStore } from './hdfs/webhdfs.ts';
import { type Batch, deliverBatch, type Sink, type SinkContext, type SinkStatus, type SinkType } from './sink.ts';

const NO_MEANING = 'of no meaning here';
const GZIP = ['gzip', 'gz', 'gzipcodec', 'org.apache.hadoop.io.compress.gzipcodec'];
const seconds = (doc: string, fallback: number): Field<number> => int({ unit: 's', doc, default: fallback });

const fields = {
  'hdfs.path': text({
    doc: 'directory, with escapes: hdfs://namenode/logs/%{host}/%Y-%m-%d, or file:///var/logs',
    required: true,
  }),
  'hdfs.webhdfs': text({
    doc: 'address of WebHDFS or HttpFS; it is http://NAMENODE:9870 of an hdfs: path unless it is given',
  }),
  'hdfs.user': text({ doc: 'user.name of the calls; that of this process unless it is given' }),
  'hdfs.delegationToken': text({ doc: 'a delegation token, sent instead of names' }),
  'hdfs.filePrefix': text({ doc: 'how names begin, with escapes', default: 'FlumeData' }),
  'hdfs.fileSuffix': text({ doc: 'how names end, e.g. .avro' }),
  'hdfs.inUsePrefix': text({ doc: 'what stands in front of the name of a file that is being written', default: '' }),
  'hdfs.inUseSuffix': text({ doc: 'what stands behind it', default: '.tmp' }),
  'hdfs.emptyInUseSuffix': bool({
    doc: 'whether nothing stands behind it, whatever hdfs.inUseSuffix says',
    default: false,
  }),
  'hdfs.rollInterval': seconds('how long a file is written; 0: no limit', 30),
  'hdfs.rollSize': int({ unit: 'bytes', doc: 'how large a file becomes; 0: no limit', default: 1024 }),
  'hdfs.rollCount': int({ unit: 'events', doc: 'how many events a file gets; 0: no limit', default: 10 }),
  'hdfs.idleTimeout': seconds('how long a file waits for an event; 0: no limit', 0),
  'hdfs.batchSize': int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 }),
  'hdfs.codeC': text({ doc: 'how CompressedStream is compressed: gzip' }),
  'hdfs.fileType': choice(['SequenceFile', 'DataStream', 'CompressedStream'], {
    doc: 'what files are',
    default: 'SequenceFile',
  }),
  'hdfs.writeFormat': choice(['Writable', 'Text'], { doc: 'what values of a SequenceFile are', default: 'Writable' }),
  'hdfs.maxOpenFiles': int({
    doc: 'files that are written at once; the one that is quiet longest is done when there are more',
    default: 5000,
    min: 1,
  }),
  'hdfs.round': bool({ doc: 'whether the time in escapes is cut down', default: false }),
  'hdfs.roundValue': int({ doc: 'to whole multiples of it', default: 1, min: 1, max: 60 }),
  'hdfs.roundUnit': choice(['second', 'minute', 'hour'], { doc: 'of seconds, minutes or hours', default: 'second' }),
  'hdfs.timeZone': text({
    doc: 'zone of the time in escapes, e.g. Europe/Berlin; that of this machine unless it is given',
  }),
  'hdfs.useLocalTimeStamp': bool({
    doc: "whether the time in escapes is this machine's, and not that of the header timestamp",
    default: false,
  }),
  'hdfs.callTimeout': int({ unit: 'ms', doc: 'how long a call to HDFS may take', default: 30_000, min: 1 }),
  'hdfs.closeTries': int({ doc: 'how often a file that is done is renamed; 0: until it can be', default: 0 }),
  'hdfs.retryInterval': int({ unit: 's', doc: 'between these', default: 180 }),
  'hdfs.proxyUser': text({ doc: 'on whose behalf files are written' }),
  'hdfs.kerberosPrincipal': text({ doc: 'refused: there is no Kerberos here' }),
  'hdfs.kerberosKeytab': text({ doc: 'refused: there is no Kerberos here' }),
  'hdfs.minBlockReplicas': int({ doc: NO_MEANING }),
  'hdfs.threadsPoolSize': int({ doc: NO_MEANING, default: 10 }),
  'hdfs.rollTimerPoolSize': int({ doc: NO_MEANING, default: 1 }),
};

const LARGEST_HOUR = 24;

class HdfsSink implements Sink {
  readonly #values: Values<typeof fields>;
  readonly #context: SinkContext;
  readonly #buckets = new Map<string, Bucket>();
  readonly #parts: BucketParts;
  readonly #directoryOf: ExpandPath;
  readonly #prefixOf: ExpandPath;
  #undated = 0;

  constructor(values: Values<typeof fields>, context: SinkContext, serializer: Serializer) {
    this.#values = values;
    this.#context = context;
    const place = placeOf(values['hdfs.path'], values['hdfs.webhdfs'], process.env['HADOOP_CONF_DIR']);
    if (typeof place === 'string') throw new StreamjobError('CONFIG_INVALID', `hdfs.path ${place}`);
    const time = timeOf(values);
    this.#directoryOf = pathEscapes(place.path, time);
    this.#prefixOf = pathEscapes(values['hdfs.filePrefix'], time);
    const { clock, counters, log, name } = context;
    this.#parts = {
      store: storeOf(values, place.url, context),
      begin: beginOf(values, serializer, () => clock.now()),
      options: {
        suffix: suffixOf(values),
        inUsePrefix: values['hdfs.inUsePrefix'],
        inUseSuffix: values['hdfs.emptyInUseSuffix'] ? '' : values['hdfs.inUseSuffix'],
        rollInterval: values['hdfs.rollInterval'] * 1000,
        rollSize: values['hdfs.rollSize'],
        rollCount: values['hdfs.rollCount'],
        idleTimeout: values['hdfs.idleTimeout'] * 1000,
        closeTries: values['hdfs.closeTries'],
        retryInterval: values['hdfs.retryInterval'] * 1000,
      },
      ...{ clock, counters, log, owner: `sink ${name}` },
    };
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    await Promise.all([...this.#buckets.values()].map((bucket) => bucket.stop()));
    this.#buckets.clear();
  }

  process(): Promise<SinkStatus> {
    return deliverBatch(this.#context, this.#values['hdfs.batchSize'], (batch) => this.#write(batch));
  }

  /** Buckets are written at the same time: each has its own file. */
  async #write({ events }: Batch): Promise<void> {
    const byBucket = new Map<string, PlainEvent[]>();
    for (const event of events) {
      const key = this.#keyOf(event);
      const own = byBucket.get(key);
      if (own === undefined) byBucket.set(key, [event]);
      else own.push(event);
    }
    const writes = [...byBucket].map(([key, own]) => this.#bucket(key).write(own));
    const results = await Promise.allSettled(writes);
    await this.#closeQuietest();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Directory and beginning of the name. */
  #keyOf(event: PlainEvent): string {
    const { clock, log, name } = this.#context;
    const now = clock.now();
    try {
      return path.posix.join(this.#directoryOf(event.headers, now), this.#prefixOf(event.headers, now));
    } catch (error) {
      // Flume tries such an event for ever, and all behind it wait. It has a time here: that of now.
      this.#undated++;
      if (/^10*$/.test(String(this.#undated)))
        log.error(
          { events: this.#undated },
          `sink ${name}: the time of this machine is taken for ${this.#undated} events so far: ${messageOf(error)}`,
        );
      const headers = { ...event.headers, timestamp: String(now) };
      return path.posix.join(this.#directoryOf(headers, now), this.#prefixOf(headers, now));
    }
  }

  #bucket(key: string): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const made = new Bucket(path.posix.dirname(key), path.posix.basename(key), this.#parts);
    this.#buckets.set(key, made);
    return made;
  }

  /** A bucket that has no file is forgotten: there is a new one for each hour of a path with times. */
  async #closeQuietest(): Promise<void> {
    for (const [key, bucket] of this.#buckets) if (bucket.isDone && !this.#isRecent(bucket)) this.#buckets.delete(key);
    const open = [...this.#buckets].filter(([, bucket]) => bucket.isOpen);
    const tooMany = open.length - this.#values['hdfs.maxOpenFiles'];
    if (tooMany <= 0) return;
    const quietest = open.sort(([, a], [, b]) => a.lastUse - b.lastUse).slice(0, tooMany);
    for (const [, bucket] of quietest) await bucket.close();
  }

  /** One that failed just now goes on with its numbers. */
  #isRecent(bucket: Bucket): boolean {
    return this.#context.clock.now() - bucket.lastUse < RECENT_MS;
  }
}

const RECENT_MS = 60_000;

function timeOf(values: Values<typeof fields>): PathTime {
  return {
    zone: values['hdfs.timeZone'],
    local: values['hdfs.useLocalTimeStamp'],
    rounding: values['hdfs.round'] ? { unit: values['hdfs.roundUnit'], value: values['hdfs.roundValue'] } : undefined,
  };
}

function suffixOf(values: Values<typeof fields>): string {
  const given = values['hdfs.fileSuffix'];
  if (given !== undefined) return given;
  return values['hdfs.fileType'] === 'CompressedStream' ? '.gz' : '';
}

function storeOf(values: Values<typeof fields>, url: string | undefined, { files }: SinkContext): Store {
  if (url === undefined) return localStore(files ?? nodeFiles);
  return webHdfsStore({
    url,
    user: values['hdfs.user'] ?? process.env['HADOOP_USER_NAME'] ?? process.env['USER'],
    proxyUser: values['hdfs.proxyUser'],
    token: values['hdfs.delegationToken'],
    callTimeout: values['hdfs.callTimeout'],
  });
}

function beginOf(values: Values<typeof fields>, serializer: Serializer, now: () => number): BeginFile {
  switch (values['hdfs.fileType']) {
    case 'DataStream':
      return dataStream(serializer);
    case 'CompressedStream':
      return gzipStream(serializer);
    case 'SequenceFile':
      return sequenceFile(values['hdfs.writeFormat'], now);
  }
}

function check(values: Values<typeof fields>, complain: Complain): void {
  const place = placeOf(values['hdfs.path'], values['hdfs.webhdfs'], process.env['HADOOP_CONF_DIR']);
  if (typeof place === 'string') complain('hdfs.path', place);
  for (const property of ['hdfs.path', 'hdfs.filePrefix'] as const) {
    try {
      pathEscapes(values[property], timeOf(values));
    } catch (error) {
      complain(property, messageOf(error));
    }
  }
  for (const property of ['hdfs.kerberosPrincipal', 'hdfs.kerberosKeytab'] as const)
    if (values[property] !== undefined)
      complain(
        property,
        'is refused: Kerberos is not supported; use HttpFS with a delegation token (hdfs.delegationToken), or a cluster without it',
      );
  const { 'hdfs.codeC': codec, 'hdfs.fileType': type } = values;
  if (type === 'CompressedStream' && codec === undefined)
    complain('hdfs.fileType', 'is CompressedStream, which needs hdfs.codeC = gzip');
  if (type !== 'CompressedStream' && codec !== undefined)
    complain('hdfs.codeC', `is set, but ${type} is not compressed here: use CompressedStream, or leave it out`);
  if (codec !== undefined && !GZIP.includes(codec.toLowerCase())) complain('hdfs.codeC', `is ${codec}, expected gzip`);
  if (values['hdfs.roundUnit'] === 'hour' && values['hdfs.roundValue'] > LARGEST_HOUR)
    complain('hdfs.roundValue', 'is more than the 24 hours of a day');
  checkZone(values['hdfs.timeZone'], complain);
}

function checkZone(zone: string | undefined, complain: Complain): void {
  if (zone === undefined) return;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    complain('hdfs.timeZone', `is ${zone}, expected a time zone such as Europe/Berlin or UTC`);
  }
}

/** The hdfs sink. */
export const hdfs: SinkType = defineComponent({
  type: 'hdfs',
  aliases: ['org.apache.flume.sink.hdfs.HDFSEventSink'],
  doc: 'writes events to files of HDFS by WebHDFS or HttpFS, or of this machine',
  delivery:
    'At least once: a batch leaves the channel when HDFS has kept its events. One that failed in a part is written again as a whole. A file has its own name only when it is whole.',
  differences: [
    'HDFS is reached by its REST interface, WebHDFS or HttpFS, not by RPC; there is no Kerberos.',
    'Each batch of a file is a call of its own, after which HDFS has closed the file: what is answered comes through a crash of either side, and no lease stays behind.',
    'When an answer is lost, the length of the file tells whether the batch is in it; a file of which that cannot be told keeps its name of one in use.',
    'An event without the header timestamp, where the path needs one, gets the time of this machine and is logged; Flume tries it for ever.',
    'hdfs.codeC is gzip; a SequenceFile is not compressed.',
  ],
  fields,
  nested: {
    serializer: nested({
      prefix: 'serializer',
      types: serializers,
      fallback: 'text',
      doc: 'how an event becomes bytes in DataStream and CompressedStream',
    }),
  },
  check,
  limits: (values) => ({ batch: { property: 'hdfs.batchSize', events: values['hdfs.batchSize'] } }),
  create: (values, context: SinkContext, given): Sink =>
    new HdfsSink(values, context, given.nested.serializer.create({ owner: `sink ${context.name}` })),
});
