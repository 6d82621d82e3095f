/** The properties of the spooling directory source, with Flume's names. */
import { bool, charset, choice, int, regex, text } from '../../component/fields.ts';

/** All of them. */
export const fields = {
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
  inputCharset: charset({ doc: 'character set of the files', default: 'UTF-8' }),
  decodeErrorPolicy: choice(['FAIL', 'REPLACE', 'IGNORE'], {
    doc: 'what bytes that are no text do: the file is left, U+FFFD is put, they are left out',
    default: 'FAIL',
  }),
  deserializer: choice(['LINE'], { doc: 'how a file becomes events', default: 'LINE' }),
  'deserializer.maxLineLength': int({
    unit: 'characters',
    doc: 'longest line in characters; longer ones are cut into several events. A line of just that length is one event; Flume makes an empty one of its newline too',
    aliases: ['bufferMaxLineLength'],
    default: 2048,
    min: 1,
  }),
  'deserializer.outputCharset': charset({ doc: 'character set of the bodies', default: 'UTF-8' }),
};
